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


def stranded():
    """Ann knows an address of Ben's from yesterday; he is elsewhere, and does not know her."""
    world = World()
    ann, at_ann = world.add(1, {"follow": "*"})
    ben, at_ben = world.add(2)
    ben.add_sensor("warm", "Cel")
    for node in (ann, ben):
        node.start(world.now, False)
    ann.candidate(world.now, ben.peer.id, ("10.0.0.88", 5683), "last")
    world.run(100)
    assert ann.contacts.get(ben.peer.id).asking == (("10.0.0.88", 5683),)
    return world, ann, at_ann, ben, at_ben


def test_a_stale_address_hides_nobody_who_is_announced_elsewhere():
    world, ann, at_ann, ben, at_ben = stranded()
    ann.candidate(world.now, ben.peer.id, at_ben, "mdns")
    assert world.run(1500, lambda: ann.contacts.get(ben.peer.id).address == at_ben)
    world.run(30_000)
    assert ann.contacts.get(ben.peer.id).state == "up"
    assert not world.of(at_ann, PeerLost), "what was silent elsewhere says nothing of him here"
    assert world.run(8000, measure(world, at_ann, ben))


def test_a_stale_address_hides_nobody_who_asks_us():
    world, ann, at_ann, ben, _ = stranded()
    ben.candidate(world.now, ann.peer.id, at_ann, "given")
    assert world.run(1500, lambda: ann.contacts.get(ben.peer.id).state == "up")


def test_who_is_silent_where_it_was_is_asked_where_others_say():
    """It cannot know whom to tell, and was up: no time is lost until it counts as lost."""
    world, ann, at_ann, ben, at_ben = scene()
    world.remove(at_ben)
    elsewhere = ("10.0.0.77", 5683)
    world.nodes[elsewhere] = ben
    world.events[elsewhere] = []
    ann.candidate(world.now, ben.peer.id, elsewhere, "mdns")
    ann.withdrawn(world.now, ben.peer.id)  # or after check_ms of silence
    assert world.run(2000, lambda: ann.contacts.get(ben.peer.id).address == elsewhere)
    world.run(30_000)
    assert not world.of(at_ann, PeerLost)


def test_of_two_addresses_that_answer_the_first_stays():
    world, ann, _, ben, at_ben = scene()
    second = ("10.0.0.77", 5683)
    world.nodes[second] = ben
    world.events[second] = []
    for _ in range(20):
        ann.candidate(world.now, ben.peer.id, second, "mdns")
        world.run(10_000)
        assert ann.contacts.get(ben.peer.id).address == at_ben


def test_two_that_move_at_once_find_each_other_through_a_third():
    world = World()
    three = [world.add(n, {"follow": "*"}) for n in (1, 2, 3)]
    for node, _ in three:
        node.start(world.now, False)
        node.candidate(world.now, three[0][0].peer.id, three[0][1], "given")
    moving = [node for node, _ in three[1:]]
    world.run(60_000)
    for _, address in three[1:]:
        elsewhere = (address[0] + "7", 5683)
        world.nodes[elsewhere] = world.nodes.pop(address)
        world.events[elsewhere] = []
    for node in moving:
        node.moved(world.now)
    world.run(5000)
    others = [(moving[0], moving[1].peer.id), (moving[1], moving[0].peer.id)]
    there = lambda: [one.contacts.get(who).address[0][-1] for one, who in others]  # noqa: E731
    assert there() == ["2", "3"] or there() == ["3", "2"]
    assert world.run(120_000, lambda: there() == ["7", "7"])
