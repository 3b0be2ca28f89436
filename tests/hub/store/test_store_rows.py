"""Rows of the store as they are written within one batch."""

import sqlite3
from contextlib import closing

from stored import clock, entry, faults, identity, part, run_of

from mesh.hub.store import keeper, schema
from mesh.hub.store.keeper import Keeper

ANN = identity(1)


def test_a_gap_is_filled_in_a_batch_of_more_authors_than_are_cached(tmp_path):
    """The newest rows are forgotten then, in the middle of it."""
    path = tmp_path / "store.db"
    entries = [entry(seq) for seq in range(1, 61)]
    others = [run_of(identity(n), [entry(1)]) for n in range(10, 11 + keeper.MOST)]
    with closing(schema.connect(path, writing=True)) as database:
        database.execute("BEGIN")
        rows = Keeper(database, lambda *_: None, lambda: clock(1)[3])
        for run in (part(ANN, entries, 41, 60), *others, part(ANN, entries, 1, 20)):
            rows.keep(run)
        rows.keep(part(ANN, entries, 21, 40))
        rows.write()
        database.execute("COMMIT")
    with closing(sqlite3.connect(path)) as database:
        counted = "SELECT min(first), max(last), sum(last + 1 - first) FROM run WHERE author = 1"
        assert database.execute(counted).fetchone() == (1, 60, 60)
    assert all("reading" in str(fault) for fault in faults(path))  # which were not made here
