"""The table of projections by entry kind; passes entries to them."""

import re
import sqlite3
from collections.abc import Mapping

from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.chain import read_entry
from mesh.core.full import seen
from mesh.core.relations import key, mark, pact
from mesh.hub.desktop_kit import make_kit
from mesh.hub.store import rows
from mesh.hub.store.keyed import Keys
from mesh.hub.store.plain_entries import is_plain
from mesh.hub.store.projection import Ground, Projection
from mesh.hub.store.readings import Readings
from mesh.hub.store.schema import MIGRATIONS, PERIOD_MS
from mesh.hub.store.statements import Marks, Pacts
from mesh.hub.store.witnesses import Witnesses

Table = Mapping[str, type[Projection]]

# a new one is a file in this folder and a line here; a program passes others to HubPeer or Archive
OWN: Table = {"reading": Readings}  # its tables are in the schema
RELATIONS: Table = {pact.NAME: Pacts, mark.NAME: Marks, key.NAME: Keys}
BUILT_IN: Table = {**OWN, seen.NAME: Witnesses, **RELATIONS}
FACT = "projected:"  # prefix of the fact that the tables of a kind are complete
OF_SPAN = "sensor IN (SELECT id FROM sensor WHERE author = ?) AND seq BETWEEN ? AND ?"
TAKE_BACK = (
    "INSERT OR IGNORE INTO stale "
    f"SELECT DISTINCT sensor, time / {PERIOD_MS} FROM reading WHERE {OF_SPAN}",
    f"DELETE FROM reading WHERE {OF_SPAN}",
    "DELETE FROM unplaced WHERE author = ? AND seq BETWEEN ? AND ?",
)
TAKEN = frozenset(re.findall(r"CREATE TABLE (\w+)", "".join(MIGRATIONS)))


class Projecting:
    """Passes entries to the projections of their kinds."""

    def __init__(self, ground: Ground, table: Table = OWN) -> None:
        self.by_kind = {kind: make(ground) for kind, make in table.items()}
        self._kit = make_kit()
        found = [one for one in self.by_kind.values() if isinstance(one, Readings)]
        self._readings = found[0] if found else None

    def read(self, author: int, entries: list[bytes]) -> int:
        """Project verified entries of an author, given by number. Gives the number of rows.
        Entries without a projection, or malformed, make none.
        """
        if self._readings is not None:
            return self._readings.read(author, entries, self._by_the_book)
        return sum(self._by_the_book(author, entry) for entry in entries if not is_plain(entry))

    def _by_the_book(self, author: int, entry: bytes) -> int:
        try:
            seq, clock, kind, body = read_entry(self._kit, entry)
            projection = self.by_kind.get(kind)
            return projection.take(author, seq, clock, body) if projection is not None else 0
        except RemoteError:
            return 0

    def write(self) -> None:
        """Write to the tables what was read."""
        for projection in self.by_kind.values():
            projection.write()

    def forget(self) -> None:
        """Reset after a rollback of the transaction."""
        for projection in self.by_kind.values():
            projection.forget()


def check(table: Table) -> None:
    """LocalError if a projection has a table of the store's, or of another projection."""
    taken = set(TAKEN)
    for make in table.values():
        for name in make.TABLES:
            if name in taken:
                raise LocalError(f"there is a table {name} already", "a projection names its own")
            taken.add(name)


def prepare(database: sqlite3.Connection, table: Table) -> None:
    """Create and fill the tables that a store lacks, inside the caller's transaction.

    Tables of projections that are not in `table` miss what is written from now on; they are built
    again when such a projection is back.
    """
    run = database.execute
    known = {name for (name,) in run("SELECT name FROM fact WHERE name GLOB ?", (f"{FACT}*",))}
    for name in known - {FACT + kind for kind in table}:
        run("DELETE FROM fact WHERE name = ?", (name,))
    new = {k: make for k, make in table.items() if make.TABLES and FACT + k not in known}
    for make in new.values():
        for name, statement in make.TABLES.items():
            run(f'DROP TABLE IF EXISTS "{name}"')
            run(statement)
    if new:
        read_all(database, new)
        database.executemany("INSERT INTO fact VALUES (?, 1)", [(FACT + kind,) for kind in new])


def read_all(database: sqlite3.Connection, table: Table) -> None:
    """Project all entries."""
    projecting = Projecting(Ground(database, lambda: 0), table)
    for (number,) in database.execute("SELECT id FROM author").fetchall():
        read_author(database, projecting, number)


def read_author(database: sqlite3.Connection, projecting: Projecting, author: int) -> None:
    """Project an author's entries. Damaged rows are skipped: `mesh verify` reports them."""
    found = database.execute("SELECT entries FROM run WHERE author = ? ORDER BY first", (author,))
    for (packed,) in found:
        try:
            projecting.read(author, rows.unpacked(packed))
        except rows.Damaged:
            continue
        projecting.write()


def take_out(database: sqlite3.Connection, author: int, table: Table) -> None:
    """Remove an author's rows from the tables of projections."""
    for make in table.values():
        for name in make.TABLES:
            database.execute(f'DELETE FROM "{name}" WHERE author = ?', (author,))


def take_back(database: sqlite3.Connection, span: tuple[int, int, int], table: Table) -> None:
    """Take out the rows made of some entries: of the author of that number, from one seq to
    another. The summaries of the readings among them are made anew.
    """
    for statement in TAKE_BACK:
        database.execute(statement, span)
    for make in table.values():
        for name in make.TABLES:
            where = "author = ? AND seq BETWEEN ? AND ?"
            database.execute(f'DELETE FROM "{name}" WHERE {where}', span)
