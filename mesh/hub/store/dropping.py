"""Applies retention: drops what is too old, by time of measurement or arrival, whichever is later.

By the author's clock alone, one that is slow would lose fresh entries, and one that is fast would
keep all. So a time before arrival, or more than SLACK_MS after it, does not count.
"""

import sqlite3

from mesh.core.clock import EARLIEST
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import read_entry
from mesh.hub.desktop_kit import make_kit
from mesh.hub.store import rows
from mesh.hub.store.retention_rules import DAY_MS, Rules
from mesh.hub.store.schema import PERIOD_MS

PIECE = 2000  # rows of entries dropped in one transaction
SLACK_MS = DAY_MS  # how far a clock may be ahead, an author's or our own
FRESH = "EXISTS (SELECT 1 FROM fresh WHERE seq BETWEEN first AND last)"


def age_from(said_ms: int | None, arrived: int, now_ms: int) -> int | None:
    """The Unix ms from which the age counts: what the author `said`, within bounds around when it
    `arrived` (0 if unknown). None if it cannot be told.
    """
    if not 0 < arrived <= now_ms + SLACK_MS:
        known = said_ms is not None and EARLIEST <= said_ms <= now_ms + SLACK_MS
        return said_ms if known else None
    return arrived if said_ms is None else min(max(said_ms, arrived), arrived + SLACK_MS)


def drop_readings(database: sqlite3.Connection, rules: Rules, now_ms: int) -> int:
    """Drop readings past their retention, a day of each sensor at a time. Gives how many."""
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
    """Put the seqs of an author that are newer than that into the table `fresh`."""
    database.execute("CREATE TEMP TABLE IF NOT EXISTS fresh (first INTEGER, last INTEGER)")
    database.execute("DELETE FROM fresh")
    # if only a time in the future is known, it ages from now on
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
    # late readings that stay are shown instead of the summary
    run(
        f"DELETE FROM stale WHERE sensor = ? AND period < ? AND NOT {_has_readings('stale')}",
        (sensor, upto // PERIOD_MS),
    )
    return count


def _drop_future(database: sqlite3.Connection, sensor: int, now_ms: int) -> int:
    """Drop readings with a time in the future, by an author's wrong clock."""
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
    """Drop an author's oldest rows past their retention. Gives the first seq that is left, or 0.

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
    """The Unix ms from which the age of a row counts; now if unknown."""
    id, entries, arrived = row
    since = age_from(_said(database, author, entries), arrived, now_ms)
    if since is None:
        database.execute("UPDATE run SET arrived = ? WHERE id = ?", (now_ms, id))
        return now_ms
    return since


def _said(database: sqlite3.Connection, author: int, entries: bytes) -> int | None:
    """Unix ms of the last of some entries, by their author's clock, or None."""
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
    """Correct times of arrival: our own clock was wrong from since_ms on, until it jumped by by_ms
    to now_ms.
    """
    for (author,) in database.execute("SELECT id FROM author").fetchall():
        database.execute(
            "UPDATE run SET arrived = arrived + ?1 WHERE author = ?2 "
            "AND arrived BETWEEN ?3 AND ?4",
            (by_ms, author, since_ms, now_ms - by_ms),
        )
