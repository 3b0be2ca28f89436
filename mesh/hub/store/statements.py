"""Projections of agreements, promises and words about them, taken out as they arrive; and what
they are at the moment.
"""

import sqlite3
from collections.abc import Callable, Iterator
from typing import NamedTuple

from mesh.core.errors import RemoteError
from mesh.core.feed.chain import read_entry
from mesh.core.relations import mark, pact
from mesh.core.relations.agreements import Agreements
from mesh.core.relations.mark import Mark
from mesh.core.relations.pact import Pact
from mesh.core.relations.succession import Successions
from mesh.hub.desktop_kit import make_kit
from mesh.hub.store import rows
from mesh.hub.store.projection import Clock, Ground, Projection
from mesh.hub.store.queries import Queries

OF_STRANGER, OF_KNOWN = 64, 4096  # rows of one author in each table
MOST = 20_000  # that are read of each table, those of the best known authors first
AUTHORS = 1024  # whose number of rows is cached
STATED = """
    SELECT author.key, author.id, seq, body FROM {} JOIN author ON author.id = author
    ORDER BY standing DESC, author.id, seq LIMIT ?
"""
RUN = (
    "SELECT before, first, entries, arrived FROM run WHERE author = ? AND first = ? AND last >= ?"
)


class Statements(Projection):
    """Rows (author, seq, body as CBOR) of one kind, whose name TABLES has. `check`: raises a
    RemoteError if a body is malformed.
    """

    def __init__(self, ground: Ground, name: str, check: Callable[[object], object]) -> None:
        super().__init__(ground)
        self._name, self._check = name, check
        self._encode = make_kit().encode
        self.forget()

    def forget(self) -> None:
        """Reset after a rollback of the transaction."""
        self._rows: list[tuple[object, ...]] = []
        self._counts: dict[int, int] = {}

    def take(self, author: int, seq: int, clock: Clock, body: object) -> int:
        """Read an entry. Beyond the cap of its author it makes no row."""
        self._check(body)
        count = self._counts.get(author)
        if count is None:
            if len(self._counts) >= AUTHORS:
                self.write()
                self._counts.clear()
            ask = f"SELECT count(*) FROM {self._name} WHERE author = ?"
            (count,) = self.ground.database.execute(ask, (author,)).fetchone()
        if count >= (OF_KNOWN if self.ground.is_known(author) else OF_STRANGER):
            return 0
        self._counts[author] = count + 1
        self._rows.append(self.row(author, seq, clock, body))
        return 1

    def row(self, author: int, seq: int, clock: Clock, body: object) -> tuple[object, ...]:
        """The row of an entry."""
        return author, seq, self._encode(body)

    def write(self) -> None:
        """Put into the table what was read."""
        if self._rows:
            places = ", ".join("?" * len(self._rows[0]))
            insert = f"INSERT OR REPLACE INTO {self._name} VALUES ({places})"
            self.ground.database.executemany(insert, self._rows)
            self._rows.clear()


def _table(name: str) -> dict[str, str]:
    columns = "author INTEGER NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL"
    return {name: f"CREATE TABLE {name} ({columns}, PRIMARY KEY (author, seq)) WITHOUT ROWID"}


class Pacts(Statements):
    """Agreements and promises."""

    TABLES = _table(pact.NAME)

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground, pact.NAME, pact.check)


class Marks(Statements):
    """Words about them."""

    TABLES = _table(mark.NAME)

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground, mark.NAME, mark.check)


class Statement(NamedTuple):
    """An agreement or a promise, its entry, and Unix ms when it came here (0 if unknown)."""

    ref: bytes
    author: bytes
    seq: int
    clock: Clock
    arrived: int
    pact: Pact


class Word(NamedTuple):
    """What a peer said of an agreement, in its entry `seq`."""

    author: bytes
    seq: int
    mark: Mark


class Stated(NamedTuple):
    """All that is held: agreements and promises by ref, words by what they are about, and what
    follows from them.
    """

    statements: dict[bytes, Statement]
    words: dict[bytes, list[Word]]
    agreements: Agreements


