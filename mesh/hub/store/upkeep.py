"""What is done now and then: summaries brought up to date, and what is too old dropped."""

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

import cbor2

from mesh.hub.store import rows
from mesh.hub.store.meter import MEASURED
from mesh.hub.store.rules import DAY_MS, Rules
from mesh.hub.store.schema import PERIOD_MS

SPARE = 1000  # free pages that stay in the file for what comes
PIECE = 2000  # periods summed up, or rows dropped, in one transaction
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
    """What a step did: the new floor of each author that lost entries; whether more is to do."""

    floors: dict[bytes, int]
    more: bool


def transaction(
    database: sqlite3.Connection, work: Callable[[sqlite3.Connection], None], synced: bool = False
) -> None:
    """Do something wholly or not at all; `synced`: once it is done a power cut cannot undo it."""
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


def step(database: sqlite3.Connection, rules: Rules, now_ms: int) -> Done:
    """One piece of the work. sqlite3.Error if the file cannot be written."""
    summed = 0
    floors: dict[bytes, int] = {}
    dropped = 0

    def work(_: sqlite3.Connection) -> None:
        nonlocal summed, dropped
        summed = sum_up(database, now_ms // PERIOD_MS)
        if summed < PIECE:  # nothing goes that is not summed up
            dropped = _drop_readings(database, rules, now_ms)
            for number, key, floor in database.execute(
                "SELECT id, key, floor FROM author"
            ).fetchall():
                new = _drop_entries(database, (number, key), rules, now_ms)
                if new > floor:
                    floors[key] = new
                    database.execute(MEASURED, (number,))

    transaction(database, work)
    (free,) = database.execute("PRAGMA freelist_count").fetchone()
    if free > SPARE:  # of no effect in a file that was made before it could give back
        # execute() would do one step of it, which is one page
        database.executescript(f"PRAGMA incremental_vacuum({min(PIECE, free - SPARE)})")
    return Done(floors, summed == PIECE or dropped > 0 or bool(floors))


def sum_up(database: sqlite3.Connection, before: int) -> int:
    """Sum up some of the stale periods that are over; how many."""
    run = database.execute
    run("CREATE TEMP TABLE IF NOT EXISTS piece (sensor INTEGER, period INTEGER)")
    run("DELETE FROM piece")
    # what is kept as summaries only has no readings to be summed up
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


def _drop_readings(database: sqlite3.Connection, rules: Rules, now_ms: int) -> int:
    run = database.execute
    dropped = 0
    sensors = run(
        "SELECT sensor.id, key, name FROM sensor JOIN author ON author.id = author"
    ).fetchall()
    for number, key, name in sensors:
        rule = rules.readings(key, name)
        if rule.ms is not None:
            cut = (now_ms - rule.ms) // PERIOD_MS * PERIOD_MS
            oldest = run(
                "SELECT time FROM reading WHERE sensor = ? AND time < ? ORDER BY time LIMIT 1",
                (number, cut),
            ).fetchone()
            if oldest is not None:
                upto = min(cut, (int(oldest[0]) // PERIOD_MS + 1) * PERIOD_MS + DAY_MS)
                run("UPDATE sensor SET thinned = max(thinned, ?) WHERE id = ?", (upto, number))
                run(
                    "DELETE FROM stale WHERE sensor = ? AND period < ?",
                    (number, upto // PERIOD_MS),
                )
                of_old = "sensor = ? AND time < ?"
                run(f"DELETE FROM unplaced WHERE {of_old}", (number, upto))
                dropped += run(f"DELETE FROM reading WHERE {of_old}", (number, upto)).rowcount
        if rule.thinned_ms is not None:
            cut = (now_ms - max(rule.thinned_ms, rule.ms or 0)) // PERIOD_MS
            run("DELETE FROM summary WHERE sensor = ? AND period < ?", (number, cut))
    return dropped


def _drop_entries(
    database: sqlite3.Connection, author: tuple[int, bytes], rules: Rules, now_ms: int
) -> int:
    """Drop an author's oldest rows as the rules say; the first seq that is left, or 0.

    What stays can be verified: each row has the link before it, and its own head.
    """
    number, key = author
    rule = rules.entries(key)
    if rule.ms is None and rule.bytes is None:
        return 0
    surplus = 0
    if rule.bytes is not None:
        (size,) = database.execute(
            "SELECT ifnull(sum(length(entries)), 0) FROM run WHERE author = ?", (number,)
        ).fetchone()
        surplus = size - rule.bytes
    floor = 0
    oldest = database.execute(
        "SELECT first, last, entries FROM run WHERE author = ? AND first < "
        "(SELECT max(first) FROM run WHERE author = ?) ORDER BY first LIMIT ?",
        (number, number, PIECE),
    ).fetchall()
    for _, last, entries in oldest:
        is_old = rule.ms is not None and _time(database, number, entries) < now_ms - rule.ms
        if surplus <= 0 and not is_old:
            break
        surplus -= len(entries)
        floor = last + 1
    if floor:
        database.execute("DELETE FROM run WHERE author = ? AND first < ?", (number, floor))
        database.execute("UPDATE author SET floor = ? WHERE id = ?", (floor, number))
    return floor


def _time(database: sqlite3.Connection, author: int, entries: bytes) -> int:
    """Unix ms of the last of some entries; far in the future if it is not known."""
    unknown = 1 << 62
    try:
        _, clock, _, _ = cbor2.loads(rows.unpacked(entries)[-1])
    except (ValueError, TypeError, IndexError):
        return unknown
    if clock[0] and clock[3] is not None:
        return int(clock[3])
    known = database.execute(
        "SELECT unix_ms FROM boot WHERE author = ? AND boots = ?", (author, min(clock[1], 1 << 62))
    ).fetchone()
    return unknown if known is None else int(known[0] + clock[2])
