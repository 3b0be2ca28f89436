"""Repairs a store: removes rows that no present version could have written.

A row may come from an older othermesh, a bad disk or an editor: with numbers out of the protocol's
ranges, or texts and floats instead, as SQLite stores whatever it is given.
"""

import sqlite3
from typing import NamedTuple

from mesh.core.errors import RemoteError
from mesh.core.ranges import END
from mesh.hub.desktop_kit import make_kit
from mesh.hub.store import rows
from mesh.hub.store.rows import Row
from mesh.hub.store.schema import COPY

MOST_ASIDE = 10_000  # damaged rows of runs that are kept aside; more are dropped
FAR = 4 * END  # bound of times and sums of two
TEXTS = "length({0}) NOT BETWEEN 1 AND 255 OR {0} GLOB '*[^A-Za-z0-9:./_-]*'"  # RFC 8428 s.4.5.1


def _no_integer(column: str, least: int, below: int) -> str:
    """An SQL condition for rows without an integer in that range."""
    return f"typeof({column}) <> 'integer' OR {column} NOT BETWEEN {least} AND {below - 1}"


class Rule(NamedTuple):
    """Finds wrong rows of a table; {0} stands for the database. `quick`: fast to check."""

    table: str
    wrong: str
    quick: bool = True


OF_NOBODY = "author NOT IN (SELECT id FROM {0}.author)"
OF_NOTHING = "sensor NOT IN (SELECT id FROM {0}.sensor)"
RULES = (
    Rule("author", "typeof(key) <> 'blob' OR length(key) <> 32"),
    Rule(
        "run",
        f"{OF_NOBODY} OR {_no_integer('first', 1, END)} OR {_no_integer('last', 1, END)} "
        "OR first > last",
    ),
    Rule(
        "sensor",
        f"{OF_NOBODY} OR typeof(name) <> 'text' OR {TEXTS.format('name')} "
        f"OR typeof(unit) <> 'text' OR length(unit) > 255 OR {_no_integer('thinned', 0, FAR)}",
    ),
    Rule(
        "boot",
        f"{OF_NOBODY} OR {_no_integer('boots', 0, END)} OR {_no_integer('quality', 1, 4)} "
        f"OR {_no_integer('unix_ms', -FAR, FAR)}",
    ),
    Rule("evidence", f"{OF_NOBODY} OR typeof(pair) <> 'blob'"),
    Rule(
        "unplaced",
        f"{OF_NOBODY} OR {OF_NOTHING} OR {_no_integer('boots', 0, END)} "
        f"OR {_no_integer('time', -FAR, FAR)} OR {_no_integer('seq', 1, END)} "
        f"OR {_no_integer('since_ms', 0, END + 1)}",
    ),
    Rule("fact", "typeof(name) <> 'text'"),
    Rule(
        "reading",
        f"{OF_NOTHING} OR {_no_integer('time', -FAR, FAR)} OR {_no_integer('seq', 1, END)} "
        f"OR {_no_integer('quality', 0, 16)} OR typeof(value) NOT IN ('integer', 'real', 'text')",
        quick=False,
    ),
    Rule(
        "summary",
        f"{OF_NOTHING} OR {_no_integer('period', -FAR, FAR)} OR {_no_integer('n', 1, 1 << 40)} "
        "OR typeof(least) <> 'real' OR typeof(mean) <> 'real' OR typeof(most) <> 'real'",
        quick=False,
    ),
    Rule("stale", f"{OF_NOTHING} OR {_no_integer('period', -FAR, FAR)}", quick=False),
)
# what can be corrected: the rule, and how
FIXES = (
    (
        Rule("author", _no_integer("floor", 0, END + 1)),
        "floor = ifnull((SELECT min(first) FROM run WHERE author = author.id), 0)",
    ),
    (
        # an author without a standing is a stranger
        Rule("author", f"{_no_integer('standing', 0, 3)} OR {_no_integer('cost', 0, END)}"),
        "standing = 0, cost = 0",
    ),
    (Rule("run", _no_integer("arrived", 0, FAR)), "arrived = 0"),
)
OVERLAPPING = """
    SELECT id, other FROM (
        SELECT id, first, lag(last) OVER w AS before, lag(id) OVER w AS other FROM run
        WINDOW w AS (PARTITION BY author ORDER BY first, last)
    ) WHERE first <= before LIMIT 1
"""
ASIDE = f"""
    INSERT INTO aside SELECT quote(author.key) || ' ' || quote(first) || ' ' || quote(before)
    || ' ' || quote(last) || ' ' || quote(link) || ' ' || quote(head) || ' ' || quote(entries)
    FROM run LEFT JOIN author ON author.id = author WHERE run.id = ?
    AND (SELECT count(*) FROM aside) < {MOST_ASIDE}
"""


