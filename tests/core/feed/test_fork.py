"""Two statements of one author that disagree: noticed, kept, and the end of that feed."""

from author import CLOCK, Author, catch_up
from helpers import raises

from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.feed import Fork
from mesh.core.feed.fork_proof import fork_of
from mesh.core.limits import Limits


def twins(common, apart_a, apart_b):
    """Two feeds of one author that are the same for some entries, and then are not."""
    a, b = Author(), Author()
    for author, salt, apart in ((a, "a", apart_a), (b, "b", apart_b)):
        if common:
            author.write(common)
        author.write(apart, salt=salt)
    return a, b


def test_forks():
    for common, held, other, first, seq in (
        (5, 3, 3, 1, 6),  # the same length
        (5, 3, 6, 1, 6),  # the other is longer
        (5, 6, 3, 1, 6),  # the other is shorter
        (5, 3, 6, 6, 6),  # and starts where they part
        (5, 3, 6, 9, 8),  # and starts behind what is held: the joint does not hold
        (5, 6, 3, 7, 6),  # its first link is where they part already
        (0, 3, 3, 1, 1),  # from the first entry on
    ):
        a, b = twins(common, held, other)
        reader = a.reader()
        reader.accept(a.run())
        run = b.run(first)
        fork = raises(Fork, reader.accept, run)
        assert fork.seq == seq, (fork.seq, common, held, other, first)
        assert reader.fork[2] == fork.run, "kept, to be shown"
        assert fork_of(a.kit, a.feed.author, list(reader.fork[1:]), Limits()) == seq
        assert reader.next_seq == max(seq, reader.first_seq), "nothing from there on"
        assert reader.fork[0] == seq, reader.fork


def test_a_fork_ends_a_feed():
    a, b = twins(5, 3, 3)
    reader = a.reader()
    reader.accept(a.run())
    raises(Fork, reader.accept, b.run())
    a.write(5)
    for run in (a.run(9), b.run(), b.run(6)):
        assert raises(Fork, reader.accept, run).seq == 6
    assert reader.accept(a.run()) == []
    assert reader.next_seq == 6, reader.next_seq
    passed_on = Author()
    passed_on.feed = reader
    assert passed_on.run()[1] == 1, "what is held can still be shown"
    own = a.feed
    raises(Fork, own.accept, b.run())
    raises(LocalError, own.append, CLOCK, "note", "more")


def test_no_fork_without_a_signature():
    a, b = twins(5, 3, 6)
    reader = a.reader()
    reader.accept(a.run())
    run = b.run()
    forged = list(run)
    forged[4] = run[4][:-1] + bytes((run[4][-1] ^ 1,))
    assert not isinstance(raises(RemoteError, reader.accept, forged), Fork)
    assert reader.fork is None
    a.write(1)
    assert catch_up(a, reader)[0] == [9]


def test_a_fork_out_of_sight_is_none():
    """Both are true to what is held; whoever holds more will see it."""
    a, b = twins(0, 30, 60)
    b.write(5)
    reader = a.reader()
    reader.accept(a.run(20))
    assert reader.accept(b.run(50)), "a gap lies between"
    assert reader.gap is not None
