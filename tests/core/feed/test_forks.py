"""A proof of lying ends a feed at one seq at every peer, in whatever order its parts come."""

from keeping_all import Archive, Desks, written

from mesh.core.errors import RemoteError
from mesh.core.events import Forked

COMMON = 20
LENGTH = 40
AUTHOR, ONE = written(LENGTH)
OTHER = written(LENGTH, COMMON)[1]


def run_of(runs, seq):
    return [run for run in runs if run[1] <= seq][-1]


def heads(seq):
    """Two heads that disagree there: the last of two runs."""
    return [run_of(runs, seq)[4] for runs in (ONE, OTHER)]


class Proof(list):
    """Two statements that disagree, to be told apart from a run."""


def after(first, *more):
    return list(first) + list(more)


# what the first, the second and the third peer are given, in that order, and where all end
CASES = (
    ("runs of both", (ONE, OTHER, ONE), COMMON + 1),
    ("runs of both at one", (ONE, ONE + OTHER, ONE), COMMON + 1),
    ("the ends of both", (ONE, OTHER[-1:], ONE), 35),
    ("two heads", (ONE, after(ONE, Proof(heads(35))), ONE), 35),
    ("two heads that all might have", (ONE, after(OTHER, Proof(heads(35))), ONE), COMMON + 1),
    ("a head and a run", (ONE, after(ONE, Proof([heads(35)[0], run_of(OTHER, 35)])), ONE), 35),
    ("a run and a head", (ONE, after(ONE, Proof([run_of(OTHER, 35), heads(35)[0]])), ONE), 35),
    ("two runs", (ONE, after(ONE, Proof([run_of(ONE, 35), run_of(OTHER, 35)])), ONE), 30),
    ("the proof first", (ONE, [Proof(heads(35))], ONE), 35),
    ("the proof first, then runs", (ONE, after([Proof(heads(35))], *OTHER), ONE), COMMON + 1),
    ("an earlier proof later", (ONE, after(ONE, Proof(heads(35)), Proof(heads(25))), ONE), 25),
    ("an earlier proof first", (ONE, after(ONE, Proof(heads(25)), Proof(heads(35))), ONE), 25),
    ("two proofs at two peers", (after(ONE, Proof(heads(35))), [Proof(heads(25))], ONE), 25),
)


def give(mesh, node, things):
    for thing in things:
        try:
            if isinstance(thing, Proof):
                node.peer.feeds.prove(AUTHOR, list(thing))
            else:
                node.peer.feeds.accept(mesh.world.now, thing)
        except RemoteError:
            pass  # what comes after a fork
    mesh.world.drain()


def ends(mesh):
    """Where the feed ended at each peer, and how far it is held."""
    found = []
    for node in mesh.nodes:
        feed = node.peer.feeds.foreign.get(AUTHOR)
        found.append((feed.fork[0] if feed.fork else 0, feed.next_seq) if feed else None)
    return found


def all_end(mesh, seq):
    return mesh.world.run(240_000, lambda: set(ends(mesh)) == {(seq, seq)})


def all_end_alike(mesh):
    """Where, if it is the same seq for all."""
    mesh.world.run(120_000, lambda: len(set(ends(mesh))) == 1 and 0 not in ends(mesh)[0])
    mesh.world.run(30_000)
    return ends(mesh)[0][0] if len(set(ends(mesh))) == 1 else 0


def three():
    """One that has all in memory, one with an archive, one with the end only."""
    mesh = Desks()
    mesh.join(1, foreign_tail=128, foreign_bytes=1 << 16)
    mesh.desk(2)
    mesh.join(3)
    mesh.settle(20_000)
    return mesh


def check(name, given, seq, first):
    mesh = three()
    for n in range(3):
        give(mesh, mesh.nodes[(first + n) % 3], given[n])
    if (first + 1) % 3 == 2 and OTHER[0] in given[1]:
        seq = all_end_alike(mesh)  # where they parted is lost: that one kept the end only
        assert COMMON < seq <= 35, (name, ends(mesh))
    assert all_end(mesh, seq), (name, first, ends(mesh), seq)
    mesh.join(8)
    mesh.desk(9)
    assert all_end(mesh, seq), (name, first, ends(mesh), seq, "newcomers")
    feeds = [node.peer.feeds.foreign[AUTHOR] for node in mesh.nodes]
    links = {feed.link_at(seq - 1) for feed in feeds if feed.first_seq <= seq}
    assert len(links) == 1, "and what is before it is the same"
    for at in mesh.addresses:
        assert mesh.world.of(at, Forked)[-1] == Forked(AUTHOR, seq), mesh.world.of(at, Forked)


def test_whoever_hears_it_first_all_end_at_the_same_seq():
    for name, given, seq in CASES[:5]:
        for first in range(3):
            check(name, given, seq, first)


def test_whatever_the_proof_is_all_end_at_the_same_seq():
    for name, given, seq in CASES[5:9]:
        for first in range(3):
            check(name, given, seq, first)


def test_of_several_proofs_the_earliest_counts_everywhere():
    for name, given, seq in CASES[9:]:
        for first in range(3):
            check(name, given, seq, first)


def test_an_earlier_proof_counts_after_all_have_agreed():
    for first in range(3):
        mesh = three()
        for node in mesh.nodes:
            give(mesh, node, ONE)
        for seq in (35, 25):
            give(mesh, mesh.nodes[first], [Proof(heads(seq))])
            assert all_end(mesh, seq), (first, seq, ends(mesh))
            mesh.world.run(30_000)


def test_an_archive_goes_on_with_what_it_has_up_to_the_fork():
    mesh = Desks()
    desk, _ = mesh.desk(1, Archive())
    give(mesh, desk, after(ONE, Proof(heads(25))))
    assert ends(mesh) == [(25, 25)], "at once, and of nobody else"
    assert desk.peer.feeds.run(AUTHOR, 1)[1] == 1
    assert desk.peer.feeds.heads(), "and it says that it has it"
