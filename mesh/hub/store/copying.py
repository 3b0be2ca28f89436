"""One file to keep: a copy of a store, made while a peer uses it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from mesh.core.errors import LocalError
from mesh.hub import files
from mesh.hub.store import schema
from mesh.hub.store.own import COPY

PAGES = 1000  # copied at a time; in between the peer can write


def backup(path: Path, target: Path) -> int:
    """Copy the store in `path` into a new file `target`; its bytes. LocalError.

    The copy knows that it is one: a peer that starts with it goes on behind a gap in its own
    feed, as it may have said more than the copy holds.
    """
    if target.exists():
        raise LocalError(f"{target} is there already", "it is never overwritten: name another")
    part = target.with_name(target.name + ".part")
    try:
        files.create(part, b"")
        with closing(schema.connect(path)) as database, closing(sqlite3.connect(part)) as copy:
            database.backup(copy, pages=PAGES, sleep=0.01)
            with copy:
                copy.execute("INSERT OR REPLACE INTO fact VALUES (?, 1)", (COPY,))
            copy.execute("PRAGMA journal_mode = DELETE")  # all of it in one file
        part.replace(target)
    except sqlite3.Error as error:
        raise LocalError(f"{target} could not be written: {error}") from error
    except OSError as error:
        raise LocalError(f"{target} could not be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size
