"""Detects a write-ahead log that belongs to another file, as after a store was replaced by a copy.

SQLite would write its pages into the copy and mix two stores. So each start gives the store a
token, which is also recorded beside it. A file with another token is not the one that the log was
written for.
"""

import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path

from mesh.core.errors import LocalError

MARK = "start"  # name of the fact in the store
ASIDE = ".left"  # suffix of a log that was put aside
LOGS = ("-wal", "-shm")
BUSY_S = 1.0


def token_of(path: Path) -> str:
    """The token in the store's file, without its log; "" if there is none."""
    with contextlib.suppress(sqlite3.Error):
        where = path.absolute().as_uri() + "?mode=ro&immutable=1"
        with closing(sqlite3.connect(where, uri=True)) as database:
            found = database.execute("SELECT value FROM fact WHERE name = ?", (MARK,)).fetchone()
            return str(found[0]) if found else ""
    return ""


def empty(path: Path) -> None:
    """Write the log back into the file, as far as no reader prevents it."""
    with (
        contextlib.suppress(sqlite3.Error),
        closing(sqlite3.connect(path, timeout=BUSY_S)) as database,
    ):
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def put_aside(path: Path, token: str) -> str:
    """Rename the log if it belongs to another store. Gives what was done, or "". LocalError.

    `token`: what the store should have, or "" if unknown.
    """
    log = path.with_name(path.name + LOGS[0])
    if not token or not log.exists() or not log.stat().st_size or not path.exists():
        return ""
    if token_of(path) == token:
        return ""
    try:
        for end in LOGS:
            beside = path.with_name(path.name + end)
            if beside.exists():
                beside.replace(beside.with_name(beside.name + ASIDE))
    except OSError as error:
        raise LocalError(
            f"{log} belongs to another store, and cannot be put aside: {error.strerror}",
            "move it away by hand; SQLite would mix the two",
        ) from error
    return f"another file took the store's place: the log of the former one is {log.name}{ASIDE}"
