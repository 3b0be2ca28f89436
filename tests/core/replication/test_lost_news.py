"""What is told once is not lost with a datagram, or with the memory of who was told."""

from author import CLOCK
from keeping_all import written
from meshes import Mesh
from world import make_identity

from mesh.core.errors import RemoteError
from mesh.core.events import Forked
from mesh.core.feed.chain import seal_head
from mesh.core.full.content import content


def test_who_restarts_is_told_what_it_told_before():
    """It gave us what another wrote, and forgot that."""
    mesh = Mesh(2)
    author = mesh.join(3)
    mesh.settle()
    for n in range(5):
        mesh.write(author, n)
        mesh.world.run(5000)
    assert not mesh.lacking()
    mesh.world.remove(mesh.addresses[2])
    first, second = mesh.nodes[:2]
    feed = first.peer.feeds.foreign[author.peer.id]
    feed.source = second.peer.id
    feed.known = (second.peer.id,)
    mesh.nodes.pop(1)
    mesh.addresses.pop(1)
    again = mesh.join(2, boots=2)
    assert mesh.world.run(60_000, lambda: mesh.knows(again, author))


def test_runs_that_are_asked_for_are_given_to_who_gave_them():
    mesh = Mesh(1)
    author, runs = written(20)
    feeds = mesh.nodes[0].peer.feeds
    giver = make_identity(50).public
    for run in runs:
        feeds.accept(mesh.world.now, run, giver)
    given = mesh.nodes[0].serving.telling.answer(giver, {author: 1}, [])
    assert [run[1] for run in given] == [1]


def test_a_question_for_runs_that_is_lost_is_put_again():
    author, runs = written(20)
    mesh = Mesh(1)
    for run in runs:
        mesh.nodes[0].peer.feeds.accept(mesh.world.now, run)
    late = mesh.join(5)
    catching = late.replicating.catching
    fetch = catching._fetch
    cut_ms = []

    def cut(now_ms, link, wishes):
        if not cut_ms:
            cut_ms.append(now_ms + 12_000)
        fetch(now_ms, link, wishes)

    catching._fetch = cut
    mesh.lose = lambda source, target, data: cut_ms and mesh.world.now < cut_ms[0]
    assert mesh.world.run(60_000, lambda: late.peer.feeds.next_seq(author) == 21)
    assert cut_ms, "it was asked for"


def test_a_question_for_proof_that_is_lost_is_put_again():
    author, runs = written(20)
    other = written(20, 10)[1]
    mesh = Mesh(2)
    mesh.settle()
    late = mesh.nodes[1]
    for run in runs:
        late.peer.feeds.accept(mesh.world.now, run)
    catching = late.replicating.catching
    told = catching.told_forks
    cut_ms = []

    def cut(now_ms, link, forks):
        if not cut_ms:
            cut_ms.append(now_ms + 12_000)
        told(now_ms, link, forks)

    catching.told_forks = cut
    mesh.lose = lambda source, target, data: cut_ms and mesh.world.now < cut_ms[0]
    assert mesh.nodes[0].peer.feeds.prove(author, [runs[3], other[3]])
    mesh.world.drain()
    assert mesh.world.run(60_000, lambda: late.peer.feeds.foreign[author].fork)
    assert cut_ms, "it was asked for"


# those who lie


class Asked:
    address = ("10.0.0.1", 5683)


def lie(mesh, node, link):
    """Have a link tell what does not hold until it is left alone; for how long that is, in s."""
    for _ in range(9):
        node.replicating.lied(mesh.world.now, link, Asked, RemoteError("a lie"))
        if link.ended:
            return (link.until_ms - mesh.world.now) // 1000
    return 0


def test_who_lies_again_and_again_is_left_alone_for_longer_and_longer():
    mesh = Mesh(2)
    mesh.settle()
    node = mesh.nodes[0]
    table = node.replicating.links.table
    pauses = []
    for _ in range(9):
        (link,) = [link for link in table.values() if not link.ended]
        pauses.append(lie(mesh, node, link))
        assert mesh.world.run(4_000_000, lambda: [one for one in table.values() if not one.ended])
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    mesh.world.run(4_000_000)
    assert lie(mesh, node, node.replicating.links.live()[0]) == 60, "for an hour it was honest"


def test_a_lie_among_much_that_holds_ends_nothing():
    mesh = Mesh(2)
    mesh.settle()
    node, other = mesh.nodes
    link = node.replicating.links.table[other.peer.id]
    for n in range(6):
        node.replicating.lied(mesh.world.now, link, Asked, RemoteError("a lie"))
        mesh.write(other, n)
        assert mesh.world.run(5000, lambda: mesh.knows(node, other))
    assert not link.ended
    assert lie(mesh, node, link) == 60


def test_whose_key_was_used_twice_is_told_so():
    mesh = Mesh(2)
    mesh.settle()
    keeper, author = mesh.nodes
    mesh.write(author, 1)
    assert mesh.world.run(5000, lambda: mesh.knows(keeper, author))
    assert "forked" not in content(author.peer, 0, "peer")
    own = author.peer.feeds.own
    seq = own.next_seq - 1
    twin = seal_head(make_identity(2), seq, bytes(32))
    assert keeper.peer.feeds.prove(own.author, [own.head, twin])
    mesh.world.drain()
    mesh.forget()
    assert mesh.world.run(30_000, lambda: author.peer.feeds.accused)
    mesh.world.run(60_000)
    assert content(author.peer, 0, "peer")["forked"] == seq
    assert mesh.world.of(mesh.addresses[1], Forked) == [Forked(own.author, seq)], "once"
    own.append(CLOCK, "note", "it can still be read by its holder")
