"""Links that strangers take: who follows more than it can link to hears of each in its turn."""

from author import Author
from meshes import KEEP, Mesh

from mesh.core.errors import RemoteError
from mesh.core.kit import nothing
from mesh.core.security.signed_client import Ask

MOST = 5  # links of who may have 8 questions under way


def mute(node):
    """It says that it keeps all, and tells of nobody but itself."""
    feeds = node.peer.feeds
    run, head = feeds.run, feeds.head
    own = node.peer.id
    feeds.run = lambda author, *more: run(author, *more) if author == own else None
    feeds.head = lambda author: head(author) if author == own else None


def followers(mesh, numbers):
    """More peers, that follow all and keep nothing of others."""
    mesh.settings = {"follow": "*"}
    return [mesh.join(n, outgoing=8) for n in numbers]


def test_who_says_that_it_keeps_all_and_tells_nothing_keeps_nobody_apart():
    mesh = Mesh(7, foreign_tail=8)
    for node in mesh.nodes:
        mute(node)
    mesh.settle()
    first = followers(mesh, [11])[0]
    mesh.settle()
    assert len(first.replicating.links.table) == MOST
    late = followers(mesh, range(12, 15))
    mesh.settle()
    for node in late:
        mesh.write(node, 1)
    assert mesh.world.run(200_000, lambda: False not in [mesh.knows(first, node) for node in late])


def relayed(far):
    """Some are heard of through one alone, which gets no link; the others that say that they keep
    what all write tell of nobody.
    """
    mesh = Mesh(8 + far, foreign_tail=128, outgoing=8)
    for node in mesh.nodes[:7]:
        mute(node)
    near, relay = mesh.nodes[0], mesh.nodes[7]
    links = near.replicating.links
    add = links.add
    links.add = lambda contact, at_random: (
        contact.peer != relay.peer.id and add(contact, at_random=at_random)
    )
    here, there = mesh.addresses[0], mesh.addresses[8:]
    mesh.lose = lambda source, target, data: (
        here in (source, target) and (source in there or target in there)
    )
    mesh.settle()
    return mesh, near, mesh.nodes[8:]


def test_who_is_far_is_heard_of_through_one_without_a_link():
    mesh, near, (far,) = relayed(1)
    mesh.write(far, 1)
    assert mesh.world.run(100_000, lambda: mesh.knows(near, far))


def test_whoever_is_told_of_without_a_link_is_asked_for_until_all_is_here():
    """More than one answer has room for, and more than is asked for in one turn."""
    mesh, near, far = relayed(5)
    cut = mesh.lose
    relay = mesh.addresses[7]
    mesh.lose = lambda source, target, data: (
        cut(source, target, data) or {source, target} == {mesh.addresses[0], relay}
    )
    for node in far:
        for n in range(100):
            mesh.write(node, n)
    assert mesh.world.run(20_000, lambda: all(mesh.knows(mesh.nodes[7], node) for node in far))
    mesh.lose = cut
    assert mesh.world.run(400_000, lambda: all(mesh.knows(near, node) for node in far))


def test_a_fork_is_proven_by_one_without_a_link():
    one, other = Author(50), Author(50)
    for author, salt in ((one, ""), (other, "not so")):
        author.write(9, salt=salt)
    mesh, near, _ = relayed(0)
    relay = mesh.nodes[7]
    for node in (near, relay):
        node.peer.feeds._kit = one.kit  # its signatures are of another kind
    for node in mesh.nodes[1:7]:
        node.peer.feeds.prove = lambda author, pair: False
    who = one.identity.public
    relay.peer.feeds.accept(mesh.world.now, one.run())
    assert mesh.world.run(100_000, lambda: near.peer.feeds.next_seq(who))
    assert relay.peer.feeds.prove(who, [author.feed.head for author in (one, other)])
    mesh.world.drain()
    assert mesh.world.run(100_000, lambda: near.peer.feeds.foreign[who].fork)


def test_whom_we_named_has_a_link_whoever_came_before():
    mesh = Mesh(7)
    mesh.settle()
    first = followers(mesh, [11])[0]
    mesh.settle()
    named = followers(mesh, [12])[0]
    first.contacts.pin(mesh.world.now, named.peer.id)
    mesh.world.run(5000)
    for _ in range(60):
        mesh.world.run(5000)
        assert named.peer.id in first.replicating.links.table
        assert len(first.replicating.links.table) == MOST


def test_peers_learnt_of_late_are_requested_by_name():
    """Those who keep all have told of its feed before: nobody wanted that then."""
    mesh = Mesh(7)
    mesh.settle()
    first = followers(mesh, [11])[0]
    mesh.settle()
    gone = followers(mesh, [12])[0]
    keepers = mesh.nodes[:7]
    apart = {mesh.addresses[7], mesh.addresses[8]}
    mesh.lose = lambda source, target, data: {source, target} == apart
    mesh.settle()
    mesh.write(gone, 1)
    assert mesh.world.run(20_000, lambda: mesh.all_know(gone, keepers))
    mesh.settle()
    assert not first.peer.feeds.next_seq(gone.peer.id)
    mesh.lose = lambda source, target, data: False
    met = lambda: (c := first.contacts.get(gone.peer.id)) is not None and c.address is not None  # noqa: E731
    first.candidate(mesh.world.now, gone.peer.id, mesh.addresses[8], "given")
    assert mesh.world.run(100_000, met)
    mesh.world.remove(mesh.addresses[8])
    assert mesh.world.run(20_000, lambda: mesh.knows(first, gone))


def test_the_links_of_liars_take_no_place():
    mesh = Mesh(1, KEEP, outgoing=8, links=2)
    for n in range(2, 12):
        mesh.join(n)
    mesh.settle(120_000)
    replicating = mesh.nodes[0].replicating
    links = replicating.links
    caught = set()
    while len(caught) < 8:
        assert mesh.world.run(20_000, links.live), "nobody else has a link"
        for link in links.live():
            caught.add(link.peer)
            contact = mesh.nodes[0].contacts.get(link.peer)
            ask = Ask(link.peer, contact.address, (60, b""), nothing)
            for _ in range(3):
                replicating.lied(mesh.world.now, link, ask, RemoteError("not so"))
    mesh.world.run(20_000)
    assert caught.isdisjoint(links.table), "each is left alone for a minute"
    assert links.live()
