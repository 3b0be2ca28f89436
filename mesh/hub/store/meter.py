"""What each author's entries and readings cost on disk: counted as they are written."""

import sqlite3
from collections import Counter
from collections.abc import Callable

from mesh.hub.store.budget import Budget
from mesh.hub.store.crowd import MET
from mesh.hub.store.keeper import size_of
from mesh.hub.store.readings import Readings

# About how many bytes of the file each takes. Measured, with a part for the summaries to come;
# MIGRATIONS in schema.py have the same figures.
AUTHOR, SENSOR, RUN, READING = 400, 100, 200, 64
ENTRY = 2  # times its size

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
    """Counts for `budget` what goes through read() into `database`, and the readings out of it.
    To be used by its thread.
    """

    def __init__(
        self, database: sqlite3.Connection, budget: Budget, now_ms: Callable[[], int]
    ) -> None:
        self._database = database
        self._budget = budget
        self.readings = Readings(database, now_ms, takes=self._takes_sensor)
        self._spent: Counter[int] = Counter()
        self._sensors: Counter[int] = Counter()
        self._written: list[tuple[bytes, int, int]] = []
        self.learn()

    def learn(self) -> None:
        """Have the budget know what is in the table."""
        learn(self._database, self._budget)

    def read(self, author: int, entries: list[bytes]) -> None:
        """Have new entries read, and count them."""
        self._spent[author] += ENTRY * size_of(entries) + RUN
        self._spent[author] += READING * self.readings.read(author, entries)

    def evidence(self, author: int, size: int) -> None:
        """Count a proof."""
        self._spent[author] += size

    def _takes_sensor(self, author: int, has: int) -> bool:
        """Whether an author that has so many sensors gets one more; then it is counted."""
        waiting = sum(self._sensors.values())
        takes = self._budget.takes_sensor(self._key(author), has, waiting)
        self._sensors[author] += takes
        return takes

    def meet(self, author: bytes) -> None:
        """Note in the table that an author was met."""
        self._database.execute("UPDATE author SET standing = ? WHERE key = ?", (MET, author))

    def write(self) -> None:
        """Put into the tables what was read and counted."""
        self.readings.write()
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
        """What was written stays."""
        for key, cost, sensors in self._written:
            self._budget.spent(key, cost, sensors)
        self._written.clear()

    def forget(self) -> None:
        """What was written since the last commit is gone."""
        self._spent.clear()
        self._sensors.clear()
        self._written.clear()
        self.readings.forget()
        self.learn()

    def _key(self, author: int) -> bytes:
        found = self._database.execute("SELECT key FROM author WHERE id = ?", (author,)).fetchone()
        return bytes(found[0])


def learn(database: sqlite3.Connection, budget: Budget) -> None:
    """Have a budget know what is in the table."""
    budget.load(database.execute(f"{COSTS} FROM author ORDER BY id"))


def trim(database: sqlite3.Connection, budget: Budget) -> None:
    """Take out what is more than a budget allows."""
    learn(database, budget)
    if gone := budget.surplus():
        with database:
            database.execute("BEGIN IMMEDIATE")
            drop(database, gone)


def drop(database: sqlite3.Connection, authors: list[bytes]) -> None:
    """Take out all that is kept of some authors."""
    for key in authors:
        found = database.execute("SELECT id FROM author WHERE key = ?", (key,)).fetchone()
        for statement in DROP if found else ():
            database.execute(statement, found)
