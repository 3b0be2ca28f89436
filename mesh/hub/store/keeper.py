"""Writes verified runs into the table, inside the caller's transaction."""

import sqlite3
from collections.abc import Callable

from mesh.core.clock import EARLIEST, LATEST
from mesh.core.feed.chain import Run
from mesh.hub.store import rows
from mesh.hub.store.held import Span
from mesh.hub.store.rows import Damaged, Row

RUN = 640  # bytes up to which short runs are joined: a board accepts runs of 900
PUT = f"INSERT INTO run(author, {rows.COLUMNS}, arrived) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
CHANGE = """UPDATE run SET before = ?3, last = ?4, link = ?5, head = ?6, entries = ?7, arrived = ?8
    WHERE author = ?1 AND first = ?2"""
TOUCHING = f"SELECT {rows.COLUMNS} FROM run WHERE author = ? AND first BETWEEN ? AND ? ORDER BY 1"
LAST = "SELECT max(last) FROM run WHERE author = ?"
TAKE_OUT = "DELETE FROM run WHERE author = ? AND first BETWEEN ? AND ?"
NEWEST = f"SELECT {rows.COLUMNS} FROM run WHERE author = ? ORDER BY first DESC LIMIT 1"


MOST = 1024  # authors that are cached between batches

# (author's number, new entries)
Read = Callable[[int, list[bytes]], object]
Unread = Callable[[int, int, int], None]


class Contradiction(Exception):
    """An author signed two histories that disagree at or before `seq`; `ours` is kept."""

    def __init__(self, seq: int, ours: list[object]) -> None:
        super().__init__(f"two histories at {seq}")
        self.seq = seq
        self.ours = ours


class Growing:
    """An author's newest row, to which following entries may still be joined."""

    def __init__(self, first: int, before: bytes, entries: list[bytes]) -> None:
        self.first = first
        self.before = before
        self.entries = entries
        self.size = size_of(entries)
        self.last = first + len(entries) - 1
        self.link = self.head = b""
        self.stored = False  # whether it is in the table, perhaps shorter
        self.written = False  # whether it is in the table as it is

    def values(self, author: int, arrived: int) -> tuple[object, ...]:
        """The values for the table."""
        entries = rows.packed(self.entries)
        link, head = self.link, self.head
        return (author, self.first, self.before, self.last, link, head, entries, arrived)


class Keeper:
    """Writes feeds through one connection. read() gets new entries; now_ms() is Unix ms.

    What keep() took is in the table after write().
    """

    def __init__(
        self, database: sqlite3.Connection, read: Read, now_ms: Callable[[], int]
    ) -> None:
        self._database = database
        self._read = read
        self._now_ms = now_ms
        self.forget()

    def forget(self) -> None:
        """Reset after a rollback of the transaction: read again what there is."""
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
        """Add the new entries of a verified run.

        Contradiction, and nothing is changed, if it disagrees with what is stored; ValueError if
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
        """Write to the table what keep() took."""
        for author, newest in self._newest.items():
            self._set_down(author, newest)
        if self._new:
            self._database.executemany(PUT, self._new)
            self._new.clear()
        if self._changed:
            self._database.executemany(CHANGE, self._changed)
            self._changed.clear()
        if len(self._newest) > MOST:
            self._newest.clear()  # each is read again when needed

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
        """Begin a new row with the entries of a run from index `at` on."""
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
        """Add a run before or between existing rows."""
        newest = self._newest.get(author)
        touching = self._touching(author, run)
        for row in touching:
            if (apart := _parted(run, row)) is not None:
                self._apart(run, apart)
        at = run.first
        for row in touching:
            if row.first > at:
                self._put_before(author, run, at, row)
            at = max(at, row.last + 1)
        if at <= run.seq:
            entries = run.entries[at - run.first :]
            row = Row(at, _before(run, at), run.seq, run.links[-1], run.head, b"")
            self._put(author, row._replace(entries=rows.packed(entries)), entries)
        if newest is None or run.seq > newest.last or newest.first in {r.first for r in touching}:
            self._newest.pop(author, None)

    def _touching(self, author: int, run: Run) -> list[Row]:
        """The rows that a run meets or overlaps."""
        self.write()
        low = rows.from_seq(self._database, author, run.first - 1)
        there = self._database.execute(TOUCHING, (author, low, run.seq + 1)).fetchall()
        return [row for row in (Row(*one) for one in there) if row.last >= run.first - 1]

    def make_way(self, run: Run, unread: Unread) -> list[Span]:
        """Take out what contradicts a run that is certain, and what goes on from there: the first
        and last seq of each part. unread(author's number, first, last) is called for it.
        """
        author = self.author(run.author)
        gone = []
        for row in self._touching(author, run):
            if _parted(run, row) is not None:
                last = row.last
                if last > run.seq:
                    (last,) = self._database.execute(LAST, (author,)).fetchone()
                gone.append((row.first, last))
        for first, last in gone:
            self._database.execute(TAKE_OUT, (author, first, last))
            unread(author, first, last)
        self._newest.pop(author, None)
        return gone

    def _put_before(self, author: int, run: Run, at: int, row: Row) -> None:
        """Join entries of a run to the row after them, whose head covers both."""
        entries = run.entries[at - run.first : row.first - run.first]
        if run.seq < row.first:  # a row of its own, with its own head
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
        """Unix ms; 0 while this computer does not know the time (many start in 1970)."""
        now_ms = self._now_ms()
        return now_ms if EARLIEST < now_ms < LATEST else 0

    def _apart(self, run: Run, seq: int) -> None:
        """Raise Contradiction, with the statement that is kept for that seq."""
        self.write()
        author = self.author(run.author)
        first = rows.from_seq(self._database, author, seq)
        row = Row(*self._database.execute(TOUCHING, (author, first, first)).fetchone())
        entries = rows.unpacked(row.entries)
        if not rows.fits(run.author, row):
            raise Damaged("what is kept there is not what was signed")
        raise Contradiction(seq, [run.author, row.first, row.before, entries, row.head])


def _parted(run: Run, row: Row) -> int | None:
    """A seq at which a row and a run that meet or overlap disagree, or None."""
    seq = min(row.last, run.seq)
    if seq < max(row.first, run.first) - 1:
        return None
    if seq == row.last:
        ours = row.link
    elif seq < row.first:
        ours = row.before
    else:
        part = rows.unpacked(row.entries)[: seq + 1 - row.first]
        ours = rows.links(row.before, part)[-1]
    return None if ours == _before(run, seq + 1) else seq


def _size(run: Run, at: int) -> int:
    return size_of(run.entries[at:] if at else run.entries)


def size_of(entries: list[bytes]) -> int:
    """The bytes of entries in a run, including their CBOR heads."""
    return sum(map(len, entries)) + 3 * len(entries)


def _before(run: Run, seq: int) -> bytes:
    """The link before an entry of a run, or after its last."""
    return bytes(run.before if seq == run.first else run.links[seq - 1 - run.first])
