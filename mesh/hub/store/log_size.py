"""Limit on the size of the store's write-ahead log: SQLite cannot reset it while a read
transaction is open, so it would grow for as long as such a reader stays.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from mesh.hub.store.schema import BUSY_S, JOURNAL

MOST = 8 * JOURNAL  # bytes from which on only the own feed is written
STRANGE = MOST // 2  # bytes from which on strangers are refused
WAIT_MS = 250  # the longest wait of the writing thread for readers to end
AGAIN_S = 2.0  # from one such wait to the next


class TooLong(sqlite3.OperationalError):
    """The log has its greatest length: to be retried, as on a full disk."""

    sqlite_errorcode = sqlite3.SQLITE_FULL


def path_of(store: Path) -> Path:
    """Path of a store's log."""
    return store.with_name(store.name + "-wal")


def size_of(log: Path) -> int:
    """Size of a log in bytes, 0 if there is none."""
    try:
        return log.stat().st_size
    except OSError:
        return 0


def told(size: int) -> str:
    """Reason why a log is long, for a person."""
    return f"its log has {size // 1_000_000} MB, as a program that reads the store does not end"


def empty(database: sqlite3.Connection) -> None:
    """Checkpoint the log and truncate it, unless a reader prevents it. sqlite3.Error."""
    database.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
    try:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        database.execute(f"PRAGMA busy_timeout = {BUSY_S * 1000:.0f}")


def close(database: sqlite3.Connection) -> None:
    """Close the last connection of a store, so that only one file remains."""
    with contextlib.suppress(sqlite3.Error):
        empty(database)  # another program may have the file open
    database.close()


class LogSize:
    """Checks the log of a store, in the thread that writes to `database`."""

    def __init__(
        self,
        store: Path,
        database: sqlite3.Connection,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = path_of(store)
        self._database = database
        self._now_s = now_s
        self._again_s = now_s()

    def check(self) -> None:
        """Checkpoint a long log. TooLong if a reader prevents it and the limit is reached."""
        size = size_of(self._log)
        if size > JOURNAL and self._now_s() >= self._again_s:
            empty(self._database)
            self._again_s = self._now_s() + AGAIN_S
            size = size_of(self._log)
        if size >= MOST:
            raise TooLong(told(size))
