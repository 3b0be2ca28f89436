"""A home's store for commands, with names of authors and times as people write them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mesh.core import peer_id as ids
from mesh.hub.failure import NOBODY, USAGE, Failure, NotFound
from mesh.hub.home import choices, naming, successors
from mesh.hub.home.home import Home
from mesh.hub.home.naming import Known
from mesh.hub.home.successors import Successors
from mesh.hub.operations import oneself, selecting
from mesh.hub.operations.selecting import Meant
from mesh.hub.show import local_time
from mesh.hub.store import following, schema
from mesh.hub.store.queries import Queries, Sensor

SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w|y)")
SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_557_600}
WHEN = "a span before now (90s, 30m, 12h, 7d, 1y), or a date, as 2026-03-01 or 2026-03-01T12:30"


class Shelf(NamedTuple):
    """The store of a home, the names of its authors, and who goes on for whom."""

    store: Queries
    home: Home
    known: list[Known]
    gone: Successors = {}

    def label(self, author: bytes) -> str:
        """The name of an author; of one who goes on under another id, the name there."""
        text = successors.now(ids.to_text(author), self.gone)
        return next((one.label for one in self.known if one.id == text), text[: ids.SHORT])

    def author(self, wanted: str) -> bytes:
        """The author that is named. Failure."""
        if not self.known:
            raise NotFound("nothing is stored yet", "`mesh up` keeps what it hears", NOBODY)
        own = self.home.peer_id()
        if own is not None and wanted == oneself.SELF and not naming.matches(wanted, self.known):
            return own
        wanted = successors.meant(wanted, self.gone, self.known)
        return ids.from_text(naming.find(wanted, self.known).id)

    def line(self, author: bytes) -> list[bytes]:
        """All that an author was before, the first one first, and itself."""
        text = ids.to_text(author)
        line = successors.line(text, self.gone)
        return [ids.from_text(one) for one in line[: line.index(text) + 1]]

    def end(self, author: bytes) -> int | None:
        """The last entry that is an author's own, if it goes on under another id."""
        found = self.gone.get(ids.to_text(author))
        return found.end if found else None

    def sensors(self, target: str) -> list[Sensor]:
        """The sensors that PEER or PEER/SENSOR names; also those that it had before it went on
        under another id, and has no more. Failure if there are none.
        """
        peer, name = naming.split(target)
        author = self.author(peer)
        found = list(self._newest(author, name).values())
        if not found:
            there = self._newest(author)
            what = f"no readings of '{name}'" if name else "no readings"
            help = choices.offer(name or "", there, "`mesh store` tells what is kept")
            raise NotFound(f"{what} of {self.label(author)} are kept", help)
        return found

    def _newest(self, author: bytes, name: str | None = None) -> dict[str, Sensor]:
        """The sensors of an author, and those that only a former feed of its has."""
        found: dict[str, Sensor] = {}
        for one in self.line(author):
            found |= {sensor.name: sensor for sensor in self.store.sensors(one, name)}
        return found

    def before(self, sensor: Sensor) -> list[Sensor]:
        """What the same sensor was in former feeds of its peer, the first one first."""
        former = self.line(sensor.author)[:-1]
        return [found for one in former for found in self.store.sensors(one, sensor.name)]

    def chosen(self, words: Sequence[str]) -> tuple[list[Sensor], list[dict[str, Any]]]:
        """The sensors that several words select, and a row for each failed word
        (selecting.failure).

        Failure if there are none; for one plain word as in sensors().
        """
        if not selecting.is_many(words):
            return self.sensors(words[0]), []
        meant, failed = self.authors(words)
        found: dict[int, Sensor] = {}
        seen: set[str] = set()
        for one in meant:
            author = ids.from_text(one.peer.id)
            there = self._newest(author)
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
            raise NotFound(f"of those who are meant are kept {what}")
        return list(found.values()), failed

    def whose(self, words: Sequence[str]) -> tuple[list[bytes], list[dict[str, Any]]]:
        """The authors that several words select, and a row for each word that selects none.

        Failure for one plain word as in author().
        """
        if not selecting.is_many(words):
            return self.line(self.author(words[0])), []
        meant, failed = self.authors(words)
        found = [ids.from_text(one.peer.id) for one in meant]
        return [one for author in found for one in self.line(author)], failed

    def authors(self, words: Sequence[str]) -> tuple[list[Meant], list[dict[str, Any]]]:
        """The selected authors, and a row for each word that selects none. Failure if nothing is
        stored.
        """
        if not self.known:
            raise NotFound("nothing is stored yet", "`mesh up` keeps what it hears", NOBODY)
        own = self.home.peer_id()
        if own is not None:
            me = Known(ids.to_text(own), "")
            words = [oneself.spelt(word, me, self.known) for word in words]
        chosen = selecting.targets(words, self.known)
        failed = [{"peer": w, "id": None} | selecting.trouble(why) for w, why in chosen.missing]
        return chosen.peers, failed


def open_shelf(folder: str | Path | None) -> Shelf:
    """Open the store of a home for reading, also while a peer uses it. LocalError."""
    home = Home(folder)
    following.refresh(home.path)
    store = Queries(home.path / schema.NAME)
    cached = {one.id: one for one in naming.remembered(home.path / naming.CACHE)}
    profile = home.profile()
    petnames = {ids.to_text(id): name for name, id in profile.names.items()}
    own = home.peer_id()
    gone = successors.load(home.path)
    known = []
    for author in store.authors():
        text = ids.to_text(author)
        name = (author == own and profile.name) or cached.get(text, Known(text)).name
        known.append(Known(text, name, petnames.get(text, "")))
    return Shelf(store, home, successors.present(known, gone), gone)


def when(word: str | None, now_ms: int, *, last: bool = False) -> int | None:
    """Parse --since or --until into Unix ms. Of a local time that occurs twice, as the clock is
    put back, the first, or the `last`. Failure.
    """
    if word is None:
        return None
    try:
        if found := SPAN.fullmatch(word.strip()):
            return now_ms - min(int(float(found[1]) * SECONDS[found[2]] * 1000), now_ms)
        return local_time.read(word, last=last)
    except (ValueError, OverflowError) as error:
        raise Failure(f"'{word}' is no time", f"write {WHEN}", USAGE) from error
