"""Who says that it sleeps is not missed until it should be awake."""

from world import World

from mesh.core.events import PeerFound, PeerLost


def scene():
    world = World()
    ann, at_ann = world.add(1, {"follow": "*"})
    ben, at_ben = world.add(2)
    ann.start(world.now, False)
    ben.start(world.now, False)
    ben.candidate(world.now, ann.peer.id, at_ann, "given")
    assert world.run(20_000, lambda: ann.replicating.links.table)
    return world, ann, at_ann, ben, at_ben


def fall_asleep(world, ann, ben, at_ben, body):
    """Say it, and be gone."""
    ben.peer.feeds.own.append([0, 1, 2, None], "asleep", body)
    ben.peer.feeds.grown()
    ben.serving.telling.flush(world.now)
    contact = ann.contacts.get(ben.peer.id)
    world.run(1000, lambda: contact.state == "asleep")
    world.run(50)
    world.remove(at_ben)
    return contact


def test_it_is_missed_only_when_it_does_not_come_back():
    world, ann, at_ann, ben, at_ben = scene()
    contact = fall_asleep(world, ann, ben, at_ben, [3600, None])
    world.run(3_600_000)
    assert contact.state == "asleep"
    assert not world.of(at_ann, PeerLost)
    world.run(600_000)
    assert contact.state == "lost"
    assert len(world.of(at_ann, PeerLost)) == 1


def test_it_is_up_again_as_soon_as_it_wakes():
    world, ann, at_ann, ben, at_ben = scene()
    contact = fall_asleep(world, ann, ben, at_ben, [600, 1])
    world.run(590_000)
    again, _ = world.add(2, boots=2)
    again.start(world.now, False)
    again.candidate(world.now, ann.peer.id, at_ann, "last")
    assert world.run(5000, lambda: contact.state == "up")
    assert len(world.of(at_ann, PeerFound)) == 2


def test_a_sleep_that_is_none_is_refused():
    for body in ([0], [-1], [604_801], ["x"], [None], [], 5, None, {"s": 5}):
        world, ann, _, ben, at_ben = scene()
        before = ann.peer.refused
        contact = fall_asleep(world, ann, ben, at_ben, body)
        assert contact.state == "up", body
        assert ann.peer.refused == before + 1, body
