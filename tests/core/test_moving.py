"""A peer that moves, or starts anew, is found again at once, and its feed goes on."""

from world import World

from mesh.core.events import PeerLost, Reading


def scene():
    world = World()
    ann, at_ann = world.add(1, {"follow": "*"})
    ben, at_ben = world.add(2)
    ann.start(world.now, False)
    ben.start(world.now, False)
    ben.add_sensor("warm", "Cel")
    ben.candidate(world.now, ann.peer.id, at_ann, "given")
    assert world.run(20_000, lambda: ann.replicating.links.table)
    return world, ann, at_ann, ben, at_ben


def measure(world, ann_at, node):
    before = len(world.of(ann_at, Reading))
    node.reading(world.now, "warm", 20)
    world.drain()
    return lambda: len(world.of(ann_at, Reading)) > before


def test_who_tells_of_another_address_is_asked_there_at_once():
    world, ann, at_ann, ben, at_ben = scene()
    assert world.run(10_000, measure(world, at_ann, ben))
    elsewhere = ("10.0.0.77", 5683)
    world.nodes[elsewhere] = world.nodes.pop(at_ben)
    world.events[elsewhere] = []
    ben.moved(world.now)
    assert world.run(4000, lambda: ann.contacts.get(ben.peer.id).address == elsewhere)
    assert world.run(8000, measure(world, at_ann, ben))
    assert not world.of(at_ann, PeerLost)


def test_a_message_sent_again_from_elsewhere_moves_nobody():
    world, ann, at_ann, ben, at_ben = scene()
    caught = []

    def note(source, target, data):
        if source == at_ben:
            caught.append(data)
        return False

    world.lose = note
    world.run(60_000)
    world.lose = lambda source, target, data: target[0] == "10.6.6.6"
    for data in caught[-40:]:
        world.inject(("10.6.6.6", 5683), at_ann, data)
        world.run(5000)
    contact = ann.contacts.get(ben.peer.id)
    assert contact.address == at_ben
    assert contact.state == "up"
    assert not world.of(at_ann, PeerLost)
    assert world.run(8000, measure(world, at_ann, ben))


def test_who_starts_anew_at_the_same_place_is_followed_on():
    world, ann, at_ann, ben, at_ben = scene()
    assert world.run(10_000, measure(world, at_ann, ben))
    world.remove(at_ben)
    again, _ = world.add(2, boots=2)
    again.add_sensor("warm", "Cel")
    again.start(world.now, False)
    assert world.run(30_000, lambda: ann.contacts.get(again.peer.id).boots == 2)
    assert world.run(10_000, measure(world, at_ann, again))


def test_who_is_back_asks_everybody_and_the_group():
    world, _, at_ann, ben, at_ben = scene()
    ben.searching.start(world.now, True)
    world.run(600_000)
    asked = []

    def note(source, target, data):
        if source == at_ben:
            asked.append(target)
        return False

    world.lose = note
    ben.moved(world.now)
    world.run(1000)
    assert at_ann in asked
    assert ben.searching.due_ms < world.now + 5000
