"""`mesh.Store`: what a desktop keeps, for a Python program."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from mesh.core import peer_id
from mesh.hub.api.records import Reading, Summary
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations.shelf import Shelf, open_shelf, when
from mesh.hub.store.queries import Sensor

When = str | datetime | timedelta | None
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVER_MS = 1 << 55  # no reading is older or newer
POINTS = 1000


class KeptSensor(NamedTuple):
    """A sensor of which readings are stored, from the `first` to the `last`."""

    sensor: str
    unit: str
    peer: str
    id: str
    first: datetime | None
    last: datetime | None


class Store:
    """The readings that a desktop stores in its home, also while a peer writes them.

    `home`: the folder; by default $MESH_HOME, or the user's. Each call opens the store, reads it
    and closes it, in the calling thread: in a coroutine, use asyncio.to_thread. `since` and
    `until` are an aware datetime, a timedelta before now, or a text as for `mesh history` ("7d",
    "2026-03-01"). NotFound if nothing matches.
    """

    def __init__(self, home: str | Path | None = None) -> None:
        self._home = home

    def sensors(self) -> list[KeptSensor]:
        """All sensors of which something is stored."""
        with self._opened() as shelf:
            return [_kept(shelf, sensor) for sensor in shelf.store.sensors()]

    def history(self, *targets: str, since: When = None, until: When = None) -> list[Reading]:
        """The readings of "PEER/SENSOR", "PEER", or of many, such as "room*/rain": by sensor, the
        oldest first. pandas and polars make a DataFrame of the list.
        """
        start, end = _span(since, until)
        with self._opened() as shelf:
            return [
                row
                for sensor in _chosen(shelf, targets)
                for part in ((*shelf.before(sensor), sensor) if targets else (sensor,))
                for row in _readings(shelf, part, start, end)
            ]

    def summary(
        self, target: str, *, since: When = None, until: When = None, points: int = POINTS
    ) -> list[Summary]:
        """The numbers of one sensor in at most `points` points, each for an equal part of the
        time, as for a chart. Fast for years, and includes what is kept as summaries only.
        """
        if not 1 <= points <= 1_000_000:  # noqa: PLR2004
            raise Failure("points: 1 to 1,000,000", code=USAGE)
        start, end = _span(since, until)
        with self._opened() as shelf:
            sensors = _chosen(shelf, [target])
            if len(sensors) != 1:
                names = ", ".join(sensor.name for sensor in sensors)
                raise Failure(f"'{target}' is several sensors: {names}", "name one", USAGE)
            found = []
            for part in (*shelf.before(sensors[0]), sensors[0]):  # under keys it had before, too
                first, last = shelf.store.span(part) or (0, 0)
                low, high = max(start, first), min(end, last)
                found += shelf.store.thinned(part, low, high, points) if low <= high else []
        return [Summary(_at(point.time) or EPOCH, *point[1:]) for point in found]

    @contextmanager
    def _opened(self) -> Iterator[Shelf]:
        shelf = open_shelf(self._home)
        with shelf.store:
            yield shelf


def _chosen(shelf: Shelf, targets: tuple[str, ...] | list[str]) -> list[Sensor]:
    if not targets:
        return shelf.store.sensors()
    sensors, failed = shelf.chosen(targets)
    if failed and not sensors:
        raise Failure(failed[0]["error"], failed[0]["help"], failed[0]["code"])
    return sensors


def _readings(shelf: Shelf, sensor: Sensor, start: int, end: int) -> Iterator[Reading]:
    peer, id = shelf.label(sensor.author), peer_id.to_text(sensor.author)
    for at, seq, quality, value in shelf.store.readings(sensor, start, end):
        yield Reading(_at(at), value, sensor.unit, sensor.name, peer, id, seq, quality)


def _kept(shelf: Shelf, sensor: Sensor) -> KeptSensor:
    first, last = shelf.store.span(sensor) or (None, None)
    peer, id = shelf.label(sensor.author), peer_id.to_text(sensor.author)
    return KeptSensor(sensor.name, sensor.unit, peer, id, _at(first), _at(last))


def _at(unix_ms: int | None) -> datetime | None:
    """Unix ms as a datetime; None if no calendar reaches there."""
    try:
        return None if unix_ms is None else EPOCH + timedelta(milliseconds=unix_ms)
    except OverflowError:
        return None


def _span(since: When, until: When) -> tuple[int, int]:
    start, end = _unix_ms(since), _unix_ms(until, last=True)
    return -EVER_MS if start is None else start, EVER_MS if end is None else end


def _unix_ms(given: When, *, last: bool = False) -> int | None:
    """A time as Unix ms. Failure with code USAGE if it is none, or has no time zone."""
    now_ms = time.time_ns() // 1_000_000
    if isinstance(given, timedelta):
        return now_ms - given // timedelta(milliseconds=1)
    if not isinstance(given, datetime):
        return when(given, now_ms, last=last)
    if given.tzinfo is None:
        help = "datetime.now(UTC), or given.astimezone() for local time"
        raise Failure(f"{given} has no time zone", help, USAGE)
    return (given - EPOCH) // timedelta(milliseconds=1)
