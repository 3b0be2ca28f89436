"""The SQL schema of the store, and migration of older stores."""

import sqlite3
from pathlib import Path

from mesh.core.errors import LocalError

NAME = "store.db"
# application id in the file's header (sqlite.org/fileformat.html s.1.3.16): "otms"
APPLICATION_ID = 0x6F746D73
BUSY_S = 10.0
PERIOD_MS = 600_000  # period of a summary
COPY = "copy"  # name of a fact: the store is a copy, so may lack what its peer signed later
JOURNAL = 1 << 24  # bytes that the write-ahead log keeps on disk when it was written back
TRUTH = 8  # added to the quality of a reading that is a bool, as SQLite has no such type

# Each migrates from one version of the schema to the next. What was released never changes.
# run: consecutive entries (a CBOR array of byte strings, as in a run that travels) with the link
# before the first and that of the last, and the head that vouches for them. Rows never overlap.
# author.floor: entries below it are not wanted any more. boot: Unix ms when an author started, by
# its own clock. reading: out of the entries, by time; quality is that of the time, plus 8 for a
# value that is true or false. unplaced: readings whose time is not known, only when they came.
# evidence: two signed statements of an author that disagree, as a CBOR array.
# summary: of each sensor's numbers in PERIOD_MS; stale: periods whose summary is not as their
# readings are. sensor.thinned: readings before that Unix ms are kept as summaries only.
# aside: rows of `run` that cannot be, as SQL literals; run.arrived: Unix ms by our own clock when
# the last of its entries came, 0 if that is not known.
# author.standing: how well it is known (crowd.py); cost: about how many bytes it takes here.
MIGRATIONS = (
    """
    CREATE TABLE author (
        id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, floor INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE run (
        id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES author,
        first INTEGER NOT NULL, before BLOB NOT NULL, last INTEGER NOT NULL, link BLOB NOT NULL,
        head BLOB NOT NULL, entries BLOB NOT NULL
    );
    CREATE UNIQUE INDEX run_first ON run (author, first, last);
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
    CREATE TABLE unplaced (
        author INTEGER NOT NULL REFERENCES author, boots INTEGER NOT NULL,
        sensor INTEGER NOT NULL, time INTEGER NOT NULL, seq INTEGER NOT NULL,
        since_ms INTEGER NOT NULL,
        PRIMARY KEY (author, boots, sensor, time, seq)
    ) WITHOUT ROWID;
    CREATE TABLE evidence (
        author INTEGER PRIMARY KEY REFERENCES author, pair BLOB NOT NULL
    );
    CREATE TABLE fact (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
    """,
    """
    ALTER TABLE sensor ADD COLUMN thinned INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE summary (
        sensor INTEGER NOT NULL REFERENCES sensor, period INTEGER NOT NULL, n INTEGER NOT NULL,
        least REAL NOT NULL, mean REAL NOT NULL, most REAL NOT NULL,
        PRIMARY KEY (sensor, period)
    ) WITHOUT ROWID;
    CREATE TABLE stale (
        sensor INTEGER NOT NULL, period INTEGER NOT NULL, PRIMARY KEY (sensor, period)
    ) WITHOUT ROWID;
    INSERT INTO stale SELECT DISTINCT sensor, time / 600000 FROM reading;
    """,
    """
    CREATE TABLE aside (row TEXT NOT NULL);
    ALTER TABLE run ADD COLUMN arrived INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX run_arrived ON run (author, arrived, first, last);
    """,
    """
    ALTER TABLE author ADD COLUMN standing INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE author ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;
    -- whom this peer met before that was noted is not known: no history is lost by an update
    UPDATE author SET cost = 400
        + (SELECT ifnull(sum(2 * length(entries) + 200), 0) FROM run WHERE author = author.id)
        + (SELECT 64 * count(*) FROM reading JOIN sensor ON sensor.id = sensor
           WHERE sensor.author = author.id)
        + (SELECT 100 * count(*) FROM sensor WHERE author = author.id);
    UPDATE author SET standing = 2 WHERE id IN (SELECT id FROM author ORDER BY id LIMIT 1024);
    """,
)


class Older(LocalError):
    """A store with an older schema, which `mesh up` will migrate."""


def connect(
    path: Path,
    *,
    writing: bool = False,
    factory: type[sqlite3.Connection] = sqlite3.Connection,
) -> sqlite3.Connection:
    """Open a store; if `writing`, also create or migrate it. LocalError if it is none, or newer.

    The caller begins and ends transactions.
    """
    if not writing and not path.exists():
        raise _nothing(path)
    if writing:
        # private, as it has measurements of a home; SQLite's other files get the same mode
        path.touch(0o600)
    where = path.absolute().as_uri() + ("" if writing else "?mode=ro")
    try:
        database = sqlite3.connect(
            where,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
            factory=factory,
        )
        # invalid UTF-8 must not end a query
        database.text_factory = _text
        try:
            _prepare(database, path, writing)
        except BaseException:
            database.close()
            raise
    except sqlite3.Error as error:
        raise broken(path, error) from error
    return database


def broken(path: Path, error: sqlite3.Error) -> LocalError:
    """The error for a store that SQLite cannot use."""
    if path.is_dir():
        return LocalError(f"{path} is a folder, not a store", "move it away")
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
        return LocalError(
            f"{path} is held by another program, for more than {BUSY_S:.0f} s",
            f"nothing is lost: try again, or see who has it: fuser {path}",
        )
    if isinstance(error, sqlite3.OperationalError):
        return LocalError(
            f"{path} cannot be used: {error}",
            "nothing that was kept is lost; is the disk full, or the file somebody else's?",
        )
    return LocalError(
        f"{path} is damaged, or no store: {error}",
        "restore a copy; or move it away: what other peers still keep is fetched anew",
    )


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def late(path: Path) -> LocalError:
    """The error when writing takes too long to wait for."""
    return LocalError(
        f"{path} is not written in time: much has to be written, or its disk hangs",
        "nothing that was acknowledged is lost; it goes on by itself",
    )


def _nothing(path: Path) -> LocalError:
    what = "is empty" if path.exists() else "is not there"
    return LocalError(f"nothing was kept yet: {path} {what}", "`mesh up` keeps what it hears")


def _prepare(database: sqlite3.Connection, path: Path, writing: bool) -> None:
    application, version = (
        database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    )
    tables = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if not (application or tables or writing):  # a peer was stopped while it created it
        raise _nothing(path)
    if application != APPLICATION_ID and (tables or not writing):
        raise LocalError(
            f"{path} is a database of something else", "choose another --home; it was not touched"
        )
    if version > len(MIGRATIONS):
        raise LocalError(
            f"{path} was written by a newer othermesh (version {version} of the store)",
            "update othermesh; nothing was changed",
        )
    if not writing and version < len(MIGRATIONS):
        raise Older(f"{path} is of an older othermesh", "`mesh up` brings it up to date")
    if writing:
        if not tables:  # for older files see `mesh store vacuum`
            database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"PRAGMA journal_size_limit = {JOURNAL}")
        # a crash of the process loses nothing committed
        database.execute("PRAGMA synchronous = NORMAL")
        for number in range(version, len(MIGRATIONS)):
            _migrate(database, number)


def _migrate(database: sqlite3.Connection, number: int) -> None:
    database.executescript(
        f"BEGIN IMMEDIATE; {MIGRATIONS[number]}"
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number + 1}; COMMIT;"
    )
