"""Connection for reading a store that raises LocalError for SQLite's errors: a damaged page is
only found when a query gets there, which may be at any row.
"""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

from mesh.hub.store import schema

Found = TypeVar("Found")
ROWS = 1000  # that are fetched at a time when all are wanted


class Reading(sqlite3.Connection):
    """A connection to a store. LocalError from every query and every row."""

    def execute(self, *words: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as SQLite has it
        """A cursor with such errors, at the result of a query."""
        return self.cursor(_Cursor).execute(*words)


class _Cursor(sqlite3.Cursor):
    def execute(self, *words: Any) -> Self:  # noqa: ANN401 - as SQLite has it
        self._told(lambda: sqlite3.Cursor.execute(self, *words))
        return self

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        # many rows at a time, as a call in Python for each costs a tenth of a long question
        while found := self._told(lambda: sqlite3.Cursor.fetchmany(self, ROWS)):
            yield from found

    def __next__(self) -> Any:  # noqa: ANN401 - a row
        return self._told(super().__next__)

    def fetchone(self) -> Any:  # noqa: ANN401 - a row
        return self._told(super().fetchone)

    def fetchall(self) -> list[Any]:
        return self._told(super().fetchall)

    def _told(self, read: Callable[[], Found]) -> Found:
        try:
            return read()
        except sqlite3.Error as error:
            files = sqlite3.Connection.execute(self.connection, "PRAGMA database_list")
            raise schema.broken(Path(files.fetchone()[2]), error) from error


def connect(path: Path) -> sqlite3.Connection:
    """Open a store for reading. LocalError, now and later."""
    return schema.connect(path, factory=Reading)
