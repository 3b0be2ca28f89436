"""Questions to the store: what was measured, what was said, how much is kept."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

from mesh.hub.store import schema

# Of each of so many equal parts of the time asked for: when, least, mean, most
THINNED = """
    SELECT min(time), min(value), avg(value), max(value), count(*) FROM reading
    WHERE sensor = ?1 AND time BETWEEN ?2 AND ?3
    GROUP BY (time - ?2) * ?4 / (?3 - ?2 + 1) ORDER BY 1
"""


class Point(NamedTuple):
    """One reading, or several that are near each other. Times in Unix ms."""

    time: int
    least: float
    mean: float
    most: float
    n: int


class Taken(NamedTuple):
    """One reading. quality: of its time, as in a feed's clock; 0 is when it came here."""

    time: int
    seq: int
    quality: int
    value: object


class Sensor(NamedTuple):
    """One sensor of one author that something is kept of."""

    number: int
    author: bytes
    name: str
    unit: str


class Queries:
    """Reads a store, also while a peer writes it. A context manager. LocalError."""

    def __init__(self, path: Path) -> None:
        self._database = schema.connect(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    @property
    def database(self) -> sqlite3.Connection:
        """The connection, which can only read."""
        return self._database

    def authors(self) -> list[bytes]:
        """Whose feeds are kept."""
        return [key for (key,) in self._database.execute("SELECT key FROM author ORDER BY key")]

    def sensors(self, author: bytes | None = None) -> list[Sensor]:
        """The sensors of an author, or of all."""
        rows = self._database.execute(
            "SELECT sensor.id, key, name, unit FROM sensor JOIN author ON author.id = author "
            "WHERE ?1 IS NULL OR key = ?1 ORDER BY key, name",
            (author,),
        )
        return [Sensor(*row) for row in rows]

    def span(self, sensor: Sensor) -> tuple[int, int] | None:
        """When the first and the last reading of a sensor were taken."""
        found: tuple[int | None, int | None] = self._database.execute(
            "SELECT min(time), max(time) FROM reading WHERE sensor = ?", (sensor.number,)
        ).fetchone()
        return None if found[0] is None or found[1] is None else (found[0], found[1])

    def readings(self, sensor: Sensor, since: int, until: int) -> Iterator[Taken]:
        """Each reading from since to until, oldest first."""
        rows = self._database.execute(
            "SELECT time, seq, quality, value FROM reading "
            "WHERE sensor = ? AND time BETWEEN ? AND ? ORDER BY time, seq",
            (sensor.number, since, until),
        )
        return (Taken(*row) for row in rows)

    def thinned(self, sensor: Sensor, since: int, until: int, points: int) -> list[Point]:
        """At most so many points for the readings from since to until, as a plot needs them."""
        rows = self._database.execute(THINNED, (sensor.number, since, until, points))
        return [Point(*row) for row in rows]
