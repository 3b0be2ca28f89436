"""What bounds the delivery of readings: signatures, hashes and SQLite, each alone on one core."""

import hashlib
import sqlite3
import tempfile
import time
from pathlib import Path

from crypto import ceiling

ROWS = 100_000


def measure():
    """(signatures, checks, links of a chain, rows of SQLite) a second."""
    sign, verify, _ = ceiling()
    return sign, verify, _links(), _rows()


def _links():
    entry, link = bytes(60), bytes(32)
    start = time.process_time()
    for _ in range(ROWS):
        link = hashlib.sha256(link + entry).digest()
    return ROWS / (time.process_time() - start)


def _rows():
    """Rows like those of readings, a thousand in a transaction, write-ahead log."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "rows.db", isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(
            "CREATE TABLE reading (sensor INTEGER, time INTEGER, seq INTEGER, quality INTEGER,"
            " value, PRIMARY KEY (sensor, time, seq)) WITHOUT ROWID"
        )
        rows = [(1, 1_700_000_000_000 + n, n, 2, n / 10) for n in range(ROWS)]
        start = time.process_time()
        for at in range(0, ROWS, 1000):
            database.execute("BEGIN")
            database.executemany(
                "INSERT INTO reading VALUES (?, ?, ?, ?, ?)", rows[at : at + 1000]
            )
            database.execute("COMMIT")
        took = time.process_time() - start
        database.close()
    return ROWS / took