def how_many(store: Queries) -> int:
    """How many agreements and promises are held in a store."""
    found = store.database.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (pact.NAME,))
    if found.fetchone() is None:
        return 0
    return int(store.database.execute(f"SELECT count(*) FROM {pact.NAME}").fetchone()[0])


class Seats:
    """For whom a peer speaks: for itself, and for those with whose feeds it goes on."""

    def __init__(self, successions: Successions | None) -> None:
        self._successions = successions
        self._found: dict[bytes, list[bytes]] = {}
        self._ends: dict[bytes, int | None] = {}

    def of(self, author: bytes) -> list[bytes]:
        """All seats of an author."""
        if self._successions is None:
            return [author]
        if author not in self._found:
            line = self._successions.line(author)
            self._found[author] = line[: line.index(author) + 1]
        return self._found[author]

    def is_over(self, author: bytes, seq: int) -> bool:
        """Whether an entry is after the end of its feed."""
        if self._successions is None:
            return False
        if author not in self._ends:
            self._ends[author] = self._successions.end(author)
        end = self._ends[author]
        return end is not None and seq > end


def stated(store: Queries, me: bytes | None, successions: Successions | None = None) -> Stated:
    """What is held in a store. Rows whose entries are gone, or damaged, are skipped.

    By `successions` who goes on for a member takes the seat: its words count as those of the
    former id, and what that one said after its end counts for nothing.
    """
    seats = Seats(successions)
    made = Stated({}, {}, Agreements(make_kit(), me))
    tables = {name for (name,) in store.database.execute("SELECT name FROM sqlite_schema")}
    if not {pact.NAME, mark.NAME} <= tables:  # no peer of this version has opened it yet
        return made
    # words first: who speaks gets a low number so, and who is only named costs no word a bit
    for word in _words(store.database):
        if not seats.is_over(word.author, word.seq):
            made.words.setdefault(word.mark.ref, []).append(word)
            for seat in seats.of(word.author):
                made.agreements.mark(seat, word.mark)
    for author in store.forked():
        made.agreements.forked(author)
    for one in _statements(store.database):
        if not seats.is_over(one.author, one.seq):
            made.statements[one.ref] = one
            made.agreements.pact(one.ref, one.author, one.pact)
    return made


def _words(database: sqlite3.Connection) -> Iterator[Word]:
    decode = make_kit().decode
    for author, _, seq, body in database.execute(STATED.format(mark.NAME), (MOST,)):
        try:
            yield Word(author, seq, mark.check(decode(body)))
        except RemoteError:
            continue


def _statements(database: sqlite3.Connection) -> Iterator[Statement]:
    kit = make_kit()
    last: tuple[int, _Run] | None = None  # author and run: those of an author come in order
    for key, author, seq, body in database.execute(STATED.format(pact.NAME), (MOST,)):
        try:
            if last is None or last[0] != author or seq > last[1].last:
                last = author, _run(database, author, seq)
            run = last[1]
            _, clock, _, _ = read_entry(kit, run.entries[seq - run.first])
            ref = run.links[seq - run.first]
            yield Statement(ref, key, seq, clock, run.arrived, pact.check(kit.decode(body)))
        except (RemoteError, ValueError, IndexError):
            continue


class _Run(NamedTuple):
    """A row of entries, unpacked once for all that is taken out of it."""

    first: int
    last: int
    entries: list[bytes]
    links: list[bytes]
    arrived: int


def _run(database: sqlite3.Connection, author: int, seq: int) -> _Run:
    """The run that has an entry. ValueError if there is none, or if it is damaged."""
    first = rows.from_seq(database, author, seq)
    run = database.execute(RUN, (author, first, seq)).fetchone()
    if run is None:
        raise rows.Damaged("an entry that is not held")
    entries = rows.unpacked(run[2])
    return _Run(run[1], run[1] + len(entries) - 1, entries, rows.links(run[0], entries), run[3])
