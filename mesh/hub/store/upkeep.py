"""Periodic maintenance of the store: summaries are updated, what is too old is dropped."""

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from mesh.hub.store.dropping import drop_entries, drop_readings
from mesh.hub.store.meter import MEASURED
from mesh.hub.store.retention_rules import Rules
from mesh.hub.store.schema import PERIOD_MS

SPARE = 1000  # free pages that stay in the file for later
PIECE = 2000  # periods summarised, or pages released, at a time
NUMBERS = "typeof(value) IN ('integer', 'real')"
SUM_UP = f"""
    INSERT OR REPLACE INTO summary
    SELECT p.sensor, p.period, count(*), min(value), avg(value), max(value)
    FROM piece AS p CROSS JOIN reading AS r ON r.sensor = p.sensor
    AND r.time >= p.period * {PERIOD_MS} AND r.time < (p.period + 1) * {PERIOD_MS}
    WHERE {NUMBERS} GROUP BY p.sensor, p.period
"""
OF_PIECE = "(sensor, period) IN (SELECT sensor, period FROM piece)"


class Done(NamedTuple):
    """The result of a step: the new floor of each author that lost entries; whether more is to
    do.
    """

    floors: dict[bytes, int]
    more: bool


def transaction(
    database: sqlite3.Connection, work: Callable[[sqlite3.Connection], None], synced: bool = False
) -> None:
    """Run work in a transaction; `synced`: so that a power cut cannot undo it."""
    database.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
    database.execute("BEGIN IMMEDIATE")
    try:
        work(database)
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")
        if synced:
            database.execute("PRAGMA synchronous = NORMAL")


def step(
    database: sqlite3.Connection, rules: Rules, now_ms: int, *, dropping: bool = True
) -> Done:
    """Do one piece of maintenance; `dropping`: also drop what is too old. sqlite3.Error if the
    file cannot be written.
    """
    summed = 0
    floors: dict[bytes, int] = {}
    dropped = 0

    def work(_: sqlite3.Connection) -> None:
        nonlocal summed, dropped
        summed = sum_up(database, now_ms // PERIOD_MS)
        if summed < PIECE and dropping:  # nothing is dropped before it is summarised
            dropped = drop_readings(database, rules, now_ms)
            for number, key, floor in database.execute(
                "SELECT id, key, floor FROM author"
            ).fetchall():
                new = drop_entries(database, (number, key), rules, now_ms)
                if new > floor:
                    floors[key] = new
                    database.execute(MEASURED, (number,))

    transaction(database, work)
    (free,) = database.execute("PRAGMA freelist_count").fetchone()
    if free > SPARE:  # no effect in old files without incremental vacuum
        # execute() would run one step, which is one page
        database.executescript(f"PRAGMA incremental_vacuum({min(PIECE, free - SPARE)})")
    return Done(floors, summed == PIECE or dropped > 0 or bool(floors))


def sum_up(database: sqlite3.Connection, before: int) -> int:
    """Compute stale summaries of periods that are over. Gives how many."""
    run = database.execute
    run("CREATE TEMP TABLE IF NOT EXISTS piece (sensor INTEGER, period INTEGER)")
    run("DELETE FROM piece")
    # periods kept as summaries only have no readings
    run(
        "INSERT INTO piece SELECT sensor, period FROM stale JOIN sensor ON id = sensor "
        f"WHERE period < ? AND period >= thinned / {PERIOD_MS} LIMIT {PIECE}",
        (before,),
    )
    run(f"DELETE FROM summary WHERE {OF_PIECE}")
    run(SUM_UP)
    run(f"DELETE FROM stale WHERE {OF_PIECE}")
    found: int = run("SELECT count(*) FROM piece").fetchone()[0]
    return found
