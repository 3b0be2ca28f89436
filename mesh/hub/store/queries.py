"""Queries of the store: readings, entries, sizes."""

import sqlite3
from collections.abc import Generator, Iterable, Iterator
from itertools import starmap
from pathlib import Path
from typing import NamedTuple, Self

from mesh.core.errors import RemoteError
from mesh.core.feed.chain import read_entry
from mesh.hub.desktop_kit import make_kit
from mesh.hub.store import read_errors, rows
from mesh.hub.store.held import spans_of
from mesh.hub.store.retention_rules import DAY_MS
from mesh.hub.store.schema import PERIOD_MS, TRUTH

NUMBERS = "typeof(value) IN ('integer', 'real')"
# Least, mean and most in each of some equal parts of a time. Narrow: from the readings. Wide: from
# the summaries, and from the readings where these are stale (the plus sign keeps SQLite from
# scanning all of them for each period).
OF_PART = "CAST((time - ?2) * ?4 / (?3 - ?2 + 1) AS INTEGER)"  # becomes a float from 2^63 on
NARROW = f"""
    SELECT min(time), min(value), avg(value), max(value), count(*) FROM reading
    WHERE sensor = ?1 AND time BETWEEN ?2 AND ?3 AND {NUMBERS}
    GROUP BY {OF_PART} ORDER BY 1
"""
WIDE = f"""
    WITH part AS (
        SELECT max(period * {PERIOD_MS}, ?2) AS time, n, least, mean, most FROM summary AS s
        WHERE sensor = ?1 AND period BETWEEN ?2 / {PERIOD_MS} AND ?3 / {PERIOD_MS}
        AND typeof(n) = 'integer' AND n BETWEEN 1 AND 1 << 40
        AND typeof(mean) = 'real' AND typeof(least) = 'real' AND typeof(most) = 'real'
        AND NOT EXISTS (SELECT * FROM stale AS t WHERE t.sensor = ?1 AND t.period = s.period)
        UNION ALL
        SELECT time, 1, value, value, value FROM stale CROSS JOIN reading
        ON reading.sensor = ?1
        AND time >= period * {PERIOD_MS} AND time < (period + 1) * {PERIOD_MS}
        WHERE stale.sensor = ?1 AND period BETWEEN ?2 / {PERIOD_MS} AND ?3 / {PERIOD_MS}
        AND +time BETWEEN ?2 AND ?3 AND {NUMBERS}
    )
    SELECT min(time), min(least), sum(mean * n) / sum(n), max(most), sum(n) FROM part
    GROUP BY {OF_PART} ORDER BY 1
"""
FAR = 1 << 55  # Unix ms, beyond all times
READINGS = """
    SELECT time, seq, quality, value FROM reading
    WHERE sensor = ? AND time BETWEEN ? AND ? AND typeof(quality) = 'integer'
    AND typeof(seq) = 'integer' AND typeof(value) IN ('integer', 'real', 'text') ORDER BY time, seq
"""
TRUTHS = f"""
    SELECT 1 FROM reading WHERE sensor = ? AND time BETWEEN ? AND ? AND quality >= {TRUTH} LIMIT 1
"""
ARRIVED = """
    SELECT time, arrived FROM reading JOIN sensor ON sensor.id = sensor
    JOIN run ON run.author = sensor.author AND seq BETWEEN first AND last
    WHERE sensor = ? AND time >= ? ORDER BY time LIMIT 1
"""
SIZES = """
    SELECT key, count(run.id), ifnull(sum(last - first + 1), 0),
    ifnull(sum(length(entries) + length(head)), 0), min(first), max(last), standing, cost
    FROM author LEFT JOIN run ON run.author = author.id GROUP BY author.id ORDER BY 4 DESC
"""


class Point(NamedTuple):
    """A point of a chart: one reading, or several close together. Times in Unix ms."""

    time: int
    least: float
    mean: float
    most: float
    n: int


class Taken(NamedTuple):
    """A reading. `quality`: of its time, as in a feed's clock; 0: it is the time of arrival."""

    time: int
    seq: int
    quality: int
    value: bool | int | float | str


class Sensor(NamedTuple):
    """A sensor of an author of which something is kept; before Unix ms `thinned` only
    summaries.
    """

    number: int
    author: bytes
    name: str
    unit: str
    thinned: int


class Said(NamedTuple):
    """An entry. `signed`: the seq of the head that covers it; `arrived`: Unix ms, 0 if unknown."""

    seq: int
    clock: list[int | None]
    kind: str
    body: object
    signed: int
    arrived: int


class Size(NamedTuple):
    """How much is kept of an author: bytes of entries and heads; `standing`: how well it is known
    (crowd.py); `cost`: estimated bytes on disk, with its readings.
    """

    author: bytes
    runs: int
    entries: int
    bytes: int
    first: int | None
    last: int | None
    standing: int
    cost: int


