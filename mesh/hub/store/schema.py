"""The store's tables, and how an older store becomes one of today."""

import sqlite3
from pathlib import Path

from mesh.core.errors import LocalError

NAME = "store.db"
APPLICATION_ID = (
    0x6F746D73  # in the file's header (https://www.sqlite.org/fileformat.html s.1.3.16)
)
BUSY_S = 10.0

# Each makes the tables of the version before those of the next; what has run once never changes.
# entry: what an author said, as it was signed. span: consecutive entries that are held whole;
# `before` is the link before the first, `link` that of the last. head: a signature of the author
# up to that entry, and the entry's link. boot: Unix ms when an author started, by its own clock.
# reading: out of the entries, to be found by time; it can be made anew from them.
MIGRATIONS = (
    """
    CREATE TABLE author (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE);
    CREATE TABLE entry (
        author INTEGER NOT NULL REFERENCES author, seq INTEGER NOT NULL, bytes BLOB NOT NULL,
        PRIMARY KEY (author, seq)
    ) WITHOUT ROWID;
    CREATE TABLE span (
        author INTEGER NOT NULL REFERENCES author, first INTEGER NOT NULL, before BLOB NOT NULL,
        last INTEGER NOT NULL, link BLOB NOT NULL,
        PRIMARY KEY (author, first)
    ) WITHOUT ROWID;
    CREATE TABLE head (
        author INTEGER NOT NULL REFERENCES author, seq INTEGER NOT NULL, link BLOB NOT NULL,
        head BLOB NOT NULL,
        PRIMARY KEY (author, seq)
    ) WITHOUT ROWID;
    CREATE TABLE boot (
        author INTEGER NOT NULL REFERENCES author, boots INTEGER NOT NULL,
        quality INTEGER NOT NULL, unix_ms INTEGER NOT NULL,
        PRIMARY KEY (author, boots)
    ) WITHOUT ROWID;
    CREATE TABLE sensor (
        id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES author, name TEXT NOT NULL,
        unit TEXT NOT NULL,
        UNIQUE (author, name)
    );
    CREATE TABLE reading (
        sensor INTEGER NOT NULL REFERENCES sensor, time INTEGER NOT NULL, seq INTEGER NOT NULL,
        quality INTEGER NOT NULL, value NOT NULL,
        PRIMARY KEY (sensor, time, seq)
    ) WITHOUT ROWID;
    CREATE TABLE evidence (
        author INTEGER PRIMARY KEY REFERENCES author, seq INTEGER NOT NULL, one BLOB NOT NULL,
        other BLOB NOT NULL
    );
    """,
)


def connect(path: Path, *, writing: bool = False) -> sqlite3.Connection:
    """Open a store; when `writing` make or migrate it too. LocalError: it is none, or a newer one.

    Transactions are begun and ended by whoever uses it.
    """
    if not writing and not path.exists():
        raise LocalError(
            f"nothing was kept yet: {path} is not there", "`mesh up` keeps what it hears"
        )
    where = path if writing else f"{path.absolute().as_uri()}?mode=ro"
    try:
        database = sqlite3.connect(
            where, timeout=BUSY_S, isolation_level=None, check_same_thread=False, uri=not writing
        )
        try:
            _prepare(database, path, writing)
        except BaseException:
            database.close()
            raise
    except sqlite3.DatabaseError as error:
        raise broken(path, error) from error
    return database


def broken(path: Path, error: sqlite3.Error) -> LocalError:
    """What to say of a store that SQLite cannot use."""
    if isinstance(error, sqlite3.OperationalError):
        return LocalError(
            f"{path} cannot be used: {error}", "`mesh doctor` looks at this computer"
        )
    return LocalError(
        f"{path} is damaged, or no store: {error}",
        "restore a copy; or move it away: what other peers still keep is fetched anew",
    )


def _prepare(database: sqlite3.Connection, path: Path, writing: bool) -> None:
    application, version = (
        database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    )
    tables = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != APPLICATION_ID and (tables or not writing):
        raise LocalError(f"{path} is a database of something else", "choose another --home")
    if version > len(MIGRATIONS):
        raise LocalError(
            f"{path} was written by a newer othermesh (version {version} of the store)",
            "update othermesh; nothing was changed",
        )
    if writing:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")  # a crash of ours loses nothing committed
        for number in range(version, len(MIGRATIONS)):
            _migrate(database, number)


def _migrate(database: sqlite3.Connection, number: int) -> None:
    database.executescript(
        f"BEGIN IMMEDIATE; {MIGRATIONS[number]}"
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number + 1}; COMMIT;"
    )
