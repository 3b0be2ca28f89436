"""What peers say of their keys, in a store: taken out as it arrives, bounded, and evaluated
whatever the order in which it came, also when the entries themselves are gone.
"""

import pytest
from stored import KIT, NOW, STEP, entry, identity, run_of, take

from mesh.core.relations import key, mark
from mesh.core.relations.mark import YES
from mesh.hub.store.archive import Archive
from mesh.hub.store.keyed import Keys, keyed
from mesh.hub.store.projecting import FACT
from mesh.hub.store.projection import Ground
from mesh.hub.store.queries import Queries
from mesh.hub.store.schema import connect
from mesh.hub.store.statements import OF_STRANGER

ANN, NEXT, BOB, EVE = (identity(number) for number in (1, 2, 3, 4))
A, B = ANN.public, BOB.public


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def written(who, bodies):
    """The run of a feed with these (kind, body), or readings."""
    entries = [
        entry(at + 1) if one is None else entry(at + 1, one[1], one[0])
        for at, one in enumerate(bodies)
    ]
    return run_of(who, entries)


def commits(guardians=(), need=0):
    return key.NAME, key.make(KIT.sha256(NEXT.public), list(guardians), need)


def goes_on(old, end, link):
    return key.NAME, key.make(old=(old, end, link))


def told(path):
    with Queries(path) as store:
        return keyed(store)


@pytest.mark.parametrize("backwards", [False, True])
def test_who_goes_on_is_found_whatever_came_first(path, backwards):
    ann = written(ANN, [commits(), None, None])
    anew = written(NEXT, [goes_on(A, 2, ann.links[1]), None])
    with Archive(path) as archive:
        take(archive, [anew, ann] if backwards else [ann, anew])
    found = told(path)
    assert found.successions.successor(A) == NEXT.public
    assert found.successions.end(A) == 2
    assert found.since(NEXT.public) == NOW + STEP


def test_guardians_say_yes_and_it_stays_when_entries_are_dropped(path):
    ann = written(ANN, [None, commits([B], 1)])
    eve = written(EVE, [goes_on(A, 2, ann.links[1]), None, None])
    bob = written(BOB, [(mark.NAME, mark.make(eve.links[0], YES))])
    with Archive(path) as archive:
        take(archive, [bob, eve])
        assert told(path).successions.successor(A) is None
        take(archive, [ann])
    assert told(path).successions.successor(A) == EVE.public
    with connect(path, writing=True) as database:
        database.execute("DELETE FROM run")
    assert told(path).successions.successor(A) == EVE.public


def test_a_fork_ends_what_counts(path):
    ann = written(ANN, [None, commits()])
    lie = written(ANN, [None, None])
    anew = written(NEXT, [goes_on(A, 2, ann.links[1])])
    with Archive(path) as archive:
        take(archive, [ann, anew])
        pair = [[run.author, run.first, run.before, run.entries, run.head] for run in (ann, lie)]
        archive.evidence(A, *pair)
        archive.flush(30)
    assert told(path).successions.successor(A) is None


def test_what_is_malformed_makes_no_row(path):
    with Archive(path) as archive:
        take(archive, [written(ANN, [(key.NAME, {}), (key.NAME, {1: b"short"}), (key.NAME, 5)])])
    assert told(path).said == []


def test_a_store_of_an_older_version_gets_the_table(path):
    with Archive(path, projections={}) as archive:
        take(archive, [written(ANN, [commits()])])
    assert told(path).said == []
    with Archive(path):
        pass
    (one,) = told(path).said
    assert (one.author, one.seq, one.at) == (A, 1, NOW + STEP)
    with Queries(path) as store:
        facts = {name for (name,) in store.database.execute("SELECT name FROM fact")}
    assert FACT + key.NAME in facts


def test_a_stranger_fills_no_table(path):
    with Archive(path) as archive:
        take(archive, [written(ANN, [None])])
    database = connect(path, writing=True)
    try:
        made = Keys(Ground(database, lambda: 7, is_known=lambda _: False))
        body = key.make(b"h" * 32)
        taken = [made.take(1, seq, [0, 1, 1, None], body) for seq in range(1, OF_STRANGER + 9)]
        made.write()
        assert sum(taken) == OF_STRANGER
        assert database.execute("SELECT DISTINCT at FROM keys").fetchall() == [(7,)]
    finally:
        database.close()
