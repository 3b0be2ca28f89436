"""The store of a keeper: what was witnessed of a feed that forked is kept and found again, and
takes the place of a thief's entries, with the readings in them.
"""

import contextlib

import pytest
from stored import KIT, entry, faults, identity, part, record, run_of, split, take

from mesh.core.feed.chain import read_run
from mesh.core.feed.feed import Fork
from mesh.core.full.witnessed import Witnessed
from mesh.core.limits import Limits
from mesh.hub.desktop_limits import DESKTOP
from mesh.hub.store import upkeep
from mesh.hub.store.archive import Archive
from mesh.hub.store.queries import Queries

ANN, BOB, CAT = identity(1), identity(2), identity(3)
TRUE = [entry(seq) for seq in range(1, 101)]
FALSE = [*TRUE[:1], *[entry(seq, [record(-seq)]) for seq in range(2, 151)]]
LINKS = run_of(ANN, TRUE).links


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def certain(archive, first, last):
    """A run of the true history, which leads to where it was witnessed."""
    archive.took(ANN.public, part(ANN, TRUE, first, last), certain=True)
    archive.flush()


def readings(path):
    with Queries(path) as store:
        found = store.database.execute("SELECT value FROM reading").fetchall()
    return sorted(round(10 * value) for (value,) in found)


def entries(path):
    with Queries(path) as store:
        return [said.seq for said in store.entries(ANN.public)]


def test_it_is_found_down_to_where_what_is_held_leads_to_a_link(path):
    with Archive(path) as archive:
        take(archive, [part(ANN, TRUE, 1, 20), part(ANN, TRUE, 31, 60), part(ANN, TRUE, 61, 90)])
        trace = lambda seq, link: archive.trace(ANN.public, seq, link)  # noqa: E731
        assert trace(77, LINKS[76]) == (30, LINKS[29])
        assert trace(20, LINKS[19])[0] == 0
        assert trace(25, LINKS[24]) == (25, LINKS[24]), "nothing is held there"
        assert trace(95, LINKS[94]) == (95, LINKS[94])
        assert trace(77, LINKS[75]) == (77, LINKS[75]), "it is of another history"
        assert archive.trace(BOB.public, 5, LINKS[4]) == (5, LINKS[4])


def test_what_is_certain_takes_the_place_of_what_a_thief_wrote(path):
    with Archive(path) as archive:
        take(archive, split(ANN, FALSE, 10))
        low, link = 100, LINKS[99]
        while low:
            certain(archive, max(1, low - 14), low)
            assert archive.trace(ANN.public, 100, LINKS[99])[0] == max(0, low - 15)
            low, link = archive.trace(ANN.public, low, link)
        assert archive.missing(ANN.public) == []
        assert archive.heads()[ANN.public][:2] == (101, LINKS[99]), "nor is anything behind it"
    assert entries(path) == list(range(1, 101))
    assert readings(path) == sorted(200 + seq % 50 for seq in range(1, 101))
    assert faults(path) == []
    with Archive(path) as archive:
        assert archive.missing(ANN.public) == []
        assert archive.trace(ANN.public, 100, LINKS[99])[0] == 0


def test_where_it_is_the_same_history_nothing_is_taken_out(path):
    with Archive(path) as archive:
        take(archive, split(ANN, TRUE, 10))
        before = archive.heads()
        certain(archive, 81, 100)
        certain(archive, 11, 40)
        assert (archive.missing(ANN.public), archive.heads()) == ([], before)
    assert readings(path) == sorted(200 + seq % 50 for seq in range(1, 101))


def test_summaries_are_made_anew_without_what_is_taken_out(path):
    with Archive(path) as archive:
        take(archive, split(ANN, FALSE, 10))
        summed_up(archive)
        certain(archive, 1, 100)
        summed_up(archive)
    with Queries(path) as store:
        least = store.database.execute("SELECT min(least) FROM summary").fetchone()[0]
        assert least == 20.0, least


def summed_up(archive):
    archive.do(lambda database: upkeep.sum_up(database, 1 << 40))


def test_what_was_seen_is_told_in_the_order_in_which_each_said_it(path):
    rows = [
        [[ANN.public, 64, LINKS[63]], [BOB.public, 8, LINKS[7]]],
        [[ANN.public, 96, LINKS[95]]],
    ]
    with Archive(path) as archive:
        said = [entry(seq, body, "seen") for seq, body in enumerate(rows, 1)]
        take(archive, [run_of(BOB, said), run_of(CAT, said[:1])])
        told = [(1, 64, LINKS[63]), (2, 96, LINKS[95])]
        assert archive.seen(ANN.public, BOB.public) == told
        assert archive.seen(ANN.public, CAT.public) == told[:1]
        assert archive.seen(BOB.public, CAT.public) == [(1, 8, LINKS[7])]
        assert archive.seen(CAT.public, BOB.public) == []


