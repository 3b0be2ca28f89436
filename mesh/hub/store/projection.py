"""A projection: the entries of one kind as rows of tables, for SQL queries."""

import abc
import sqlite3
from collections.abc import Callable, Mapping
from typing import NamedTuple

from mesh.core.limits import Limits

Clock = list[int | None]  # quality, boots, ms since boot, Unix ms or None


class Ground(NamedTuple):
    """The context of projections, in one thread and the caller's transactions.

    now_ms() gives Unix ms. takes_sensor(author, count): whether an author with that many sensors
    may have one more; is_known(author): whether it is no stranger. `placing`: whether a reading
    without a time waits for one; else it gets the time of arrival.
    """

    database: sqlite3.Connection
    now_ms: Callable[[], int]
    placing: bool = True
    takes_sensor: Callable[[int, int], bool] = lambda _, has: has < Limits.author_sensors
    is_known: Callable[[int], bool] = lambda _: True


class Projection(abc.ABC):
    """Makes table rows of the entries of one kind, for which it is registered.

    TABLES: its own tables, {name: "CREATE TABLE name ..."}; each has the columns author and seq.
    They are created, and filled from all stored entries, when a store lacks them.
    """

    TABLES: Mapping[str, str] = {}

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    @abc.abstractmethod
    def take(self, author: int, seq: int, clock: Clock, body: object) -> int:
        """Read an entry of an author, given by number. Gives the number of rows. RemoteError if it
        is malformed; any other error is a fault, and the run is not stored.
        """

    def write(self) -> None:  # noqa: B027 - not all keep something back until then
        """Write to the tables what take() read."""

    def forget(self) -> None:  # noqa: B027 - as write()
        """Reset after a rollback of the transaction: read again what there is."""
