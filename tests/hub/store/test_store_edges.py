"""Values at the edges, in every column of every table: a peer opens, goes on, `verify` tells.

EDGES=all tries every one of about 3,000 cases (10 minutes), else some of each table.
"""

import os
import random
import sqlite3
from contextlib import closing
from itertools import product

import pytest
from stored import KIT, NOW, entry, faults, feed, identity, run_of, take

from mesh.core.full.archived import Archived
from mesh.core.limits import Limits
from mesh.hub.store import schema, upkeep
from mesh.hub.store.archive import Archive
from mesh.hub.store.check import repair
from mesh.hub.store.exporting import export
from mesh.hub.store.queries import Queries
from mesh.hub.store.retention_rules import Rules

ANN, BOB, CAT = identity(1), identity(2), identity(3)
INTEGERS = [0, -1, 1 << 31, 1 << 32, (1 << 53) - 1, 1 << 53, (1 << 63) - 1, -(1 << 63)]
VALUES = [str(n) for n in INTEGERS] + [
    "1.5", "9.3e18", "-1e300", "9e999", "''", "'x'", "'7'", "CAST(x'ff61' AS TEXT)",
    "x''", "zeroblob(31)", "zeroblob(32)", "zeroblob(33)", "x'82'", "NULL",
]  # fmt: skip
TABLES = ("author", "run", "boot", "sensor", "reading", "unplaced", "evidence", "fact", "summary")
TABLES += ("stale",)
COUNT = 30
SOME = 10
pytestmark = pytest.mark.timeout(6000 if os.environ.get("EDGES") else 120)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A store that has something in each table; its bytes."""
    path = tmp_path_factory.mktemp("sound") / "store.db"
    with Archive(path) as archive:
        take(archive, [*feed(ANN, COUNT), *feed(BOB, COUNT)])
        unplaced = [entry(seq, when=[0, 7, seq, None]) for seq in range(1, 4)]
        archive.evidence(BOB.public, [1], b"two")
        take(archive, [run_of(CAT, unplaced)])
        archive.do(lambda database: upkeep.sum_up(database, 1 << 40) and None)
        archive.do(lambda database: database.execute("INSERT INTO stale VALUES (1, 5)") and None)
        archive.do(lambda database: database.execute("INSERT INTO fact VALUES ('a', 1)") and None)
    with closing(sqlite3.connect(path)) as database:
        for table in TABLES:
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone()[0], table
    return path.read_bytes()


def columns():
    with closing(sqlite3.connect(":memory:")) as database:
        for migration in schema.MIGRATIONS:
            database.executescript(migration)
        return [
            (table, name)
            for table in TABLES
            for _, name, *_ in database.execute(f"PRAGMA table_info({table})")
        ]


def spoil(path, table, column, value, which):
    """Put a value there; False where the table itself refuses it."""
    with closing(sqlite3.connect(path)) as database, database:
        try:
            where = {
                "all": "",
                "first": f"WHERE {column} = (SELECT min({column}) FROM {table})",
                "last": f"WHERE {column} = (SELECT max({column}) FROM {table})",
            }[which]
            return database.execute(f"UPDATE {table} SET {column} = {value} {where}").rowcount > 0
        except (sqlite3.IntegrityError, sqlite3.OperationalError):
            return False


def use(path):
    """Open it as a peer does, take what comes, and ask all that people ask."""
    own = identity(9)
    with Archive(path, own=own.public) as archive:
        feeds = Archived(
            KIT, own, Limits(), 1, (lambda author: 1, lambda *_: None, lambda *_: None)
        )
        feeds.resume(archive)
        for author in (ANN, BOB, CAT):
            archive.missing(author.public)
            for first in (0, 1, COUNT, 1 << 53):
                archive.run(author.public, first, 900)
        for _ in range(2):  # what is met and found damaged is missing, and comes again
            take(archive, [*feed(ANN, COUNT + 5), *feed(BOB, COUNT + 5), *feed(identity(4), 5)])
        assert archive.trouble == ""
        assert archive.faults == 0
        assert archive.missing(ANN.public) == []
        head = archive.heads()
        assert head[ANN.public][0] == head[BOB.public][0] == COUNT + 6
        assert head[identity(4).public][0] == 6
    with closing(schema.connect(path, writing=True)) as database:
        while upkeep.step(database, Rules(), NOW + (1 << 32)).more:
            pass
    with Queries(path) as store:
        for sensor in store.sensors():
            store.span(sensor)
            assert all(point.n for point in store.thinned(sensor, -(1 << 62), 1 << 62, 9))
            list(store.readings(sensor, -(1 << 62), 1 << 62))
        for author in store.authors():
            list(store.entries(author))
        store.sizes()
        store.counts()
        store.forked()
        export(store, store.sensors(), path.parent / "all.csv")
        export(store, store.sensors(), path.parent / "all.senml.json")


@pytest.mark.parametrize("table", TABLES)
def test_a_peer_opens_whatever_is_in_its_store(sound, tmp_path, table):
    tried = 0
    path = tmp_path / "store.db"
    mine = [column for of, column in columns() if of == table]
    cases = list(product(mine, VALUES, ("all", "first", "last")))
    random.Random(table).shuffle(cases)
    for column, value, which in cases if os.environ.get("EDGES") else cases[:SOME]:
        path.write_bytes(sound)
        if not spoil(path, table, column, value, which):
            continue
        tried += 1
        what = (table, column, value, which)
        try:
            faults(path)
            use(path)
            again = faults(path)
            if again:
                repair(path, again, None)
            assert faults(path) == [], what
            use(path)
        except Exception as error:
            error.add_note(repr(what))
            raise
        (tmp_path / "all.csv").unlink()
    assert tried > SOME // 5
