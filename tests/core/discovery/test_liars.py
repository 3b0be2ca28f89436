"""Who lies about where others are, or who they are, is not believed, and keeps nobody apart."""

from attacking import AT_EVE, BEN, CAT, EVE, Scene, join
from lies import lie, multicast
from world import World, make_identity

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.events import PeerFound, PeerLost
from mesh.core.kit import Identity

LED = ["actuators", "led"]


def test_a_wrong_address_of_a_peer_that_is_known():
    scene = multicast(Scene()).meet()
    for n in range(60):
        lie(scene, scene.ben.peer.id, (f"10.7.7.{n}", 5683))
        scene.world.run(1000)
        if n % 10 == 0:
            scene.exchange()
    assert not scene.world.of(scene.at_ann, PeerLost), scene.world.events


def test_wrong_addresses_of_a_newcomer():
    scene = multicast(Scene())
    scene.ann.start(scene.world.now, False)
    for n in range(20):
        lie(scene, scene.ben.peer.id, (f"10.7.7.{n}", 5683))
        scene.world.run(1000)
    scene.ben.start(scene.world.now, False)
    for n in range(20, 80):
        lie(scene, scene.ben.peer.id, (f"10.7.7.{n}", 5683))
        scene.world.run(1000)
    scene.exchange()


def test_a_forged_goodbye():
    scene = multicast(Scene()).meet()
    for _ in range(30):
        lie(scene, scene.ben.peer.id, scene.at_ben, 0)
        scene.ann.withdrawn(scene.world.now, scene.ben.peer.id)
        scene.world.run(1000)
    assert not scene.world.of(scene.at_ann, PeerLost), scene.world.events
    scene.exchange()


def test_a_recorded_answer_to_a_hello():
    scene = Scene()

    def to_ann(source, target, data):
        return target == scene.at_ann and data[1] == codes.CONTENT

    scene.keep = lambda source, target, data: (
        source == scene.at_ben and to_ann(source, target, data)
    )
    scene.meet()
    recorded = [coap.parse(data) for data in scene.said]
    assert recorded, "Ben answered"
    del scene.world.nodes[scene.at_ben]
    cat, at_cat = scene.world.add(CAT, {"follow": "*"})
    cat.start(scene.world.now, False)
    asked = []
    scene.keep = lambda source, target, data: target == AT_EVE and asked.append(data)
    for old in recorded:
        cat.candidate(scene.world.now, scene.ben.peer.id, AT_EVE, "given")
        assert scene.world.run(30_000, lambda: asked), "Eve was asked whether she is Ben"
        question = coap.parse(asked.pop())
        asked[:] = []
        old.type, old.mid, old.token = coap.ACK, question.mid, question.token
        scene.arrive(coap.build(old), AT_EVE, at_cat)
        scene.world.run(1000)
    assert not scene.world.of(at_cat, PeerFound), scene.world.of(at_cat, PeerFound)


def test_eve_who_answers_for_ben_with_her_own_key():
    scene = Scene().start()
    ben, eve = make_identity(BEN), make_identity(EVE)
    impostor = Identity(ben.public, eve.sign, eve.next_counter)
    world = World()
    ann, at_ann = world.add(1)
    join(world, impostor, scene.at_ben, {}, 1)
    ann.start(world.now, False)
    ann.candidate(world.now, ben.public, scene.at_ben, "given")
    world.run(60_000)
    assert not world.of(at_ann, PeerFound), world.of(at_ann, PeerFound)
