"""Where peers can be, and where nobody can, or not in a stranger's words."""

from reflected import Reflected, liar
from world import World, make_identity

from mesh.core.peer_id import to_text

NOWHERE = (
    ("224.0.1.187", 5683),
    ("239.255.255.255", 1),
    ("255.255.255.255", 5683),
    ("240.0.0.1", 5683),
    ("0.0.0.0", 5683),
    ("0.1.2.3", 5683),
    ("10.0.0.255", 5683),
    ("10.0.0.9", 0),
    ("10.0.0.9", 65_536),
    ("::", 5683),
    ("ff02::1", 5683),
    ("ff02::1%eth0", 5683),
    ("::ffff:10.0.0.9", 5683),
    ("printer", 5683),
    ("", 5683),
)


def test_addresses_that_no_peer_can_have():
    for how in ("peers", "mdns", "query", "group", "asked us", "last"):
        world = World()
        node, _ = world.add(1)
        node.contacts.places.move([("10.0.0.1", 24), ("fd00::1", 64)], 5683)
        for n, address in enumerate(NOWHERE):
            node.candidate(world.now, make_identity(70 + n).public, address, how)
        assert not node.contacts.table, (how, [c.candidates for c in node.contacts.listed()])
        for n, address in enumerate((("10.0.0.9", 1), ("fd00::9", 1), ("fd00::9%eth0", 65_535))):
            node.candidate(world.now, make_identity(90 + n).public, address, how)
        assert len(node.contacts.table) == 3, how
    for address in NOWHERE:
        node.candidate(world.now, make_identity(99).public, address, "given")
    assert node.contacts.get(make_identity(99).public).given, "what is given by hand is taken"


def test_addresses_in_other_networks_told_by_strangers():
    world = World()
    chosen = make_identity(8).public
    node, _ = world.add(1, {"follow": [to_text(chosen)]})
    places = node.contacts.places
    places.move([("10.0.0.1", 24), ("192.168.7.1", 16), ("10.3.0.1", 31)], 5683)
    far = ("10.0.1.9", 5683)
    for how, teller, taken in (
        ("peers", make_identity(9).public, False),
        ("mdns", b"", False),
        ("group", b"", False),
        ("query", b"", False),
        ("peers", chosen, True),
        ("asked us", b"", True),
        ("last", b"", True),
        ("given", b"", True),
    ):
        who = make_identity(200 + len(how) + taken).public
        node.contacts.add(world.now, who, far, how, teller)
        assert (who in node.contacts.table) == taken, how
        node.contacts.table.pop(who, None)
    assert places.can_be(("192.168.255.254", 1), False)
    assert not places.can_be(("192.168.255.255", 1), True), "the broadcast of that network"
    assert places.can_be(("10.3.0.1", 1), False), "two hosts, no broadcast (RFC 3021)"


def test_a_peer_is_not_at_our_own_address():
    world = World()
    node, _ = world.add(1)
    node.contacts.places.move([("10.0.0.1", 24), ("172.17.0.1", 16)], 5683)
    other = make_identity(9).public
    for how in ("mdns", "peers", "given"):
        node.candidate(world.now, other, ("172.17.0.1", 5683), how)
        assert not node.contacts.table
    node.candidate(world.now, other, ("172.17.0.1", 5684), "mdns")
    assert other in node.contacts.table, "another peer of this machine"


def test_the_loopback_of_another_is_not_ours():
    scene = Reflected()
    rows = [[make_identity(60).public, "x", ["127.0.0.1:5683", "[::1]:5683"], 0]]
    liar(scene, 30, rows)
    scene.world.run(30_000)
    assert len(scene.node.contacts.proven()) == 1
    assert make_identity(60).public not in scene.node.contacts.table


def test_a_host_with_many_peers_is_met_at_once():
    """16 boards on one machine are no flood: each answers."""
    world = World()
    node, _ = world.add(1, peers=64, candidates=64, hello_per_s=50)
    node.start(world.now, False)
    for n in range(16):
        other, old = world.add(40 + n)
        world.remove(old)
        world.nodes[("10.0.7.7", 6000 + n)] = other
        world.events[("10.0.7.7", 6000 + n)] = []
        other.start(world.now, False)
        node.candidate(world.now, other.peer.id, ("10.0.7.7", 6000 + n), "mdns")
    assert world.run(2000, lambda: len(node.contacts.proven()) == 16)
