"""A write-ahead log that belongs to another file: left where a copy was put in a store's place.

SQLite would write its pages into that copy, and make one store out of two. So each start gives the
store a token, which is noted beside it as well: a file with another token is not the one that the
log was written for.
"""

import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path

from mesh.core.errors import LocalError

MARK = "start"  # the fact in the store
ASIDE = ".left"  # behind the name of a log that was put aside
LOGS = ("-wal", "-shm")
BUSY_S = 1.0


def token_of(path: Path) -> str:
    """The token in the store's own file, whatever its log says; nothing if there is none."""
    with contextlib.suppress(sqlite3.Error):
        where = path.absolute().as_uri() + "?mode=ro&immutable=1"
        with closing(sqlite3.connect(where, uri=True)) as database:
            found = database.execute("SELECT value FROM fact WHERE name = ?", (MARK,)).fetchone()
            return str(found[0]) if found else ""
    return ""


def empty(path: Path) -> None:
    """Have what the log holds written into the file, as far as no reader is in the way."""
    with (
        contextlib.suppress(sqlite3.Error),
        closing(sqlite3.connect(path, timeout=BUSY_S)) as database,
    ):
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def put_aside(path: Path, token: str) -> str:
    """Put the log of another store aside, if there is one; what was done, or nothing. LocalError.

    `token`: what the store should hold, or nothing if that is not known.
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
