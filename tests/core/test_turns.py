"""Links that strangers take: who follows more than it can link to hears of each in its turn."""

from test_repl import KEEP, Mesh

from mesh.core.asks import Ask
from mesh.core.errors import RemoteError
from mesh.core.primitives import nothing

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


def test_who_is_far_is_heard_of_through_one_without_a_link():
    """All say that they keep what all write; the only one that does so got no link to it."""
    mesh = Mesh(9, foreign_tail=8, outgoing=8)
    for node in mesh.nodes[:7]:
        mute(node)
    near, relay, far = mesh.nodes[0], mesh.nodes[7], mesh.nodes[8]
    links = near.replicating.links
    add = links.add
    links.add = lambda contact, at_random: (
        contact.peer != relay.peer.id and add(contact, at_random=at_random)
    )
    apart = {mesh.addresses[0], mesh.addresses[8]}
    mesh.lose = lambda source, target, data: {source, target} == apart
    mesh.settle()
    mesh.write(far, 1)
    assert mesh.world.run(100_000, lambda: mesh.knows(near, far))


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


def test_of_whom_we_learn_late_is_asked_by_name():
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
