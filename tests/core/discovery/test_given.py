"""Addresses given by hand are tried again for ever, a minute apart at most."""

from world import World, make_identity

from mesh.core.coap import message as coap
from mesh.core.peer_id import to_text

PLACE = ("10.0.0.9", 5683)
HOUR = 3_600_000


def given(who=None):
    row = {"address": f"{PLACE[0]}:{PLACE[1]}"}
    if who is not None:
        row["id"] = to_text(who)
    return {"peers": [row]}


def is_up_at(node, address):
    there = [c for c in node.contacts.proven() if c.address == address]
    return "up" in [c.state for c in there]


def scene(with_id):
    """A peer that was told of one at PLACE, and when it asked there."""
    world = World()
    node, address = world.add(1, given(make_identity(9).public if with_id else None))
    asked = []

    def lose(source, target, data):
        if target == PLACE and source == address and 0 < coap.parse(data).code < 32:
            asked.append(world.now)
        return False

    world.lose = lose
    node.start(world.now, False)
    return world, node, asked


def test_nobody_is_there_for_hours_and_then_somebody_is():
    for with_id in (False, True):
        world, node, asked = scene(with_id)
        world.run(3 * HOUR)
        last = [at for at in asked if at > world.now - HOUR]
        assert 4 * 40 < len(last) <= 4 * 62, (with_id, len(last))
        assert len([at for at in asked if at < 61_000]) > 8, "often in the beginning"
        other, place = world.add(9)
        assert place == PLACE
        other.start(world.now, False)
        assert world.run(70_000, lambda node=node: len(node.contacts.proven()) == 1), with_id


def test_a_peer_that_was_lost_for_long_is_looked_for_where_it_was_given():
    for with_id in (False, True):
        world, node, _ = scene(with_id)
        other, place = world.add(9)
        other.start(world.now, False)
        assert world.run(5000, lambda node=node: node.contacts.proven())
        world.remove(place)
        world.run(3 * HOUR)
        world.nodes[place] = other
        assert world.run(130_000, lambda node=node: is_up_at(node, PLACE)), with_id


def test_another_peer_at_the_address_is_found_if_nobody_was_named():
    world, node, _ = scene(False)
    first, place = world.add(9)
    first.start(world.now, False)
    assert world.run(5000, node.contacts.proven)
    world.remove(place)
    second, old = world.add(8)
    world.remove(old)
    world.nodes[PLACE] = second
    second.start(world.now, False)
    who = second.peer.id
    assert world.run(400_000, lambda: node.contacts.get(who) and is_up_at(node, PLACE))


def test_a_given_peer_that_moved_and_came_back():
    """It is up elsewhere, then gone from there: it is looked for where it was given, too."""
    world, node, asked = scene(True)
    other, place = world.add(9)
    world.remove(place)
    world.nodes[("10.0.0.99", 5683)] = other
    world.events[("10.0.0.99", 5683)] = []
    node.candidate(world.now, other.peer.id, ("10.0.0.99", 5683), "mdns")
    other.start(world.now, False)
    assert world.run(30_000, lambda: is_up_at(node, ("10.0.0.99", 5683)))
    world.run(60_000)
    del asked[:]
    world.run(60_000)
    assert not asked, "while it is up nobody asks there"
    del world.nodes[("10.0.0.99", 5683)]
    world.run(60_000)
    world.nodes[PLACE] = other
    assert world.run(70_000, lambda: is_up_at(node, PLACE))


def test_who_is_up_where_it_was_given_is_not_asked_who_it_is():
    world, node, asked = scene(False)
    other, _ = world.add(9)
    other.start(world.now, False)
    world.run(HOUR // 6)
    hellos = [at for at in asked if at > HOUR // 12]
    assert len(hellos) <= HOUR // 12 // node.limits.check_ms + 1
