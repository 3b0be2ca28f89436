"""What the commands about the store share: which store, which peer, which time."""

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import typer

from mesh.core import ids
from mesh.hub import choices, local_time, naming, selecting
from mesh.hub.cli import units
from mesh.hub.failure import NOBODY, USAGE, Failure
from mesh.hub.home import Home
from mesh.hub.naming import Known
from mesh.hub.oneself import SELF
from mesh.hub.selecting import Meant
from mesh.hub.store import schema
from mesh.hub.store.queries import Queries, Sensor

Given = TypeVar("Given")
STOP_S = 0.1
SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w|y)")
SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_557_600}
WHEN = "a span before now (90s, 30m, 12h, 7d, 1y), or a date, as 2026-03-01 or 2026-03-01T12:30"

Since = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help=f"From then on: {WHEN}.")
]
Until = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Up to then.")]


class Shelf(NamedTuple):
    """The store of a home, and the names of those of whom it holds something."""

    store: Queries
    home: Home
    known: list[Known]

    def label(self, author: bytes) -> str:
        """What to call an author."""
        text = ids.to_text(author)
        return next((one.label for one in self.known if one.id == text), text[: ids.SHORT])

    def author(self, wanted: str) -> bytes:
        """The author that is meant. Failure."""
        if not self.known:
            raise Failure("nothing is kept of anybody", "`mesh up` keeps what it hears", NOBODY)
        own = self.home.peer_id()
        if own is not None and wanted == SELF and not naming.matches(wanted, self.known):
            return own
        return ids.from_text(naming.find(wanted, self.known).id)

    def sensors(self, target: str) -> list[Sensor]:
        """The sensors that PEER or PEER/SENSOR means. Failure if there are none."""
        peer, name = naming.split(target)
        author = self.author(peer)
        found = self.store.sensors(author, name)
        if not found:
            there = [sensor.name for sensor in self.store.sensors(author)]
            what = f"no readings of '{name}'" if name else "no readings"
            help = choices.offer(name or "", there, "`mesh store` tells what is kept")
            raise Failure(f"{what} of {self.label(author)} are kept", help)
        return found

    def chosen(self, words: Sequence[str]) -> tuple[list[Sensor], list[dict[str, Any]]]:
        """The sensors that several words mean, and a row for each that failed (selecting.failure).

        Failure if there are none; of one plain word as sensors() does.
        """
        if not selecting.is_many(words):
            return self.sensors(words[0]), []
        meant, failed = self.authors(words)
        found: dict[int, Sensor] = {}
        seen: set[str] = set()
        for one in meant:
            author = ids.from_text(one.peer.id)
            there = {sensor.name: sensor for sensor in self.store.sensors(author)}
            seen.update(there)
            lacks = selecting.lacking(one.part, list(there))
            if one.plain and (lacks or not there):
                what = selecting.no_such("readings of", lacks or ["*"], list(there))
                trouble = selecting.trouble(Failure(f"of it are kept {what}"))
                failed.append({"peer": one.peer.label, "id": one.peer.id} | trouble)
            picked = selecting.pick(one.part, list(there))
            found.update((there[name].number, there[name]) for name in picked)
        if not found and not failed:
            parts = [part for word in words if (part := naming.split(word)[1])] or ["*"]
            what = selecting.no_such("readings of", parts, list(seen))
            raise Failure(f"of those who are meant are kept {what}")
        return list(found.values()), failed

    def authors(self, words: Sequence[str]) -> tuple[list[Meant], list[dict[str, Any]]]:
        """Who is meant, and a row for each word that is nobody's. Failure if nothing is kept."""
        if not self.known:
            raise Failure("nothing is kept of anybody", "`mesh up` keeps what it hears", NOBODY)
        chosen = selecting.targets(words, self.known)
        failed = [{"peer": w, "id": None} | selecting.trouble(why) for w, why in chosen.missing]
        return chosen.peers, failed


def path_of(home: Path | None) -> Path:
    """The store's file in a home."""
    return Home(home).path / schema.NAME


def open_shelf(folder: Path | None) -> Shelf:
    """The store of a home, to be read, also while a peer uses it. LocalError."""
    home = Home(folder)
    store = Queries(home.path / schema.NAME)
    cached = {one.id: one for one in naming.remembered(home.path / naming.CACHE)}
    profile = home.profile()
    petnames = {ids.to_text(id): name for name, id in profile.names.items()}
    own = home.peer_id()
    known = []
    for author in store.authors():
        text = ids.to_text(author)
        name = profile.name if author == own else cached.get(text, Known(text)).name
        known.append(Known(text, name, petnames.get(text, "")))
    return Shelf(store, home, known)


def when(word: str | None, now_ms: int, *, last: bool = False) -> int | None:
    """Unix ms of what --since and --until take; of a time that comes twice, as the clock is put
    back, the first, or the `last`. Failure.
    """
    if word is None:
        return None
    try:
        if found := SPAN.fullmatch(word.strip()):
            return now_ms - min(int(float(found[1]) * SECONDS[found[2]] * 1000), now_ms)
        return local_time.read(word, last=last)
    except (ValueError, OverflowError) as error:
        raise Failure(f"'{word}' is no time", f"write {WHEN}", USAGE) from error


async def in_thread(stop: Callable[[], object], work: Callable[[], Given]) -> Given:
    """What `work` gives, done in a thread; where Ctrl-C comes in between, `stop` ends it soon."""
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        while not doing.done():  # a question that is asked after stop() is asked to stop too
            stop()
            with contextlib.suppress(asyncio.CancelledError):  # Ctrl-C once more
                await asyncio.wait([doing], timeout=STOP_S)
        doing.exception()  # it failed because of stop(): nobody needs to hear it
        raise


def now_ms() -> int:
    """Unix ms by this computer's clock."""
    return time.time_ns() // 1_000_000


def at(time_ms: int | None) -> float | None:
    """Unix seconds, as --json has times."""
    return None if time_ms is None else time_ms / 1000


def doubt(early_ms: int, late_ms: int) -> str | None:
    """What to say of times that are so far before and after when the readings came here."""
    said = []
    if early_ms:
        said.append(f"up to {units.ago(early_ms / 1000)} before they came here (late, or a clock "
                    "that is behind)")  # fmt: skip
    if late_ms:
        said.append(f"up to {units.ago(late_ms / 1000)} after they came here (a clock that is "
                    "ahead)")  # fmt: skip
    return f"times are doubtful: {', and '.join(said)}" if said else None


def sensor_row(shelf: Shelf, sensor: Sensor) -> dict[str, Any]:
    """Which sensor, as --json has it."""
    return {
        "peer": shelf.label(sensor.author),
        "id": ids.to_text(sensor.author),
        "sensor": sensor.name,
        "unit": sensor.unit or None,
    }
