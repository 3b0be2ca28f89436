"""Verifies a whole store, beginning with the authors' keys, and removes what is wrong."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from mesh.core.errors import MeshError
from mesh.core.feed.chain import Run, genesis, read_run
from mesh.core.kit import Kit
from mesh.core.limits import Limits
from mesh.hub.desktop_kit import make_kit
from mesh.hub.store import healing, rows, schema, upkeep
from mesh.hub.store.dropping import SLACK_MS
from mesh.hub.store.own_clock import unix_ms
from mesh.hub.store.projecting import FACT, Projecting, read_author
from mesh.hub.store.projection import Ground
from mesh.hub.store.rows import Row
from mesh.hub.store.schema import COPY

PIECE = 256  # rows checked at a time
MANY = 10_000  # readings between two reports of progress

# The readings are built again in a temporary store, to which the checked one is attached as
# `kept`. It knows no times of starts, so readings without a time are compared by sensor and seq.
PLACED = (
    """CREATE TABLE placed AS SELECT sensor, seq, value FROM kept.reading
    WHERE sensor IN (SELECT DISTINCT sensor FROM unplaced)""",
    "CREATE INDEX placed_seq ON placed (sensor, seq)",
    "CREATE INDEX reading_seq ON reading (sensor, seq)",
    "CREATE INDEX unplaced_seq ON unplaced (sensor, seq)",
)
LOST = """
    SELECT s.author, min(seq), max(seq), count(*) FROM reading AS m
    JOIN kept.sensor AS s ON s.id = m.sensor
    WHERE NOT EXISTS (
        SELECT * FROM kept.reading AS r
        WHERE r.sensor = m.sensor AND r.time = m.time AND r.seq = m.seq AND r.value IS m.value
    ) AND NOT EXISTS (
        SELECT * FROM placed AS p
        WHERE p.sensor = m.sensor AND p.seq = m.seq AND p.value IS m.value
    ) AND (s.thinned = 0 OR m.time >= s.thinned) AND m.time <= ? GROUP BY s.author
"""
ADDED = """
    SELECT author, seq, count(*) FROM kept.reading AS r JOIN kept.sensor ON sensor.id = r.sensor
    WHERE NOT EXISTS (
        SELECT * FROM reading AS m
        WHERE m.sensor = r.sensor AND m.seq = r.seq AND m.time = r.time
    ) AND NOT EXISTS (
        SELECT * FROM unplaced AS u WHERE u.sensor = r.sensor AND u.seq = r.seq
    ) GROUP BY author, seq ORDER BY author, seq
"""
OF_ASKED = """
    SELECT count(*) FROM kept.reading WHERE sensor IN
    (SELECT id FROM kept.sensor WHERE author IN (SELECT author FROM asked))
"""
HOLDS = """
    SELECT last >= ?2 FROM kept.run WHERE author = ?1 AND first =
    (SELECT max(first) FROM kept.run WHERE author = ?1 AND first <= ?2)
