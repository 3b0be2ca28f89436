"""The store: whatever comes in whatever order, it is kept once, whole, and can be proven."""

import random

import pytest
from stored import KIT, NOW, STEP, clock, entry, faults, feed, identity, part, record, run_of, take

from mesh.core.codec.cbor import Decimal
from mesh.core.feed.chain import read_run, seam
from mesh.core.limits import Limits
from mesh.hub.store.archive import Archive
from mesh.hub.store.queries import Queries

ANN = identity(1)
BOB = identity(2)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def test_keeps_what_it_took_and_gives_it_again(path):
    with Archive(path) as archive:
        take(archive, feed(ANN, 100))
        assert archive.missing(ANN.public) == []
        next_seq, link, head = archive.heads()[ANN.public]
        assert (next_seq, link) == (
            101,
            part(ANN, [entry(n) for n in range(1, 101)], 1, 100).links[-1],
        )
    with Archive(path) as archive:
        assert archive.heads()[ANN.public] == (next_seq, link, head)
        first, entries = 1, []
        while (given := archive.run(ANN.public, first, 900)) is not None:
            run = read_run(KIT, given, Limits())
            assert run.first == first
            assert len(KIT.encode(given)) <= 900
            entries += run.entries
            first = run.seq + 1
        assert entries == [entry(n) for n in range(1, 101)]
        assert archive.run(BOB.public, 1, 900) is None
    assert faults(path) == []


def test_a_run_that_does_not_fit_gives_its_end(path):
    entries = [entry(seq) for seq in range(1, 61)]
    with Archive(path) as archive:
        take(archive, [run_of(ANN, entries)])
        run = read_run(KIT, archive.run(ANN.public, 1, 900), Limits())
        assert (run.seq, run.first > 1) == (60, True)


@pytest.mark.parametrize("seed", range(30))
def test_in_any_order_and_overlap_it_is_the_same(path, seed):
    chance = random.Random(seed)
    entries = [entry(seq) for seq in range(1, 61)]
    whole = run_of(ANN, entries)
    runs = []
    for _ in range(30):
        first = chance.randint(1, 60)
        last = min(60, first + chance.randint(0, 12))
        before = whole.links[first - 2] if first > 1 else None
        runs.append(run_of(ANN, entries[first - 1 : last], first, before))
    expected = set()
    with Archive(path) as archive:
        for run in runs:
            archive.took(ANN.public, run)
            if chance.random() < 0.3:
                archive.flush()
            expected |= set(range(run.first, run.seq + 1))
            gaps = {n for low, high in archive.missing(ANN.public) for n in range(low, high + 1)}
            assert gaps == set(range(1, max(expected))) - expected
        archive.flush()
        after = Archive(path)
        after._held.load(archive.database)
        assert after.missing(ANN.public) == archive.missing(ANN.public)
    with Queries(path) as store:
        assert [said.seq for said in store.entries(ANN.public)] == sorted(expected)
        (sensor,) = store.sensors()
        assert [t.seq for t in store.readings(sensor, 0, 1 << 60)] == sorted(expected)
    assert faults(path) == []


def test_a_new_start_is_no_gap(path):
    start = 7 << 32
    later = run_of(ANN, [entry(start + 1)], start + 1, seam(KIT, ANN.public, start))
    with Archive(path) as archive:
        take(archive, [*feed(ANN, 5), later])
        assert archive.missing(ANN.public) == []
        take(archive, [run_of(BOB, [entry(9)], 9, b"\1" * 32)])
        assert archive.missing(BOB.public) == [(1, 8)]
    with Archive(path) as archive:
        assert archive.missing(ANN.public) == []
        assert archive.missing(BOB.public) == [(1, 8)]


@pytest.mark.parametrize(("first", "last"), [(1, 5), (4, 9), (10, 14), (31, 40), (1, 30)])
def test_two_histories_are_told_and_the_first_stays(path, first, last):
    entries = [entry(seq) for seq in range(1, 41)]
    other = list(entries)
    other[first - 1] = entry(first, [record(1)])
    told = []
    with Archive(path, forked=lambda *what: told.append(what)) as archive:
        take(archive, [part(ANN, entries, 1, 10), part(ANN, entries, 11, 30)])
        take(archive, [part(ANN, other, first, last)])
        if first <= 30:
            ((author, seq, ours, theirs),) = told
            assert (author, first <= seq) == (ANN.public, True)
            one, two = (read_run(KIT, value, Limits()) for value in (ours, theirs))
            assert one.first <= seq <= one.seq
            assert two.first <= seq <= two.seq
        archive.evidence(ANN.public, [1], b"two")
        archive.evidence(ANN.public, [3], b"four")
        archive.flush()
        assert archive.proofs() == {ANN.public: ([3], b"four")}, "the core gives earlier forks"
    with Queries(path) as store:
        assert store.forked() == [ANN.public]
        said = [one.body for one in store.entries(ANN.public)]
        assert len(said) == (30 if first <= 30 else 40)
        assert said[first - 1] != [record(1)] or first > 30
    assert faults(path) == []


