"""Agreements, promises and words about them in a store: taken out as they arrive, bounded, and
evaluated whatever the order in which they came.
"""

import pytest
from stored import KIT, entry, identity, run_of, take

from mesh.core.relations import mark, pact
from mesh.core.relations.agreements import IN_FORCE, OPEN
from mesh.core.relations.mark import YES
from mesh.core.relations.weighing import state_of
from mesh.hub.store import statements
from mesh.hub.store.archive import Archive
from mesh.hub.store.projecting import FACT
from mesh.hub.store.projection import Ground
from mesh.hub.store.queries import Queries
from mesh.hub.store.schema import connect
from mesh.hub.store.statements import OF_STRANGER, Marks, Pacts, stated

ANN, BOB = identity(1), identity(2)
A, B = ANN.public, BOB.public


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def written(who, bodies):
    """The run of a feed that has a reading before each of these (kind, body)."""
    entries = []
    for kind, body in bodies:
        entries.append(entry(len(entries) + 1))
        entries.append(entry(len(entries) + 1, body, kind))
    return run_of(who, entries)


def circle():
    """The runs of ann, who founds a circle and asks bob in, and of bob, who joins."""
    founding = {5: 1, 6: "the seedlings live"}
    first = written(ANN, [(pact.NAME, founding)]).links[1]
    asks = pact.make(
        within=first, after=first, add=[B], need=2, state=state_of(KIT, first, [A, B], 2)
    )
    second = written(ANN, [(pact.NAME, founding), (pact.NAME, asks)]).links[3]
    said = [(pact.NAME, founding), (pact.NAME, asks), (mark.NAME, mark.make(second, YES))]
    return first, second, written(ANN, said), written(BOB, said[2:])


@pytest.mark.parametrize("backwards", [False, True])
def test_what_is_said_is_taken_out_and_evaluated(path, backwards):
    first, second, of_ann, of_bob = circle()
    with Archive(path) as archive:
        take(archive, [of_bob, of_ann] if backwards else [of_ann])
        with Queries(path) as store:
            assert stated(store, A).agreements.state(second) == (IN_FORCE if backwards else OPEN)
        take(archive, [of_bob])
    with Queries(path) as store:
        found = stated(store, A)
    assert sorted(found.statements) == sorted([first, second])
    assert found.agreements.now(first) == (second, [])
    assert found.agreements.members(second) == [A, B]
    assert {(word.author, word.seq) for word in found.words[second]} == {(A, 6), (B, 2)}
    one = found.statements[second]
    assert (one.author, one.seq, one.clock[1:3]) == (A, 4, [1, 4 * 60_000])


def test_a_proof_of_a_fork_counts(path):
    _, second, of_ann, _ = circle()
    lie = run_of(BOB, [entry(1)]), run_of(BOB, [entry(1, [{0: "x", 2: 5}])])
    with Archive(path) as archive:
        take(archive, [of_ann, lie[0]])
        pair = [[run.author, run.first, run.before, run.entries, run.head] for run in lie]
        archive.evidence(B, *pair)
        archive.flush(30)
    with Queries(path) as store:
        agreements = stated(store, A).agreements
    assert agreements.doubles()
    assert agreements.state(second) == OPEN, "whoever is added has to say so"


def test_what_is_malformed_makes_no_row(path):
    bodies = [(pact.NAME, {7: []}), (mark.NAME, {1: b"short", 2: 1}), (pact.NAME, None)]
    with Archive(path) as archive:
        take(archive, [written(ANN, bodies)])
    with Queries(path) as store:
        found = stated(store, A)
        assert [said.kind for said in store.entries(A)].count(pact.NAME) == 2, "they are kept"
    assert not found.statements
    assert not found.words


def test_a_store_that_has_no_such_tables_yet_has_nothing_and_gets_them(path):
    _, second, of_ann, of_bob = circle()
    with Archive(path, projections={}) as archive:
        take(archive, [of_ann, of_bob])
    with Queries(path) as store:
        assert not stated(store, A).statements
    with Archive(path), Queries(path) as store:
        assert stated(store, A).agreements.state(second) == IN_FORCE
        facts = {name for (name,) in store.database.execute("SELECT name FROM fact")}
    assert {FACT + pact.NAME, FACT + mark.NAME} <= facts


@pytest.mark.parametrize(("known", "most"), [(False, OF_STRANGER), (True, OF_STRANGER + 9)])
def test_a_stranger_fills_no_table(path, known, most):
    with Archive(path):
        pass
    database = connect(path, writing=True)
    try:
        ground = Ground(database, lambda: 0, is_known=lambda _: known)
        for made, body in ((Pacts(ground), {7: [["answer", 5]]}), (Marks(ground), {1: A, 2: 1})):
            taken = [made.take(1, seq, [0, 1, 1, None], body) for seq in range(OF_STRANGER + 9)]
            made.write()
            assert sum(taken) == most
            made.forget()
            assert made.take(1, 999, [0, 1, 1, None], body) == known, "after a start too"
    finally:
        database.close()


def test_how_many_authors_are_remembered_is_bounded(path, monkeypatch):
    monkeypatch.setattr(statements, "AUTHORS", 8)
    with Archive(path):
        pass
    database = connect(path, writing=True)
    try:
        made = Marks(Ground(database, lambda: 0, is_known=lambda _: False))
        for author in range(50):
            assert made.take(author, 1, [0, 1, 1, None], {1: A, 2: 1})
        assert len(made._counts) <= 8
        assert len(made._rows) <= 8
    finally:
        database.close()


def test_what_stands_in_one_row_of_entries_is_read_once(path, monkeypatch):
    """Else a member whose agreements stand side by side costs the square of them."""
    count = 40
    bodies = [(pact.NAME, {7: [["answer", n + 1]]}) for n in range(count)]
    run = written(ANN, bodies)
    hashed = []
    links = statements.rows.links
    with Archive(path) as archive:
        take(archive, [run])
    with Queries(path) as store:
        (held,) = store.database.execute("SELECT count(*) FROM run").fetchone()
        monkeypatch.setattr(
            statements.rows,
            "links",
            lambda before, entries: hashed.append(len(entries)) or links(before, entries),
        )
        found = stated(store, A)
    assert sorted(found.statements) == sorted(run.links[1::2])
    assert len(hashed) == held
    assert sum(hashed) == 2 * count