class Queries:
    """Reads a store, also while a peer writes to it. A context manager. LocalError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = read_errors.connect(path)
        self._kit = make_kit()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    @property
    def database(self) -> sqlite3.Connection:
        """The read-only connection."""
        return self._database

    def authors(self) -> list[bytes]:
        """The authors whose feeds are kept."""
        return [key for (key,) in self._database.execute("SELECT key FROM author ORDER BY key")]

    def sensors(self, author: bytes | None = None, name: str | None = None) -> list[Sensor]:
        """The sensors of an author, or of all; or the one with that name."""
        found = self._database.execute(
            "SELECT sensor.id, key, name, unit, thinned FROM sensor "
            "JOIN author ON author.id = author WHERE (?1 IS NULL OR key = ?1) "
            "AND (?2 IS NULL OR name = ?2) ORDER BY key, name",
            (author, name),
        )
        return [Sensor(*row) for row in found]

    def span(self, sensor: Sensor) -> tuple[int, int] | None:
        """The times of the first and last reading of a sensor."""
        found = [
            self._database.execute(
                f"SELECT time FROM reading WHERE sensor = ? AND time BETWEEN -{FAR} AND {FAR} "
                f"ORDER BY time {order} LIMIT 1",
                (sensor.number,),
            ).fetchone()
            for order in ("", "DESC")
        ]
        summed = self._database.execute(
            f"SELECT min(period) * {PERIOD_MS}, max(period) * {PERIOD_MS} FROM summary "
            "WHERE sensor = ?1 "
            f"AND period < (SELECT thinned FROM sensor WHERE id = ?1) / {PERIOD_MS}",
            (sensor.number,),
        ).fetchone()
        times = [time for time in (*(row[0] for row in found if row), *summed) if time is not None]
        return (min(times), max(times)) if times else None

    def readings(self, sensor: Sensor, since: int, until: int) -> Iterator[Taken]:
        """The readings from `since` to `until`, the oldest first."""
        which = (sensor.number, since, until)
        found = self._database.execute(READINGS, which)
        if self._database.execute(TRUTHS, which).fetchone() is None:  # as nearly always
            return starmap(Taken, found)
        return (
            Taken(time, seq, quality & ~TRUTH, bool(value) if quality & TRUTH else value)
            for time, seq, quality, value in found
        )

    def thinned(self, sensor: Sensor, since: int, until: int, points: int) -> list[Point]:
        """At most `points` points of a sensor's numbers, from `since` to `until`, for a chart."""
        wide = since < sensor.thinned or (until - since) // points >= PERIOD_MS
        found = self._database.execute(
            WIDE if wide else NARROW, (sensor.number, since, until, points)
        )
        return [Point(*row) for row in found]

    def doubt(self, sensor: Sensor, times: Iterable[int]) -> tuple[int, int]:
        """How far readings of about these Unix ms differ from their arrival at most: (ms before,
        ms after), 0 below a day. Either the author's clock was wrong, or they came late.
        """
        early = late = 0
        for time in times:
            found = self._database.execute(ARRIVED, (sensor.number, time)).fetchone()
            if found is not None and found[1]:
                early = max(early, found[1] - found[0])
                late = max(late, found[0] - found[1])
        return early if early > DAY_MS else 0, late if late > DAY_MS else 0

    def entries(self, author: bytes, after: int = 0) -> Iterator[Said]:
        """An author's entries after seq `after`, in order. Damaged ones are skipped: `mesh verify`
        reports them.
        """
        for run in self._runs(author, after, newest_first=False):
            yield from self._said(run, after)

    def newest(self, author: bytes) -> Generator[Said, None, None]:
        """An author's entries, the newest first."""
        for run in self._runs(author, 0, newest_first=True):
            yield from reversed(list(self._said(run, 0)))

    def _runs(
        self, author: bytes, after: int, *, newest_first: bool
    ) -> Iterator[tuple[int, int, bytes, int]]:
        found: tuple[int] | None = self._database.execute(
            "SELECT id FROM author WHERE key = ?", (author,)
        ).fetchone()
        if found is not None:
            low = rows.from_seq(self._database, found[0], after + 1)
            yield from self._database.execute(
                "SELECT first, last, entries, arrived FROM run WHERE author = ? AND first >= ? "
                f"ORDER BY first {'DESC' if newest_first else ''}",
                (found[0], 0 if newest_first else low),
            )

    def _said(self, run: tuple[int, int, bytes, int], after: int) -> Iterator[Said]:
        first, last, packed, arrived = run
        try:
            entries = rows.unpacked(packed)
        except ValueError:
            return
        for entry in entries[max(0, after + 1 - first) :]:
            try:
                yield Said(*read_entry(self._kit, entry), last, arrived)
            except RemoteError:
                continue

    def spans(self, author: bytes) -> list[tuple[int, int]]:
        """The first and last seq of each part of a feed without gaps."""
        found = self._database.execute("SELECT id FROM author WHERE key = ?", (author,)).fetchone()
        return list(spans_of(self._database, found[0])) if found else []

    def sizes(self) -> list[Size]:
        """How much is kept of each author, the most first."""
        return [Size(*row) for row in self._database.execute(SIZES)]

    def counts(self) -> dict[str, int]:
        """The numbers of readings, summaries and fork proofs."""
        names = ("reading", "summary", "evidence")
        count = "SELECT count(*) FROM {}"
        return {n: self._database.execute(count.format(n)).fetchone()[0] for n in names}

    def forked(self) -> list[bytes]:
        """The authors with a fork proof."""
        return [author for author, _ in self.proofs()]

    def proofs(self) -> list[tuple[bytes, bytes]]:
        """The authors with a fork proof, and the proof as it is stored."""
        return self._database.execute(
            "SELECT key, pair FROM evidence JOIN author ON author.id = author"
        ).fetchall()
