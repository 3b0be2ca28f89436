"""Puts checked runs into the table, inside the caller's transaction."""

import sqlite3
from collections.abc import Callable

from mesh.core.clock import EARLIEST, LATEST
from mesh.core.run import Run
from mesh.hub.store import rows
from mesh.hub.store.rows import Damaged, Row

RUN = 640  # bytes of entries to which short runs are joined: a board takes runs of 900
PUT = f"INSERT INTO run(author, {rows.COLUMNS}, arrived) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
CHANGE = """UPDATE run SET before = ?3, last = ?4, link = ?5, head = ?6, entries = ?7, arrived = ?8
    WHERE author = ?1 AND first = ?2"""
TOUCHING = f"SELECT {rows.COLUMNS} FROM run WHERE author = ? AND first BETWEEN ? AND ? ORDER BY 1"
NEWEST = f"SELECT {rows.COLUMNS} FROM run WHERE author = ? ORDER BY first DESC LIMIT 1"


MOST = 1024  # authors of whom something is remembered between two batches

# (author's number, new entries)
Read = Callable[[int, list[bytes]], object]


class Contradiction(Exception):
    """An author signed two histories that disagree at `seq`, or before it; `ours` is kept."""

    def __init__(self, seq: int, ours: list[object]) -> None:
        super().__init__(f"two histories at {seq}")
        self.seq = seq
        self.ours = ours


class Growing:
    """An author's newest row, which may still be joined by what follows."""

    def __init__(self, first: int, before: bytes, entries: list[bytes]) -> None:
        self.first = first
        self.before = before
        self.entries = entries
        self.size = size_of(entries)
        self.last = first + len(entries) - 1
        self.link = self.head = b""
        self.stored = False  # in the table, perhaps shorter than it is by now
        self.written = False  # in the table as it is

    def values(self, author: int, arrived: int) -> tuple[object, ...]:
        """What the table takes."""
        entries = rows.packed(self.entries)
        link, head = self.link, self.head
        return (author, self.first, self.before, self.last, link, head, entries, arrived)


