"""What is too old goes: by when it was measured, or when it came here, whichever is later.

An author whose clock is behind would lose what is fresh, and one whose clock is ahead would keep
all of it for good: so no time counts that is before arrival, or more than SLACK_MS after it.
"""

import sqlite3

from mesh.core.clock import EARLIEST
from mesh.core.errors import RemoteError
from mesh.core.run import read_entry
from mesh.hub.primitives import make_kit
from mesh.hub.store import rows
from mesh.hub.store.rules import DAY_MS, Rules
from mesh.hub.store.schema import PERIOD_MS

PIECE = 2000  # rows of entries dropped in one transaction
SLACK_MS = DAY_MS  # that a clock may be ahead, an author's or our own
FRESH = "EXISTS (SELECT 1 FROM fresh WHERE seq BETWEEN first AND last)"


def age_from(said_ms: int | None, arrived: int, now_ms: int) -> int | None:
    """Unix ms from which on it is kept: what its author `said`, as far as that goes with when it
    `arrived`, 0 if that is not known; None if it cannot be told.
    """
    if not 0 < arrived <= now_ms + SLACK_MS:
        known = said_ms is not None and EARLIEST <= said_ms <= now_ms + SLACK_MS
        return said_ms if known else None
    return arrived if said_ms is None else min(max(said_ms, arrived), arrived + SLACK_MS)


def drop_readings(database: sqlite3.Connection, rules: Rules, now_ms: int) -> int:
    """Drop readings that are kept long enough as the rules say, a day of each sensor; how many."""
    dropped = 0
    for number, author, key, name in database.execute(
        "SELECT sensor.id, author, key, name FROM sensor JOIN author ON author.id = author"
    ).fetchall():
        rule = rules.readings(key, name)
        if rule.ms is not None:
            _note_fresh(database, author, now_ms - rule.ms, now_ms)
            cut = (now_ms - rule.ms) // PERIOD_MS * PERIOD_MS
            dropped += _drop_past(database, number, cut) + _drop_future(database, number, now_ms)
        if rule.thinned_ms is not None:
            cut = (now_ms - max(rule.thinned_ms, rule.ms or 0)) // PERIOD_MS
            kept = "" if rule.ms is None else f"AND NOT {_has_readings('summary')}"
            database.execute(
                f"DELETE FROM summary WHERE sensor = ? AND period < ? {kept}", (number, cut)
            )
    return dropped


def _note_fresh(database: sqlite3.Connection, author: int, cut_ms: int, now_ms: int) -> None:
    """Put into the table `fresh` which seqs of an author came after that."""
    database.execute("CREATE TEMP TABLE IF NOT EXISTS fresh (first INTEGER, last INTEGER)")
    database.execute("DELETE FROM fresh")
    # that of which nothing but a time in the future is known begins to age now
    database.execute(
        "UPDATE run SET arrived = ?2 WHERE author = ?1 AND (arrived > ?3 OR arrived = 0) AND "
        "EXISTS (SELECT 1 FROM reading JOIN sensor ON sensor.id = sensor WHERE sensor.author = ?1"
        " AND time > ?3 AND seq BETWEEN first AND last)",
        (author, now_ms, now_ms + SLACK_MS),
    )
    spans: list[list[int]] = []
    for first, last in sorted(
        database.execute(
            "SELECT first, last FROM run WHERE author = ? AND arrived BETWEEN ? AND ?",
            (author, cut_ms, now_ms + SLACK_MS),
        ).fetchall()
    ):
        if spans and first == spans[-1][1] + 1:
            spans[-1][1] = last
        else:
            spans.append([first, last])
    database.executemany("INSERT INTO fresh VALUES (?, ?)", spans)


