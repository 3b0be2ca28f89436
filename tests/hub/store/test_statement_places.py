"""What is asked of a store by ref costs a look at its tables a second, however often it is asked,
and nothing is kept of what the store has no more.
"""

import contextlib
import sqlite3

from stored import entry, identity, run_of, take

from mesh.core.relations import mark, pact
from mesh.core.relations.mark import YES
from mesh.hub.store import schema, statement_places
from mesh.hub.store.archive import Archive
from mesh.hub.store.queries import Queries
from mesh.hub.store.statement_places import StatementPlaces

ANN, BOB = identity(1), identity(2)


def kept(folder):
    """A store with an agreement of ann and a word of bob about it. Gives its path and the ref."""
    path = folder / schema.NAME
    with Archive(path) as archive:
        said = run_of(ANN, [entry(1, pact.make(need=1, text="the seedlings live"), pact.NAME)])
        ref = said.links[0]
        take(archive, [said, run_of(BOB, [entry(1, mark.make(ref, YES), mark.NAME)])])
        archive.flush(30)
    return path, ref


def test_asking_again_and_again_reads_the_tables_once(tmp_path):
    path, ref = kept(tmp_path)
    with Queries(path) as store:
        asked = []
        store.database.set_trace_callback(asked.append)
        places = StatementPlaces(store.database)
        for number in range(50):
            assert sorted(places(ref)) == sorted([(ANN.public, 1), (BOB.public, 1)])
            assert places(number.to_bytes(32, "big")) == []
    assert len(asked) < 10, "this second all is answered from memory"


def test_what_is_gone_is_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(statement_places, "AGAIN_S", 0.0)
    path, ref = kept(tmp_path)
    with Queries(path) as store:
        places = StatementPlaces(store.database)
        assert len(places(ref)) == 2
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute(f"DELETE FROM {mark.NAME}")
            database.execute(f"DELETE FROM {pact.NAME}")
            database.commit()
        assert places(ref) == []