def test_of_one_witness_no_more_is_read_than_a_peer_has_room_for(path):
    count = 5000
    said = [entry(seq, [[ANN.public, seq, LINKS[0]]], "seen") for seq in range(1, count + 1)]
    with Archive(path) as archive:
        take(archive, [run_of(BOB, said)])
        told = archive.seen(ANN.public, BOB.public)
    assert told == [(seq, seq, LINKS[0]) for seq in range(count - 4095, count + 1)]


def test_a_store_without_the_projection_knows_of_nobody_who_saw_anything(path):
    with Archive(path, projections={}) as archive:
        take(archive, [run_of(BOB, [entry(1, [[ANN.public, 64, LINKS[63]]], "seen")])])
        assert archive.seen(ANN.public, BOB.public) == []
    with Archive(path) as archive:
        assert archive.seen(ANN.public, BOB.public) == [(1, 64, LINKS[63])]


SEEN = 64
WITNESSES = (BOB, CAT)


def peer(archive):
    """The feeds of a peer that chose the two, and has this store."""
    heard = lambda *_: feeds.said_of(ANN.public)  # noqa: E731 - as the kind `seen` does
    hooks = (lambda _: 3), heard, lambda _: None
    feeds = Witnessed(KIT, identity(9), Limits(**DESKTOP), 1, hooks)
    feeds.choose(lambda who: who in [one.public for one in WITNESSES])
    feeds.resume(archive)
    feeds.look()
    return feeds


def give(feeds, *runs):
    for run in runs:
        with contextlib.suppress(Fork):
            feeds.accept(0, [run.author, run.first, run.before, run.entries, run.head])
    feeds.look()


def said():
    """What the two keepers wrote: how far they had seen the true history."""
    row = [ANN.public, SEEN, LINKS[SEEN - 1]]
    return [run_of(who, [entry(1, [row], "seen")]) for who in WITNESSES]


ORDERS = {
    "the true history first": (TRUE, FALSE),
    "the thief's beginning first": (FALSE[:2], TRUE),
    "all of the thief's first": (FALSE, TRUE),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("witnesses_first", [False, True])
def test_in_whatever_order_it_comes_what_was_witnessed_is_kept(path, order, witnesses_first):
    one, other = (split(ANN, entries, 10) for entries in ORDERS[order])
    words = said()
    with Archive(path) as archive:
        feeds = peer(archive)
        give(feeds, *(words if witnesses_first else []), *one, other[0])
        give(feeds, *(words if not witnesses_first else []))
        assert feeds.foreign[ANN.public].fork[0] == 2
        give(feeds, *(split(ANN, TRUE, 10)))  # what others are asked for, until it is there
        assert feeds.next_seq(ANN.public) == SEEN + 1
        assert feeds.sought(ANN.public) is None
        archive.flush()
        assert given(feeds) == TRUE[:SEEN]
        assert archive.missing(ANN.public) == []
    with Archive(path) as archive:
        feeds = peer(archive)
        assert feeds.next_seq(ANN.public) == SEEN + 1, "after a start too"
        assert feeds.kept(ANN.public) == (SEEN, sorted(one.public for one in WITNESSES))
        assert given(feeds) == TRUE[:SEEN]
        assert archive.missing(ANN.public) == []
    assert faults(path) == []


def test_what_came_before_stays_when_the_rest_comes_in_parts(path):
    runs = split(ANN, TRUE, 4)
    with Archive(path) as archive:
        feeds = peer(archive)
        give(feeds, *split(ANN, FALSE, 7), runs[0], runs[1], *said())
        for start in range(len(runs) - 3, -1, -3):  # three at a time, from the end on
            give(feeds, *runs[start : start + 3])
            archive.flush()
        give(feeds, *runs[:3])
        archive.flush()
        assert given(feeds) == TRUE[:SEEN]
        assert archive.missing(ANN.public) == []
    with Archive(path) as archive:
        assert archive.trace(ANN.public, SEEN, LINKS[SEEN - 1])[0] == 0
    assert faults(path) == []


def given(feeds):
    """The entries that others are given, up to where they were witnessed."""
    entries, first = [], 1
    while (value := feeds.run(ANN.public, first)) is not None:
        run = read_run(KIT, value, Limits())
        assert run.first == first
        entries += run.entries
        first = run.seq + 1
    assert feeds.head(ANN.public) is not None
    return entries[:SEEN]
