"""Accounting of disk use by author, as entries and readings are written."""

import sqlite3
from collections import Counter
from collections.abc import Callable

from mesh.hub.store import projecting
from mesh.hub.store.crowd import MET
from mesh.hub.store.keeper import size_of
from mesh.hub.store.projection import Ground
from mesh.hub.store.quota import Budget

# estimated bytes in the file for each; measured, with a share for later summaries;
# MIGRATIONS in schema.py have the same figures.
AUTHOR, SENSOR, RUN, READING = 400, 100, 200, 64
ENTRY = 2  # factor on the size of an entry

COSTS = "SELECT key, standing, cost, (SELECT count(*) FROM sensor WHERE author = author.id)"
MEASURED = f"""
    UPDATE author SET cost = {AUTHOR}
    + (SELECT ifnull(sum({ENTRY} * length(entries) + {RUN}), 0) FROM run WHERE author = author.id)
    + (SELECT {READING} * count(*) FROM reading JOIN sensor ON sensor.id = sensor
       WHERE sensor.author = author.id)
    + (SELECT {SENSOR} * count(*) FROM sensor WHERE author = author.id)
    WHERE id = ?
"""
OF_SENSORS = "sensor IN (SELECT id FROM sensor WHERE author = ?)"
DROP = (
    f"DELETE FROM reading WHERE {OF_SENSORS}",
    f"DELETE FROM summary WHERE {OF_SENSORS}",
    f"DELETE FROM stale WHERE {OF_SENSORS}",
    "DELETE FROM unplaced WHERE author = ?",
    "DELETE FROM boot WHERE author = ?",
    "DELETE FROM sensor WHERE author = ?",
    "DELETE FROM run WHERE author = ?",
    "DELETE FROM evidence WHERE author = ?",
    "DELETE FROM author WHERE id = ?",
)


class Meter:
    """Counts for `budget` what goes through read() into `database`, with the rows of projections.
    For one thread.
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        budget: Budget,
        now_ms: Callable[[], int],
        projections: projecting.Table = projecting.BUILT_IN,
    ) -> None:
        self._projections = projections
        self._database = database
        self._budget = budget
        ground = Ground(database, now_ms, True, self._takes_sensor, self._is_known)
        self.projecting = projecting.Projecting(ground, projections)
        self._spent: Counter[int] = Counter()
        self._sensors: Counter[int] = Counter()
        self._written: list[tuple[bytes, int, int]] = []
        self.learn()

    def learn(self) -> None:
        """Load the budget from the table."""
        learn(self._database, self._budget)

    def read(self, author: int, entries: list[bytes]) -> None:
        """Project new entries, and count them."""
        self._spent[author] += ENTRY * size_of(entries) + RUN
        self._spent[author] += READING * self.projecting.read(author, entries)

    def surplus(self) -> list[bytes]:
        """The authors for whom the budget has no room."""
        return self._budget.surplus()

    def drop(self, authors: list[bytes]) -> None:
        """Remove all that is kept of some authors."""
        drop(self._database, authors, self._projections)

    def unread(self, author: int, first: int, last: int) -> None:
        """Take out what was made of entries that are gone."""
        projecting.take_back(self._database, (author, first, last), self._projections)
        self._database.execute(MEASURED, (author,))

    def evidence(self, author: int, size: int) -> None:
        """Count a fork proof."""
        self._spent[author] += size

    def _takes_sensor(self, author: int, has: int) -> bool:
        """Whether an author with that many sensors may have one more, which is then counted."""
        waiting = sum(self._sensors.values())
        takes = self._budget.takes_sensor(self._key(author), has, waiting)
        self._sensors[author] += takes
        return takes

    def _is_known(self, author: int) -> bool:
        return self._budget.standing(self._key(author)) >= MET

    def meet(self, author: bytes) -> None:
        """Record in the table that an author was met."""
        self._database.execute("UPDATE author SET standing = ? WHERE key = ?", (MET, author))

    def write(self) -> None:
        """Write to the tables what was read and counted."""
        self.projecting.write()
        for author, spent in self._spent.items():
            key, sensors = self._key(author), self._sensors[author]
            (before,) = self._database.execute(
                "SELECT cost FROM author WHERE id = ?", (author,)
            ).fetchone()
            cost = spent + SENSOR * sensors + (0 if before else AUTHOR)
            if self._budget.standing(key) < MET:
                self._written.append((key, cost, sensors))
            self._database.execute(
                "UPDATE author SET cost = cost + ?, standing = max(standing, ?) WHERE id = ?",
                (cost, min(MET, self._budget.standing(key)), author),
            )
        self._spent.clear()
        self._sensors.clear()

    def committed(self) -> None:
        """Confirm what was written."""
        for key, cost, sensors in self._written:
            self._budget.spent(key, cost, sensors)
        self._written.clear()

    def forget(self) -> None:
        """Reset after a rollback of the transaction."""
        self._spent.clear()
        self._sensors.clear()
        self._written.clear()
        self.projecting.forget()
        self.learn()

    def _key(self, author: int) -> bytes:
        found = self._database.execute("SELECT key FROM author WHERE id = ?", (author,)).fetchone()
        return bytes(found[0])


def learn(database: sqlite3.Connection, budget: Budget) -> None:
    """Load a budget from the table."""
    budget.load(database.execute(f"{COSTS} FROM author ORDER BY id"))


def trim(database: sqlite3.Connection, budget: Budget, projections: projecting.Table) -> None:
    """Remove what exceeds a budget."""
    learn(database, budget)
    if gone := budget.surplus():
        with database:
            database.execute("BEGIN IMMEDIATE")
            drop(database, gone, projections)


def drop(
    database: sqlite3.Connection, authors: list[bytes], projections: projecting.Table
) -> None:
    """Remove all that is kept of some authors."""
    for key in authors:
        found = database.execute("SELECT id FROM author WHERE key = ?", (key,)).fetchone()
        if found:
            projecting.take_out(database, found[0], projections)
            for statement in DROP:
                database.execute(statement, found)