def wrong(database: sqlite3.Connection, name: str) -> list[str]:
    """Describe what is wrong with the rows of the database of that name; for runs see RULES."""
    found = []
    counted = [rule for rule in RULES if rule.table != "run"]  # runs are reported one by one
    for rule in (*counted, *(rule for rule, _ in FIXES)):
        (count,) = database.execute(
            f"SELECT count(*) FROM {name}.{rule.table} WHERE {rule.wrong.format(name)}"
        ).fetchone()
        if count:
            found.append(f"{count} rows of the table {rule.table} hold what they cannot")
    for (pair,) in database.execute(f"SELECT pair FROM {name}.evidence"):
        if proof(pair) is None:
            found.append("a proof that is none")
    return found


def heal(database: sqlite3.Connection, own: bytes | None = None, *, thorough: bool) -> list[str]:
    """Remove what is wrong, inside the caller's transaction, and describe it. `thorough`: also
    with rules that look at all readings. If entries of the `own` feed are removed, it continues
    after a gap.
    """
    said = []
    for rule in RULES:
        if rule.quick or thorough:
            count = _take_out(database, rule, own)
            if count:
                said.append(f"{count} rows of the table {rule.table}")
    said += ["a proof that is none"] * _proofs(database)
    count = _overlapping(database, own) + _ends(database, own)
    if count:
        said.append(f"{count} rows of entries that do not fit what they hold")
    for rule, how in FIXES:
        count = database.execute(f"UPDATE {rule.table} SET {how} WHERE {rule.wrong}").rowcount
        if count:
            said.append(f"{count} numbers of the table {rule.table}")
    return said


def heal_author(database: sqlite3.Connection, key: bytes) -> list[tuple[int, int]]:
    """Remove all rows of an author that are inconsistent. Gives their seqs."""
    found = database.execute(
        f"SELECT run.id, {rows.COLUMNS} FROM run JOIN author ON author.id = author WHERE key = ?",
        (key,),
    ).fetchall()
    bad = [(id, Row(*row)) for id, *row in found if not rows.fits(key, Row(*row))]
    for id, _ in bad:
        _aside(database, id, None)
    return [(row.first, row.last) for _, row in bad]


def _take_out(database: sqlite3.Connection, rule: Rule, own: bytes | None) -> int:
    where = f"WHERE {rule.wrong.format('main')}"
    if rule.table == "run":
        found = database.execute(f"SELECT id FROM run {where}").fetchall()
        for (id,) in found:
            _aside(database, id, own)
        return len(found)
    if rule.table == "sensor":
        gone = f"sensor IN (SELECT id FROM sensor {where})"
        for table in ("reading", "summary", "stale", "unplaced"):
            database.execute(f"DELETE FROM {table} WHERE {gone}")
    count = database.execute(f"DELETE FROM {rule.table} {where}").rowcount
    if rule.table == "fact" and count:
        _doubt_own(database)
    return count


def _proofs(database: sqlite3.Connection) -> int:
    none = [
        author
        for author, pair in database.execute("SELECT author, pair FROM evidence").fetchall()
        if proof(pair) is None
    ]
    for author in none:
        database.execute("DELETE FROM evidence WHERE author = ?", (author,))
    return len(none)


def _aside(database: sqlite3.Connection, id: int, own: bytes | None) -> None:
    """Put a row of entries aside; of the own feed, nobody else may have them."""
    whose = "SELECT key FROM author JOIN run ON author.id = author WHERE run.id = ?"
    if database.execute(whose, (id,)).fetchone() in (None, (own,)):
        _doubt_own(database)
    database.execute(ASIDE, (id,))
    database.execute("DELETE FROM run WHERE id = ?", (id,))


def _doubt_own(database: sqlite3.Connection) -> None:
    database.execute("INSERT OR REPLACE INTO fact VALUES (?, 1)", (COPY,))


def _overlapping(database: sqlite3.Connection, own: bytes | None) -> int:
    """Remove one of each two rows that hold the same seqs: the inconsistent one, else the
    later.
    """
    count = 0
    while (found := database.execute(OVERLAPPING).fetchone()) is not None:
        id, other = found
        _aside(database, id if _fits(database, other) else other, own)
        count += 1
    return count


def _ends(database: sqlite3.Connection, own: bytes | None) -> int:
    """Check the last row of each author, from which the feed continues."""
    count = 0
    for (number,) in database.execute("SELECT id FROM author").fetchall():
        newest = "SELECT id FROM run WHERE author = ? ORDER BY first DESC LIMIT 1"
        while (found := database.execute(newest, (number,)).fetchone()) is not None:
            if _fits(database, found[0]):
                break
            _aside(database, found[0], own)
            count += 1
    return count


def _fits(database: sqlite3.Connection, id: int) -> bool:
    key, *row = database.execute(
        f"SELECT key, {rows.COLUMNS} FROM run JOIN author ON author.id = author WHERE run.id = ?",
        (id,),
    ).fetchone()
    return rows.fits(key, Row(*row))


def proof(pair: object) -> tuple[object, object] | None:
    """The two statements in a row of evidence; None if it is malformed."""
    if not isinstance(pair, bytes):
        return None
    try:
        value = make_kit().decode(pair)
    except RemoteError:
        return None
    return (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else None  # noqa: PLR2004