"""


class Fault(NamedTuple):
    """Something wrong: whose entries, which, and what; `row`: its id in the table, or 0."""

    author: bytes
    first: int
    last: int
    what: str
    row: int = 0


class Progress(NamedTuple):
    """How many rows were checked, of how many; or of `what` else."""

    done: int
    of: int
    what: str = ""


class Sum(NamedTuple):
    """The sum of what was checked. `gone`: readings whose entries are no longer kept."""

    authors: int
    entries: int
    readings: int
    gone: int


Finding = Fault | Progress | Sum


def check(
    path: Path,
    using: Callable[[sqlite3.Connection], object] = lambda _: None,
    workers: int = os.cpu_count() or 1,
    only: Collection[bytes] | None = None,
) -> Generator[Finding, None, None]:
    """Check a store, or what it has of the authors `only`. Yields faults, and progress. The store
    may be in use.

    using(connection) gets the connection, by which another thread can interrupt a long query.
    LocalError if it cannot be read at all.
    """
    schema.connect(path).close()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="othermesh") as folder,
            closing(_twin(Path(folder) / schema.NAME, path)) as twin,
            ThreadPoolExecutor(workers) as pool,
        ):
            using(twin)
            twin.execute("BEGIN")  # a snapshot, whatever is written meanwhile
            yield from _check(twin, pool, only)
    except sqlite3.Error as error:
        raise schema.broken(path, error) from error


def _twin(made: Path, path: Path) -> sqlite3.Connection:
    """An empty store with the same numbers of authors and sensors as the one in `path`."""
    twin = schema.connect(made, writing=True)
    twin.execute("PRAGMA journal_mode = OFF")
    twin.execute("ATTACH ? AS kept", (f"{path.absolute().as_uri()}?mode=ro",))
    return twin


def _tables(twin: sqlite3.Connection) -> Iterator[Fault]:
    """Check the file and its tables. The rest is checked on the views `sound`."""
    for (problem,) in twin.execute("PRAGMA kept.quick_check(8)").fetchall():
        if problem != "ok":
            yield Fault(b"", 0, 0, f"the file: {problem}")
    for what in healing.wrong(twin, "kept"):
        yield Fault(b"", 0, 0, what)
    wrong = {rule.table: rule.wrong.format("main") for rule in healing.RULES}
    for table in ("author", "sensor"):
        twin.execute(f"INSERT INTO {table} SELECT * FROM kept.{table} WHERE NOT ({wrong[table]})")
    for id, key, first, last in twin.execute(
        "SELECT run.id, key, first, last FROM kept.run LEFT JOIN author ON author.id = author "
        f"WHERE {wrong['run']}"
    ).fetchall():
        yield Fault(key or b"", first, last, "are at seqs that cannot be, or of nobody", id)
    twin.execute(f"CREATE TEMP VIEW sound AS SELECT * FROM kept.run WHERE NOT ({wrong['run']})")


def _check(
    twin: sqlite3.Connection, pool: ThreadPoolExecutor, only: Collection[bytes] | None
) -> Iterator[Finding]:
    yield from _tables(twin)
    authors = twin.execute("SELECT id, key FROM author ORDER BY id").fetchall()
    authors = [one for one in authors if only is None or one[1] in only]
    twin.execute("CREATE TEMP TABLE asked (author INTEGER PRIMARY KEY)")
    twin.executemany("INSERT INTO asked VALUES (?)", [(number,) for number, _ in authors])
    among = "author IN (SELECT author FROM asked)"
    (count,) = twin.execute(f"SELECT count(*) FROM sound WHERE {among}").fetchone()
    projecting = Projecting(Ground(twin, lambda: 0, placing=False))
    done = entries = 0
    for number, key in authors:
        for piece in _pieces(twin, (number, key), pool):
            for _, run, faults in piece:
                yield from faults
                if run is not None:
                    entries += len(run.entries)
                    projecting.read(number, run.entries)
            projecting.write()
            done += len(piece)
            yield Progress(done, count)
    yield from _compare(twin, dict(authors), entries)


Checked = tuple[int, Run | None, list[Fault]]


def _pieces(
    twin: sqlite3.Connection, author: tuple[int, bytes], pool: ThreadPoolExecutor
) -> Iterator[list[Checked]]:
    """Check an author's rows, some at a time, with signatures in threads."""
    number, key = author
    kit = make_kit()
    before: Row | None = None
    found = twin.execute(
        f"SELECT id, {rows.COLUMNS} FROM sound WHERE author = ? ORDER BY first", (number,)
    )
    while some := list(islice(found, PIECE)):
        piece = list(pool.map(lambda one: _row(kit, key, one[0], Row(*one[1:])), some))
        for (id, _, faults), one in zip(piece, some, strict=True):
            row = Row(*one[1:])
            if before is not None and row.first <= before.last:
                faults.append(Fault(key, row.first, before.last, "are there twice", id))
            follows = before is not None and row.first == before.last + 1
            if before is not None and follows and row.before != before.link:
                faults.append(Fault(key, row.first, row.last, "do not follow on those before", id))
            before = row
        yield piece