def test_readings_with_and_without_what_was_read_before(path, tmp_path):
    bodies = [
        [record(Decimal(214, -1)), record(7, "count", ""), record(0.5, "share", "/")],
        [record(True, "open", ""), record("on", "mode", "")],
        [record(1 << 63, "big", "B"), record(-(1 << 63), "small", "B")],
        [{-2: "room.", 0: "temperature", 2: 3}],
        [{0: "temperature", 1: "Cel", 2: 5, 6: -60}],  # taken a minute before
        [{0: "bad name!", 2: 3}, record(1)],
        [{0: [1], 2: 3}],
        [7],
        [{0: "temperature", 1: [], 2: 3}],
        "no pack",
    ]
    entries = [entry(seq, body) for seq, body in enumerate(bodies, 1)]
    entries.append(entry(len(entries) + 1, [True], "actuated"))
    found = []
    for read in (True, False):
        file = tmp_path / f"{read}.db"
        with Archive(file) as archive:
            take(archive, [run_of(ANN, entries, read=read), *feed(BOB, 3)])
        with Queries(file) as store:
            found.append(
                [
                    (sensor.name, sensor.unit, taken.seq, taken.time, taken.value)
                    for sensor in store.sensors(ANN.public)
                    for taken in store.readings(sensor, 0, 1 << 60)
                ]
            )
        assert faults(file) == []
    assert found[0] == found[1]
    at = [NOW + n * STEP for n in range(12)]
    assert sorted(found[0], key=lambda row: row[2]) == [
        ("count", "", 1, at[1], 7),
        ("share", "/", 1, at[1], 0.5),
        ("temperature", "Cel", 1, at[1], 21.4),
        ("mode", "", 2, at[2], "on"),
        ("open", "", 2, at[2], True),
        ("big", "B", 3, at[3], float(1 << 63)),
        ("small", "B", 3, at[3], -(1 << 63)),
        ("room.temperature", "", 4, at[4], 3),
        ("temperature", "Cel", 5, at[5] - STEP, 5),
    ]
    assert {type(row[4]) for row in found[0] if row[0] == "open"} == {bool}


def test_clocks_that_are_no_clocks_harm_nothing(path):
    most = (1 << 53) - 1
    clocks = [
        [3, 1, 1, most],
        [0, most, most, None],
        [1, most, 5, NOW],
        [2, 1, most, NOW],
        [1, 0, 0, 0],
    ]
    entries = [entry(seq, when=when) for seq, when in enumerate(clocks, 1)]
    with Archive(path) as archive:
        take(archive, [run_of(ANN, entries)])
        assert archive.trouble == ""
    with Queries(path) as store:
        (sensor,) = store.sensors()
        assert len(list(store.readings(sensor, -(1 << 62), 1 << 62))) == 5
    assert faults(path) == []


@pytest.mark.parametrize("early", [True, False])
def test_readings_get_their_time_once_that_is_known(path, early):
    """A board without a clock: what it measured is placed by what it learns later."""
    before = [entry(seq, when=clock(seq, quality=0)) for seq in (1, 2, 3)]
    other = [entry(4, when=clock(4, boots=2, quality=0))]
    after = [entry(5, when=clock(5, boots=1, quality=1))]
    entries = before + other + after
    with Archive(path) as archive:
        if early:
            take(archive, [part(ANN, entries, 1, 4)])
            with Queries(path) as store:
                (sensor,) = store.sensors()
                assert {t.quality for t in store.readings(sensor, 0, 1 << 60)} == {0}
        take(archive, [part(ANN, entries, 1, 5)])
    with Queries(path) as store:
        (sensor,) = store.sensors()
        found = {t.seq: (t.time, t.quality) for t in store.readings(sensor, 0, 1 << 60)}
    assert found.pop(4)[1] == 0
    assert found == {seq: (NOW + seq * STEP, 1) for seq in (1, 2, 3, 5)}
    assert faults(path) == []
