"""Addresses of IPv6 that hold on one link only, told by others (RFC 4007)."""

from world import World

FAR = bytes([9]) * 32


def told(teller, address):
    """The candidates of a node whom a teller told of somebody at an address."""
    world = World()
    node, _ = world.add(1, {"discovery": {"layers": []}})
    other, at = world.add(2, {"discovery": {"layers": []}})
    world.nodes[teller] = world.nodes.pop(at)
    world.events[teller] = []
    for one in (node, other):
        one.start(world.now, False)
    other.contacts.add(world.now, FAR, address, "given")
    other.contacts.up(world.now, other.contacts.get(FAR), address)
    node.candidate(world.now, other.peer.id, teller, "given")
    world.run(500)
    assert node.contacts.get(other.peer.id).state == "up"
    found = node.contacts.get(FAR)
    return found and [where for where, _ in found.candidates]


def test_the_scope_is_that_of_the_link_on_which_the_teller_is():
    assert told(("fe80::1%wlan0", 5683), ("fe80::9%eth7", 99)) == [("fe80::9%wlan0", 99)]


def test_a_teller_from_elsewhere_knows_nothing_of_our_links():
    assert told(("2001:db8::1", 5683), ("fe80::9%eth7", 99)) is None
    assert told(("192.0.2.7", 5683), ("fe80::9%eth7", 99)) is None


def test_other_addresses_are_taken_as_they_are():
    assert told(("fe80::1%wlan0", 5683), ("2001:db8::9", 99)) == [("2001:db8::9", 99)]
    assert told(("fe80::1%wlan0", 5683), ("192.0.2.9", 99)) == [("192.0.2.9", 99)]
