"""Backup of a store into one file, while a peer uses it."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from mesh.core.errors import LocalError
from mesh.hub.failure import Failure
from mesh.hub.home import files
from mesh.hub.store import schema
from mesh.hub.store.schema import COPY

STEPS = 10_000  # of SQLite's machine, after which it is looked whether to stop
PAGES = 1000  # pages copied at a time; the peer can write in between


def backup(path: Path, target: Path, stopped: Callable[[], bool] = lambda: False) -> int:
    """Copy the store in `path` into a new file `target`, and give its bytes. LocalError, also when
    stopped() says so.

    The copy is marked as one: a peer that starts with it leaves a gap in its own feed, as it may
    have signed more than the copy holds.
    """
    if target.exists():
        raise Failure(f"{target} is there already", "it is never overwritten: name another")
    if not target.parent.is_dir():
        raise Failure(f"{target} cannot be written: there is no folder {target.parent}")
    with closing(schema.connect(path)) as database:
        try:
            with files.draft(target, 0o600) as part:
                _copy(database, part, stopped)
        except sqlite3.OperationalError as error:
            raise _short(database, target, str(error)) from error
        except sqlite3.Error as error:
            raise schema.broken(path, error) from error
        except OSError as error:
            raise _short(database, target, error.strerror or str(error)) from error
    return target.stat().st_size


def damage(path: Path, stopped: Callable[[], bool] = lambda: False) -> str:
    """What SQLite finds wrong in the pages of a store, in a line; "" if nothing is. LocalError if
    stopped() says so.
    """
    try:
        with closing(schema.connect(path)) as database:
            database.set_progress_handler(stopped, STEPS)
            found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except (sqlite3.Error, LocalError) as error:
        found = str(error)
    if stopped():
        raise LocalError("the check of the copy was cancelled", f"{path} was made all the same")
    return "" if found == "ok" else " ".join(str(found).split())


def _copy(database: sqlite3.Connection, target: Path, stopped: Callable[[], bool]) -> None:
    def between(*_: object) -> None:
        if stopped():
            raise LocalError("the backup was cancelled")

    with closing(sqlite3.connect(target)) as copy:
        database.backup(copy, pages=PAGES, progress=between, sleep=0.01)
        copy.execute("PRAGMA journal_mode = DELETE")  # so that it is one file
        with copy:
            copy.execute("INSERT OR REPLACE INTO fact VALUES (?, 1)", (COPY,))


def _short(database: sqlite3.Connection, target: Path, why: str) -> LocalError:
    """The error if a copy could not be written: mostly the disk is full."""
    pages, size = (
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
    )
    free = shutil.disk_usage(target.parent).free
    return LocalError(
        f"{target} could not be written: {why}",
        f"it takes more than {pages * size // 1024} KiB, and {free // 1024} KiB are free there; "
        "nothing was left behind",
    )
