"""Puts checked runs into the tables: entries, spans and heads, inside the caller's transaction."""

import hashlib
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from mesh.core.run import Run

Link = bytes
RUN = 700  # bytes of entries that lie between two heads kept, at most: a board takes runs of 900
SPANS = """SELECT first, before, last, link FROM span
    WHERE author = ? AND first <= ? AND last >= ? ORDER BY first"""
NEAREST = """SELECT seq, link FROM head
    WHERE author = ? AND seq BETWEEN ? AND ? ORDER BY seq DESC LIMIT 1"""


class Contradiction(Exception):
    """An author signed two histories that disagree at `seq`, or before it."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"two histories at {seq}")
        self.seq = seq


class Span(NamedTuple):
    """Consecutive entries: the link before the first of them, and that of the last."""

    first: int
    before: Link
    last: int
    link: Link


class Keeper:
    """Writes feeds through one connection. read(author, seq, entry) is told of each new one."""

    def __init__(
        self, database: sqlite3.Connection, read: Callable[[int, int, bytes], None]
    ) -> None:
        self._database = database
        self._read = read
        self._authors: dict[bytes, int] = dict(database.execute("SELECT key, id FROM author"))
        # of each author the last two heads kept: (seq, bytes of entries since the one before)
        self._since: dict[int, list[tuple[int, int]]] = {}

    def author(self, key: bytes) -> int:
        """The number of an author in this file."""
        found = self._authors.get(key)
        if found is None:
            found = (
                self._database.execute("INSERT INTO author(key) VALUES (?)", (key,)).lastrowid or 0
            )
            self._authors[key] = found
        return found

    def forget(self) -> None:
        """What was written since the last commit is gone: learn anew what there is."""
        self._authors = dict(self._database.execute("SELECT key, id FROM author"))
        self._since.clear()

    def keep(self, run: Run) -> int:
        """Put in what is new of a run whose signature was checked; how many entries that are.

        Contradiction, and nothing is changed, if it does not go with what is there.
        """
        author = self.author(run.author)
        touching = [
            Span(*row)
            for row in self._database.execute(SPANS, (author, run.seq + 1, run.first - 1))
        ]
        for span in touching:
            self._compare(author, span, run)
        new = self._missing(touching, run)
        self._join(author, touching, run)
        if new:
            entries = run.entries
            rows = [(author, seq, entries[seq - run.first]) for seq in new]
            self._database.executemany("INSERT INTO entry VALUES (?, ?, ?)", rows)
            for row in rows:
                self._read(*row)
        self._add_head(author, run, sum(len(run.entries[seq - run.first]) for seq in new))
        return len(new)

    def _compare(self, author: int, span: Span, run: Run) -> None:
        """Check the links where a span and a run meet or overlap."""
        seq = min(span.last, run.seq)
        if seq < max(span.first, run.first) - 1:
            return
        ours = span.link if seq == span.last else self.link_at(author, seq, span)
        theirs = run.before if seq < run.first else run.links[seq - run.first]
        if ours != theirs:
            raise Contradiction(seq)

    def link_at(self, author: int, seq: int, span: Span) -> Link:
        """The link of an entry of a span, or of the one before it."""
        row = self._database.execute(
            NEAREST,
            (author, span.first, seq),
        ).fetchone()
        at, link = row or (span.first - 1, span.before)
        entries = self._database.execute(
            "SELECT bytes FROM entry WHERE author = ? AND seq BETWEEN ? AND ? ORDER BY seq",
            (author, at + 1, seq),
        )
        for (entry,) in entries:
            link = hashlib.sha256(link + entry).digest()
        return bytes(link)

    @staticmethod
    def _missing(touching: list[Span], run: Run) -> list[int]:
        """Which seqs of a run are not in any of the spans."""
        new: list[int] = []
        at = run.first
        for span in touching:
            new += range(at, min(span.first, run.seq + 1))
            at = max(at, span.last + 1)
        return [*new, *range(at, run.seq + 1)]

    def _join(self, author: int, touching: list[Span], run: Run) -> None:
        joined = Span(run.first, run.before, run.seq, run.links[-1])
        if touching and touching[0].first <= run.first:
            joined = joined._replace(first=touching[0].first, before=touching[0].before)
        if touching and touching[-1].last >= run.seq:
            joined = joined._replace(last=touching[-1].last, link=touching[-1].link)
        if [joined] == touching:
            return
        self._database.executemany(
            "DELETE FROM span WHERE author = ? AND first = ?",
            [(author, s.first) for s in touching],
        )
        self._database.execute("INSERT INTO span VALUES (?, ?, ?, ?, ?)", (author, *joined))

    def _add_head(self, author: int, run: Run, size: int) -> None:
        """Keep a head, and drop the one before if runs need not end there."""
        self._database.execute(
            "INSERT OR IGNORE INTO head VALUES (?, ?, ?, ?)",
            (author, run.seq, run.links[-1], run.head),
        )
        since = self._since.setdefault(author, [])
        if since and since[-1][0] != run.first - 1:
            since.clear()
        if len(since) == 2 and since[1][1] + size <= RUN:  # noqa: PLR2004 - the last and the one before
            self._database.execute(
                "DELETE FROM head WHERE author = ? AND seq = ?", (author, since[1][0])
            )
            size += since.pop()[1]
        since.append((run.seq, size))
        del since[:-2]
