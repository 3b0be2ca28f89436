"""Proof that an author lied: checked, passed on, and the end of its feed at one seq everywhere."""

from author import CLOCK
from helpers import raises
from meshes import Mesh
from world import make_identity, make_kit

from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.events import Forked
from mesh.core.feed.chain import seal_head
from mesh.core.feed.feed import Feed
from mesh.core.feed.fork_proof import fork_of
from mesh.core.limits import Limits

LIAR = 77
LIMITS = Limits()


def histories(common, lengths, per_head=4):
    """The runs of feeds of one author that are the same for some entries, and then are not."""
    kit, identity = make_kit(LIAR), make_identity(LIAR)
    found = []
    for salt, length in enumerate(lengths):
        feed = Feed(kit, identity.public, 256)
        for n in range(length):
            feed.append(CLOCK, "note", n if n < common else [n, salt])
            if n % per_head == per_head - 1:
                feed.sign(identity)
        feed.sign(identity)
        runs = []
        at = 1
        while (run := feed.run(at, 900)) is not None:
            runs.append(cbor.decode(cbor.encode(run)))
            at = run[1] + len(run[3])
        found.append((feed, runs))
    return kit, identity, found


def give(mesh, node, runs):
    for run in runs:
        node.peer.feeds.accept(mesh.world.now, run)
    mesh.world.drain()


def ended(mesh, author, seq):
    feeds = [node.peer.feeds.foreign.get(author) for node in mesh.nodes]
    return False not in [
        feed is not None and feed.fork is not None and (feed.fork[0], feed.next_seq) == (seq, seq)
        for feed in feeds
    ]


def visible(feed):
    return feed._entries[: feed.next_seq - feed.first_seq]


def test_both_orders_end_at_the_same_seq():
    for common, lengths in ((5, (12, 12)), (0, (6, 9)), (40, (44, 80)), (20, (90, 60))):
        kit, identity, ((_, one), (_, other)) = histories(common, lengths)
        mesh = Mesh(6)
        mesh.settle()
        for i, node in enumerate(mesh.nodes):
            give(mesh, node, one if i % 2 else other)
        seq = common + 1
        assert mesh.world.run(200_000, lambda m=mesh, w=identity, s=seq: ended(m, w.public, s)), [
            (f.fork and f.fork[0], f.first_seq, f.next_seq)
            for f in [node.peer.feeds.foreign[identity.public] for node in mesh.nodes]
        ]
        for i, node in enumerate(mesh.nodes):
            feed = node.peer.feeds.foreign[identity.public]
            assert fork_of(kit, identity.public, list(feed.fork[1:]), LIMITS) == seq
            assert visible(feed) == visible(mesh.nodes[0].peer.feeds.foreign[identity.public])
            assert mesh.world.of(mesh.addresses[i], Forked)[-1] == Forked(identity.public, seq)
            assert not [e for e in visible(feed) if kit.decode(e)[0] >= seq]


def test_a_newcomer_is_told_of_the_lie():
    _, identity, ((_, one), (_, other)) = histories(5, (12, 12))
    mesh = Mesh(2)
    mesh.settle()
    give(mesh, mesh.nodes[0], one)
    raises(RemoteError, give, mesh, mesh.nodes[0], other)
    mesh.join(9)
    assert mesh.world.run(60_000, lambda: ended(mesh, identity.public, 6))


def test_boards_that_keep_nothing_tell_each_other_of_a_lie():
    _, identity, ((_, one), (_, other)) = histories(5, (12, 12))
    mesh = Mesh(3, {"follow": "*"})
    mesh.join(LIAR)
    mesh.settle()
    mesh.nodes.pop()
    for node in mesh.nodes:
        give(mesh, node, one)
    raises(RemoteError, give, mesh, mesh.nodes[0], other)
    assert mesh.world.run(60_000, lambda: ended(mesh, identity.public, 6))


def test_what_makes_a_valid_fork_proof():
    kit, identity, ((a, one), (b, other)) = histories(5, (12, 12))
    author = identity.public
    heads = [seal_head(identity, 8, a.link_at(8)), seal_head(identity, 8, b.link_at(8))]
    assert fork_of(kit, author, heads, LIMITS) == 8
    assert fork_of(kit, author, [one[0], other[0]], LIMITS) == 6
    assert fork_of(kit, author, [heads[0], other[0]], LIMITS) == 8
    eve = make_identity(66)
    forged = seal_head(eve, 8, b.link_at(8))
    forged = forged[:-64] + heads[1][-64:-1] + bytes((heads[1][-1] ^ 1,))
    cut = list(other[0])
    cut[3] = cut[3][:-1]
    for pair in (
        None,
        [],
        heads[:1],
        [heads[0], heads[0]],
        [one[0], one[0]],
        [one[0], a.run(1, 400)],
        [heads[0], forged],
        [heads[0], heads[1][:-1] + bytes((heads[1][-1] ^ 1,))],
        [heads[0], seal_head(eve, 8, b.link_at(8))],
        [heads[0], cut],
        [heads[0], 5],
        [heads[0], {}],
    ):
        raises(RemoteError, fork_of, kit, author, pair, LIMITS)
    raises(RemoteError, fork_of, kit, eve.public, heads, LIMITS)


def test_forged_evidence_ends_no_feed():
    """A liar says that an honest author lied: asked for proof it has none that holds."""
    mesh = Mesh(3)
    mesh.settle()
    honest, ann, liar = mesh.nodes
    author = honest.peer.id
    mesh.write(honest, 1)
    mesh.world.run(5000)
    feeds = liar.peer.feeds
    held = feeds.foreign[author]
    false = seal_head(make_identity(66), held.end_seq - 1, bytes(32))
    held.freeze(held.end_seq - 1, held.head, false)
    feeds._note(held, True, None)
    mesh.write(liar, 1)
    mesh.world.run(10_000)
    for n in range(2, 5):
        mesh.write(honest, n)
        assert mesh.world.run(5000, lambda: mesh.knows(ann, honest))
    assert ann.peer.feeds.foreign[author].fork is None


def test_floods_of_authors_push_out_nobody_who_is_a_peer():
    mesh = Mesh(3, peers=6)
    mesh.settle()
    for n, node in enumerate(mesh.nodes):
        mesh.write(node, n)
    mesh.world.run(5000, lambda: not mesh.lacking())
    liar = mesh.nodes[2]
    honest = mesh.nodes[:2]
    kit = make_kit(5)
    for n in range(100):
        identity = make_identity(1000 + n)
        feed = Feed(kit, identity.public, 8)
        feed.append(CLOCK, "note", n)
        feed.sign(identity)
        for node in honest:
            try:
                node.peer.feeds.accept(mesh.world.now, feed.run(1, 900), liar.peer.id)
            except RemoteError as error:
                assert error.code == 0xA3, error
        mesh.world.run(200)
        for node in honest:
            assert len(node.peer.feeds.foreign) <= 6
            assert len(node.replicating.catching.table) <= 6
    for n in range(3):
        for node in honest:
            mesh.write(node, 10 + n)
        assert mesh.world.run(
            10_000, lambda: mesh.all_know(honest[0], honest) and mesh.all_know(honest[1], honest)
        )