def _drop_past(database: sqlite3.Connection, sensor: int, cut: int) -> int:
    run = database.execute
    oldest = run(
        f"SELECT time FROM reading WHERE sensor = ? AND time < ? AND NOT {FRESH} "
        "ORDER BY time LIMIT 1",
        (sensor, cut),
    ).fetchone()
    if oldest is None:
        return 0
    upto = min(cut, (int(oldest[0]) // PERIOD_MS + 1) * PERIOD_MS + DAY_MS)
    run("UPDATE sensor SET thinned = max(thinned, ?) WHERE id = ?", (upto, sensor))
    count = run(
        f"DELETE FROM reading WHERE sensor = ? AND time < ? AND NOT {FRESH}", (sensor, upto)
    ).rowcount
    run(f"DELETE FROM unplaced WHERE sensor = ? AND time < ? AND NOT {FRESH}", (sensor, upto))
    # where readings are left that came late, they are shown, and not the summary
    run(
        f"DELETE FROM stale WHERE sensor = ? AND period < ? AND NOT {_has_readings('stale')}",
        (sensor, upto // PERIOD_MS),
    )
    return count


def _drop_future(database: sqlite3.Connection, sensor: int, now_ms: int) -> int:
    """Readings of a time that is still to come, by an author's wrong clock."""
    which = f"WHERE sensor = ? AND time > ? AND NOT {FRESH}"
    count = database.execute(f"DELETE FROM reading {which}", (sensor, now_ms + SLACK_MS)).rowcount
    database.execute(
        f"DELETE FROM stale WHERE sensor = ? AND period > ? AND NOT {_has_readings('stale')}",
        (sensor, (now_ms + SLACK_MS) // PERIOD_MS),
    )
    return count


def _has_readings(table: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM reading WHERE reading.sensor = {table}.sensor AND "
        f"time >= {table}.period * {PERIOD_MS} AND time < ({table}.period + 1) * {PERIOD_MS})"
    )


def drop_entries(
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
        "SELECT id, last, entries, arrived FROM run WHERE author = ? AND first < "
        "(SELECT max(first) FROM run WHERE author = ?) ORDER BY first LIMIT ?",
        (number, number, PIECE),
    ).fetchall()
    for id, last, entries, arrived in oldest:
        is_old = rule.ms is not None and (
            _from(database, number, (id, entries, arrived), now_ms) < now_ms - rule.ms
        )
        if surplus <= 0 and not is_old:
            break
        surplus -= len(entries)
        floor = last + 1
    if floor:
        database.execute("DELETE FROM run WHERE author = ? AND first < ?", (number, floor))
        database.execute("UPDATE author SET floor = ? WHERE id = ?", (floor, number))
    return floor


def _from(
    database: sqlite3.Connection, author: int, row: tuple[int, bytes, int], now_ms: int
) -> int:
    """Unix ms from which on a row is kept: from now on where that cannot be told."""
    id, entries, arrived = row
    since = age_from(_said(database, author, entries), arrived, now_ms)
    if since is None:
        database.execute("UPDATE run SET arrived = ? WHERE id = ?", (now_ms, id))
        return now_ms
    return since


def _said(database: sqlite3.Connection, author: int, entries: bytes) -> int | None:
    """Unix ms of the last of some entries by their author's clock, or None."""
    try:
        _, clock, _, _ = read_entry(make_kit(), rows.unpacked(entries)[-1])
    except (ValueError, RemoteError):
        return None
    if clock[0] and clock[3] is not None:
        return clock[3]
    known = database.execute(
        "SELECT unix_ms FROM boot WHERE author = ? AND boots = ?", (author, clock[1])
    ).fetchone()
    return None if known is None else int(known[0]) + (clock[2] or 0)


def our_clock_jumped(database: sqlite3.Connection, since_ms: int, by_ms: int, now_ms: int) -> None:
    """Our own clock was wrong from since_ms, by itself, until it jumped by by_ms to now_ms: what
    arrived meanwhile arrived by_ms later.
    """
    for (author,) in database.execute("SELECT id FROM author").fetchall():
        database.execute(
            "UPDATE run SET arrived = arrived + ?1 WHERE author = ?2 "
            "AND arrived BETWEEN ?3 AND ?4",
            (by_ms, author, since_ms, now_ms - by_ms),
        )