class Keeper:
    """Writes feeds through one connection. read() is told of new entries; now_ms() is Unix ms.

    What was kept is in the table after write().
    """

    def __init__(
        self, database: sqlite3.Connection, read: Read, now_ms: Callable[[], int]
    ) -> None:
        self._database = database
        self._read = read
        self._now_ms = now_ms
        self.forget()

    def forget(self) -> None:
        """What was written since the last commit is gone: learn anew what there is."""
        self._authors: dict[bytes, int] = {}
        self._newest: dict[int, Growing | None] = {}
        self._new: list[tuple[object, ...]] = []
        self._changed: list[tuple[object, ...]] = []

    def author(self, key: bytes) -> int:
        """The number of an author in this file."""
        found = self._authors.get(key)
        if found is None:
            ask = self._database.execute
            row = ask("SELECT id FROM author WHERE key = ?", (key,)).fetchone()
            if row is None:
                row = ask("INSERT INTO author(key) VALUES (?) RETURNING id", (key,)).fetchone()
            if len(self._authors) >= MOST:
                self._authors.clear()
            found = self._authors[key] = int(row[0])
        return found

    def keep(self, run: Run) -> None:
        """Put in what is new of a run whose signature was checked.

        Contradiction, and nothing is changed, if it does not go with what is there; ValueError if
        that is damaged.
        """
        author = self.author(run.author)
        try:
            newest = self._newest[author]
        except KeyError:
            newest = self._newest[author] = self._load(author)
        if newest is None or run.first > newest.last + 1:
            self._begin(author, newest, run, 0)
        elif newest.first <= run.first and run.seq > newest.last:
            new = newest.last + 1 - run.first
            theirs = run.links[new - 1] if new else run.before
            if theirs != newest.link:
                self._apart(run, newest.last)
            if newest.size > RUN or newest.size + _size(run, new) > RUN:
                self._begin(author, newest, run, new)
            else:
                self._grow(author, newest, run, new)
        else:
            self._weave(author, run)

    def write(self) -> None:
        """Put into the table what was kept."""
        for author, newest in self._newest.items():
            self._set_down(author, newest)
        if self._new:
            self._database.executemany(PUT, self._new)
            self._new.clear()
        if self._changed:
            self._database.executemany(CHANGE, self._changed)
            self._changed.clear()
        if len(self._newest) > MOST:
            self._newest.clear()  # each is read again when more of it comes

    def _set_down(self, author: int, newest: Growing | None) -> None:
        if newest is not None and not newest.written:
            values = newest.values(author, self._arrived())
            (self._changed if newest.stored else self._new).append(values)
            newest.written = newest.stored = True

    def _load(self, author: int) -> Growing | None:
        found = self._database.execute(NEWEST, (author,)).fetchone()
        if found is None:
            return None
        row = Row(*found)
        newest = Growing(row.first, row.before, rows.unpacked(row.entries))
        newest.last, newest.link, newest.head = row.last, row.link, row.head
        newest.stored = newest.written = True
        return newest

    def _begin(self, author: int, newest: Growing | None, run: Run, at: int) -> None:
        """Make the entries of a run from its `at`th on a row of their own."""
        self._set_down(author, newest)
        entries = run.entries[at:] if at else run.entries
        before = run.links[at - 1] if at else run.before
        newest = self._newest[author] = Growing(run.first + at, before, list(entries))
        newest.link, newest.head = run.links[-1], run.head
        self._read(author, entries)

    def _grow(self, author: int, newest: Growing, run: Run, at: int) -> None:
        entries = run.entries[at:] if at else run.entries
        newest.entries += entries
        newest.size += size_of(entries)
        newest.last, newest.link, newest.head = run.seq, run.links[-1], run.head
        newest.written = False
        self._read(author, entries)

    def _weave(self, author: int, run: Run) -> None:
        """Put a run among rows that are there: before them, or into what is missing between."""
        self.write()
        low = rows.from_seq(self._database, author, run.first - 1)
        there = self._database.execute(TOUCHING, (author, low, run.seq + 1)).fetchall()
        touching = [row for row in (Row(*one) for one in there) if row.last >= run.first - 1]
        for row in touching:
            self._compare(run, row)
        at = run.first
        for row in touching:
            if row.first > at:
                self._put_before(author, run, at, row)
            at = max(at, row.last + 1)
        if at <= run.seq:
            entries = run.entries[at - run.first :]
            row = Row(at, _before(run, at), run.seq, run.links[-1], run.head, b"")
            self._put(author, row._replace(entries=rows.packed(entries)), entries)
        del self._newest[author]

    def _put_before(self, author: int, run: Run, at: int, row: Row) -> None:
        """Join what comes before a row to it: that row's head vouches for both."""
        entries = run.entries[at - run.first : row.first - run.first]
        if run.seq < row.first:  # its own head does, and keeps the row as short as it was
            alone = Row(at, _before(run, at), run.seq, run.links[-1], run.head, b"")
            self._put(author, alone._replace(entries=rows.packed(entries)), entries)
            return
        joined = rows.packed(entries + rows.unpacked(row.entries))
        self._database.execute(
            "DELETE FROM run WHERE author = ? AND first = ?", (author, row.first)
        )
        self._put(author, row._replace(first=at, before=_before(run, at), entries=joined), entries)

    def _put(self, author: int, row: Row, new: list[bytes]) -> None:
        self._database.execute(PUT, (author, *row, self._arrived()))
        self._read(author, new)

    def _arrived(self) -> int:
        """Unix ms; 0 while this computer does not know the time: many start in 1970."""
        now_ms = self._now_ms()
        return now_ms if EARLIEST < now_ms < LATEST else 0

    def _compare(self, run: Run, row: Row) -> None:
        """Check the links where a row and a run meet or overlap."""
        seq = min(row.last, run.seq)
        if seq < max(row.first, run.first) - 1:
            return
        if seq == row.last:
            ours = row.link
        elif seq < row.first:
            ours = row.before
        else:
            part = rows.unpacked(row.entries)[: seq + 1 - row.first]
            ours = rows.links(row.before, part)[-1]
        if ours != _before(run, seq + 1):
            self._apart(run, seq)

    def _apart(self, run: Run, seq: int) -> None:
        """Raise Contradiction, with what is kept at that seq."""
        self.write()
        author = self.author(run.author)
        first = rows.from_seq(self._database, author, seq)
        row = Row(*self._database.execute(TOUCHING, (author, first, first)).fetchone())
        entries = rows.unpacked(row.entries)
        if not rows.fits(run.author, row):
            raise Damaged("what is kept there is not what was signed")
        raise Contradiction(seq, [run.author, row.first, row.before, entries, row.head])


def _size(run: Run, at: int) -> int:
    return size_of(run.entries[at:] if at else run.entries)


def size_of(entries: list[bytes]) -> int:
    """The bytes of entries in a run, each with its CBOR head."""
    return sum(map(len, entries)) + 3 * len(entries)


def _before(run: Run, seq: int) -> bytes:
    """The link before an entry of a run, or after its last."""
    return bytes(run.before if seq == run.first else run.links[seq - 1 - run.first])