def _row(kit: Kit, key: bytes, id: int, row: Row) -> Checked:
    """Check a row: order of entries, links, and the author's signature."""
    limits = Limits()
    try:
        entries = rows.unpacked(row.entries)
        run = read_run(kit, [key, row.first, row.before, entries, row.head], limits)
        if run.seq != row.last or run.links[-1] != row.link:
            raise ValueError("the row does not fit its entries")
        if row.first == 1 and row.before != genesis(kit, key):
            raise ValueError("not the beginning of this author's feed")
    except MeshError as error:
        return id, None, [Fault(key, row.first, row.last, error.detail, id)]
    except ValueError as error:
        return id, None, [Fault(key, row.first, row.last, str(error), id)]
    return id, run, []


def _compare(
    twin: sqlite3.Connection, authors: dict[int, bytes], entries: int
) -> Iterator[Finding]:
    """Check that the readings are what the entries say."""
    yield Progress(0, 1, "readings")
    for statement in PLACED:
        twin.execute(statement)
    for number, first, last, count in twin.execute(LOST, (unix_ms() + SLACK_MS,)).fetchall():
        yield Fault(
            authors.get(number, b""), first, last, f"{count} readings are not as the entries say"
        )
    gone = 0
    added = twin.execute(ADDED).fetchall()
    for done, (number, seq, count) in enumerate(added):
        if done % MANY == 0:
            yield Progress(done, len(added), "readings without entries")
        if number not in authors:
            continue
        held = twin.execute(HOLDS, (number, seq)).fetchone()
        if held and held[0]:
            yield Fault(authors.get(number, b""), seq, seq, f"{count} readings that no entry says")
        else:
            gone += count
    (readings,) = twin.execute(OF_ASKED).fetchone()
    yield Sum(len(authors), entries, readings, gone)


def repair(path: Path, faults: list[Fault], own: bytes | None) -> None:
    """Remove what is wrong, and build the readings again. LocalError.

    No peer may use the store. A peer fetches removed entries from others again; for the own feed
    that is not possible, so it continues after a gap.
    """
    with closing(schema.connect(path, writing=True)) as database:

        def work(_: sqlite3.Connection) -> None:
            run = database.execute
            for fault in faults:
                run("DELETE FROM run WHERE id = ?", (fault.row,))
                if fault.author == own and fault.row:
                    run("INSERT OR REPLACE INTO fact VALUES (?, 1)", (COPY,))
            healing.heal(database, own, thorough=True)
            _make_anew(database)

        try:
            upkeep.transaction(database, work, synced=True)
        except sqlite3.Error as error:
            raise schema.broken(path, error) from error


def _make_anew(database: sqlite3.Connection) -> None:
    """Build the readings again out of the entries; those without entries stay. Tables of other
    projections are built when a peer that has these opens the store.
    """
    database.execute("DELETE FROM fact WHERE name GLOB ?", (f"{FACT}*",))
    projecting = Projecting(Ground(database, lambda: 0))
    for number, floor in database.execute("SELECT id, floor FROM author").fetchall():
        sensors = "(SELECT id FROM sensor WHERE author = ?)"
        database.execute(
            f"DELETE FROM reading WHERE sensor IN {sensors} AND seq >= ?", (number, floor)
        )
        database.execute("DELETE FROM unplaced WHERE author = ? AND seq >= ?", (number, floor))
        read_author(database, projecting, number)
    # late entries, from a time whose readings were dropped
    database.execute(
        "DELETE FROM reading WHERE time < (SELECT thinned FROM sensor WHERE id = sensor) "
        "AND NOT EXISTS (SELECT 1 FROM run JOIN sensor ON sensor.author = run.author "
        "WHERE sensor.id = reading.sensor AND seq BETWEEN first AND last AND arrived >= thinned)"
    )
