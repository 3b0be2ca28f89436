"""The own feed in the store: durable before it is published."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from mesh.core.errors import LocalError
from mesh.core.feed.chain import Run, genesis, seal_head, seam
from mesh.core.feed.feed import Feed
from mesh.core.kit import Identity
from mesh.core.replication.resume import after
from mesh.hub.desktop_kit import make_kit
from mesh.hub.home.home import Past
from mesh.hub.store import leftover, rows
from mesh.hub.store.archive import Archive
from mesh.hub.store.keeper import RUN
from mesh.hub.store.rows import Row
from mesh.hub.store.schema import COPY

PLACE = "place"  # name of a fact: device and inode of the file when its peer used it last
NEWEST = f"""SELECT {rows.COLUMNS} FROM run WHERE author = (SELECT id FROM author WHERE key = ?)
    ORDER BY first DESC"""


class Kept(NamedTuple):
    """The newest entries of a feed that the store keeps whole."""

    first: int
    before: bytes
    entries: list[bytes]


class OwnFeed:
    """Loads the own feed from the store, and stores new entries.

    A store that is a copy may lack what was signed later, and no seq may be signed twice. Then the
    feed continues after a gap, where it cannot have been. reached(last seq, token or None) is
    called with how far it is durable.
    """

    def __init__(
        self,
        archive: Archive,
        identity: Identity,
        tail: int,
        reached: Callable[[int, str | None], None] = lambda *_: None,
    ) -> None:
        self._archive = archive
        self._reached = reached
        self._identity = identity
        self._tail = tail
        self._next = 0
        self._link = b""

    def restore(self, feed: Feed, silent: bool, past: Past = Past(), boots: int = 0) -> str:  # noqa: B008 - a tuple
        """Load the feed; it begins with seq 1 if its author never signed anything (`silent`).

        `past`: what the marks say of it. Gives why it continues after a gap, or "". LocalError.
        """
        why, is_used = self._doubt()
        why = why or past.why
        kept = None
        try:
            kept = self._newest()
        except ValueError:
            why = why or "its newest entries are damaged"
        last = kept.first + len(kept.entries) - 1 if kept else 0
        if not why and past.last > last:
            why = "the store is older than what was noted beside it"
        if not why and kept is None and not (silent or is_used):
            why = "there is nothing of it in the store"
        if why:
            start = after(os.urandom, boots, max(self._last(), past.last))
            kept = Kept(start + 1, seam(make_kit(), feed.author, start), [])
        elif kept is None:
            kept = Kept(1, genesis(make_kit(), feed.author), [])
        feed.resume(kept.first, kept.before, kept.entries, self.keep)
        self._next = kept.first + len(kept.entries)
        self._link = rows.links(kept.before, kept.entries)[-1] if kept.entries else kept.before
        self._settle()
        return why

    def _settle(self) -> None:
        """Mark the store as in use here, so that a copy made from now on is recognised."""
        place, token = _place(self._archive.path), os.urandom(8).hex()

        def note(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM fact WHERE name = ?", (COPY,))
            database.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (PLACE, place))
            database.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (leftover.MARK, token))

        self._archive.do(note, synced=True)
        leftover.empty(self._archive.path)
        is_there = leftover.token_of(self._archive.path) == token
        self._reached(self._next - 1, token if is_there else None)

    def _last(self) -> int:
        """The highest seq in the store, in whatever state."""
        found = self._archive.database.execute(
            "SELECT max(last) FROM run WHERE author = (SELECT id FROM author WHERE key = ?)",
            (self._identity.public,),
        ).fetchone()[0]
        return found if isinstance(found, int) else 0

    def keep(self, first: int, before: bytes, entries: list[bytes], new: int) -> None:
        """Write the last `new` of the feed's entries, which begin with seq `first`. OSError."""
        at = max(0, len(entries) - new)
        if first + at == self._next:
            start = self._link
        else:
            start = rows.links(before, entries[:at])[-1] if at else before
        runs = list(self._signed(first + at, start, entries[at:]))
        try:
            self._archive.keep_synced(runs)
        except LocalError as error:
            raise OSError(error.detail) from error
        self._next = runs[-1].seq + 1
        self._link = runs[-1].links[-1]
        self._reached(self._next - 1, None)

    def _signed(self, first: int, before: bytes, entries: list[bytes]) -> Iterator[Run]:
        """Split entries into runs that boards accept, each with its head."""
        while entries:
            count = size = 0
            for entry in entries:
                size += len(entry) + 3
                if count and size > RUN:
                    break
                count += 1
            links = rows.links(before, entries[:count])
            last = first + count - 1
            head = seal_head(self._identity, last, links[-1])
            public = self._identity.public
            yield Run(public, first, before, entries[:count], head, last, links, [])
            first, before, entries = last + 1, links[-1], entries[count:]

    def _doubt(self) -> tuple[str, bool]:
        """Why this file may lack the newest entries, or ""; and whether a peer used it before."""
        facts = dict(self._archive.database.execute("SELECT name, value FROM fact"))
        if COPY in facts:
            return "the store is a copy", True
        if PLACE in facts and facts[PLACE] != _place(self._archive.path):
            return "the store was put there by hand", True
        return "", PLACE in facts

    def _newest(self) -> Kept | None:
        """The newest entries, as many as the feed holds in memory. ValueError if damaged."""
        found: list[Row] = []
        count = 0
        for one in self._archive.database.execute(NEWEST, (self._identity.public,)):
            row = Row(*one)
            if found and (row.last + 1 != found[-1].first or row.link != found[-1].before):
                break
            found.append(row)
            count += row.last + 1 - row.first
            if count >= self._tail:
                break
        entries: list[bytes] = []
        for row in reversed(found):
            more = rows.unpacked(row.entries)

            if not more or rows.links(row.before, more)[-1] != row.link:
                raise ValueError("a link that does not fit")
            entries += more
        return Kept(found[-1].first, found[-1].before, entries) if found else None


def _place(path: Path) -> str:
    where = path.stat()
    return f"{where.st_dev}:{where.st_ino}"
