"""A peer whose address changes: what others tell it follows it."""

from world import World

NEVER = 3_600_000
QUIET = {"discovery": {"layers": []}, "keep": [{"who": "*"}]}


def test_what_is_observed_comes_to_the_new_address():
    world = World()
    one, at_one = world.add(1, QUIET, check_ms=NEVER)
    two, at_two = world.add(2, QUIET, check_ms=NEVER)
    for node in (one, two):
        node.start(world.now, False)
    two.candidate(world.now, one.peer.id, at_one, "given")
    one.add_sensor("p", "s")
    one.reading(world.now, "p", 1)
    feeds = two.peer.feeds
    assert world.run(20_000, lambda: feeds.next_seq(one.peer.id))
    elsewhere = ("10.0.0.99", 5683)
    world.nodes[elsewhere] = world.nodes.pop(at_two)
    world.events[elsewhere] = []
    two.moved(world.now)
    world.run(2000)
    assert one.contacts.get(two.peer.id).address == elsewhere
    held = feeds.next_seq(one.peer.id)
    one.reading(world.now, "p", 2)
    assert world.run(20_000, lambda: feeds.next_seq(one.peer.id) > held)
