"""Floods at whole nodes: what they hold does not grow, and two honest peers go on as before."""

import gc
import sys

from attacking import EVE, Scene, weigh
from helpers import COLLECTS
from lies import lie, multicast
from world import Random, make_identity

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.events import PeerLost
from mesh.core.node import COAP
from mesh.core.security.seal import open_request, seal_response
from mesh.core.security.signed_client import request_for

LED = ["actuators", "led"]
TEMP = ["sensors", "temp"]
COUNT = 400
MOST = 100_000  # what both hold together, by weigh(): a board has room for half of it


def heap():
    """How much is allocated: bytes on MicroPython, else blocks of memory; 0 if nobody can tell."""
    if not COLLECTS:
        return 0
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else sys.getallocatedblocks() * 64


def address(n):
    return f"10.66.{n >> 8 & 255}.{n & 255}", 1024 + n % 5000


def check_tables(node):
    """What has a cap is within it."""
    limits, endpoint = node.limits, node.endpoint
    for table, most in (
        (endpoint.remotes, limits.remotes),
        (endpoint.seen, limits.exchanges),
        (endpoint.observers, limits.observers),
        (endpoint.bodies, limits.bodies),
        (endpoint.open, limits.outgoing),
        (endpoint.flight, limits.exchanges + limits.outgoing + limits.observers + 1),
        (node.contacts.table, limits.peers + limits.candidates),
        (node.peer.feeds.foreign, limits.peers),
    ):
        assert len(table) <= most, (len(table), most, list(table)[:2])


def flood(attack, scene=None, count=COUNT, every=40):
    """attack(scene, n) for each n, time passing; honest ones exchange all the while."""
    scene = scene or Scene().meet()
    held = []
    for n in range(3 * count):
        attack(scene, n)
        scene.world.now += 5
        if n % every == 0:
            scene.exchange()
        if n % count == count - 1:
            scene.exchange()
            check_tables(scene.ann)
            check_tables(scene.ben)
            held.append((weigh(scene.ann, scene.ben), heap()))
    assert not scene.world.of(scene.at_ann, PeerLost), scene.world.events
    weights = [weight for weight, _ in held]
    assert max(weights) < MOST, weights
    # the first third fills tables and the tail of a feed, the rest only changes what is in them
    assert held[2][0] < held[1][0] * 1.1 + 2000, held
    assert held[2][1] < held[1][1] * 1.1 + 100_000, held
    scene.world.run(60_000)
    scene.exchange()
    return scene


def both(scene):
    return (scene.at_ann, scene.ann.peer.id), (scene.at_ben, scene.ben.peer.id)


def test_signed_questions_by_ever_new_keys():
    def attack(scene, n):
        for target, peer in both(scene):
            data = scene.signed(1000 + n, coap.FETCH, ["peer"], recipient=peer)
            scene.arrive(data, address(n), target)

    flood(attack)


def test_signed_writes_by_ever_new_keys():
    """Each comes back with the Echo that it is given."""

    def attack(scene, n):
        for target, peer in both(scene):
            more = {"recipient": peer}
            for _ in range(3):
                data = scene.signed(1000 + n, coap.PUT, LED, 1, **more)
                replies = scene.arrive(data, address(n), target)
                echo = replies[0].get(coap.ECHO) if replies else None
                if echo is None:
                    break
                more["echo"] = echo

    scene = flood(attack)
    assert set(scene.done) <= set(range(1, scene.told + 1)), scene.done


class Puppet:
    """A peer with a key of its own; it answers every question, or, if `slow`, only the first."""

    def __init__(self, kit, number, slow):
        self._kit = kit
        self.identity = make_identity(number)
        self._slow = slow
        self._answers = []

    def receive(self, _now, _channel, source, data):
        question = coap.parse(data)
        try:
            opened = open_request(self._kit, self.identity.public, question)
        except RemoteError:
            return
        reply = coap.Message(codes.CONTENT, b"", coap.ACK, question.mid, question.token)
        if question.path() == ["peer"] or not self._slow:
            if question.uint(coap.OBSERVE) == 0:
                reply.add(coap.OBSERVE, 1)
            digest = opened.digest
            body = cbor.encode([])
            seal_response(self._kit, self.identity, opened.sender, digest, reply, 60, body)
        else:
            reply = coap.Message(0, b"", coap.ACK, question.mid)
        self._answers.append((COAP, source, coap.build(reply)))

    def next_send(self):
        return self._answers.pop(0) if self._answers else None

    def next_event(self):
        return None

    wake_at = next_event


def test_many_peers_of_one_attacker():
    """They answer with keys of their own: as good as any peer, and as many as there is room."""
    scene = Scene(peers=8).meet()
    for n in range(40):
        scene.world.nodes[address(n)] = Puppet(scene.kit, 1000 + n, n % 2)
        scene.world.events[address(n)] = []

    def attack(scene, n):
        for target, peer in both(scene):
            data = scene.signed(1000 + n % 40, coap.FETCH, ["peer"], recipient=peer)
            scene.arrive(data, address(n % 40), target)
        scene.world.run(50)

    flood(attack, scene, 100, 10)
    for node in (scene.ann, scene.ben):
        assert len(node.contacts.proven()) == node.limits.peers, len(node.contacts.proven())


def test_garbage():
    random = Random(5)

    def attack(scene, n):
        data = random(1 + n * 7 % 200)
        if n % 4:
            data = bytes((0x40 | data[0] & 0x3F,)) + data[1:]
        for target, _ in both(scene):
            scene.arrive(data, address(n % 97), target)

    flood(attack, count=2 * COUNT, every=80)


def test_unsigned_writes():
    def attack(scene, n):
        message = scene.numbered(request_for(coap.PUT, LED))
        message.payload = cbor.encode(n)
        message.type = n & 1
        scene.arrive(coap.build(message), address(n), (scene.at_ann, scene.at_ben)[n & 1])

    flood(attack)


def test_observers():
    """Unsigned ones and signed ones, of sensors and of feeds; some want to hear nothing at all."""
    random = Random(5)

    def attack(scene, n):
        if n % 4 == 0:
            message = scene.numbered(request_for(coap.GET, TEMP, observe=True))
        else:
            body = None if n % 4 == 1 else {random(32): 0}
            path = TEMP if body is None else ["feeds"]
            more = {"quiet": 2} if n % 4 == 3 else {}
            message = scene.request(EVE, coap.FETCH, path, body, observe=True, **more)
        message.token = random(4)
        scene.arrive(coap.build(message), address(n))

    scene = flood(attack)
    assert len(scene.ben.serving._watchers) <= scene.ben.limits.observers
    assert len(scene.ben.endpoint.observers) <= scene.ben.limits.observers


def test_observers_leave_room_for_a_follower():
    """The places are taken before Ann comes, and taken again whenever one is free."""
    scene = Scene()
    scene.ben.start(scene.world.now, False)
    scene.ben.reading(scene.world.now, "temp", 0)

    def attack(scene, n):
        message = scene.numbered(request_for(coap.GET, TEMP, observe=True))
        message.token = n.to_bytes(4, "big")
        scene.arrive(coap.build(message), address(n))

    for n in range(20):
        attack(scene, n)
    scene.ann.start(scene.world.now, False)
    scene.ann.candidate(scene.world.now, scene.ben.peer.id, scene.at_ben, "given")
    for n in range(20, 200):
        attack(scene, n)
        scene.world.run(50)
    flood(attack, scene, 100, 10)


def test_recorded_questions_again_and_again():
    scene = Scene()
    scene.keep = lambda source, target, data: target == scene.at_ben and data[1] == coap.FETCH
    scene.meet()
    scene.keep = lambda source, target, data: False
    recorded = [coap.parse(data) for data in scene.said]
    assert len(recorded) > 2, "hello, whom do you know, and the feed"

    def attack(scene, n):
        message = scene.numbered(recorded[n % len(recorded)])
        scene.arrive(coap.build(message), address(n))

    flood(attack, scene)


def test_a_peer_is_known_by_its_address_when_others_proved_theirs():
    scene = Scene().meet()
    for ticket in list(scene.ben.endpoint.observers.values()):
        scene.ben.endpoint.end(ticket)  # the address of an observer is not forgotten
    scene.world.now += 20_000
    for n in range(200):
        scene.ben.endpoint.prove(address(n))
        scene.arrive(scene.signed(1000 + n, coap.FETCH, ["peer"]), address(1000 + n))
    assert scene.at_ann not in scene.ben.endpoint.remotes, "its state was evicted"
    assert scene.ben.endpoint.proven(scene.at_ann), "but who it is is known"
    assert not scene.arrive(scene.signed(EVE, coap.PUT, LED, 5)), "and nobody is refused any more"
    (reply,) = scene.arrive(scene.signed(scene.ann_signs, coap.PUT, LED, 5), scene.at_ann)
    assert (reply.code, scene.done[-1]) == (codes.CHANGED, 5), reply.code


def test_ten_thousand_fake_peers_by_multicast():
    scene = multicast(Scene()).meet()
    random = Random(9)

    def attack(scene, n):
        lie(scene, random(32), address(n))

    flood(attack, scene, 3400, 200)
    assert len(scene.ann.contacts.table) <= scene.ann.limits.peers + scene.ann.limits.candidates


def test_fakes_leave_room_for_questions():
    """Hellos to nobody wait long for an answer: they must not take all that may be open."""
    scene = Scene().meet()
    random = Random(9)
    for n in range(200):
        scene.ann.candidate(scene.world.now, random(32), address(n), "mdns")
        scene.world.run(200)
        if n % 10 == 0:
            assert len(scene.ann.endpoint.open) <= scene.ann.limits.outgoing // 2
            scene.exchange()


def test_who_follows_many_still_asks():
    scene = Scene(outgoing=8).start()
    for number in range(10, 20):
        node, at = scene.world.add(number)
        node.start(scene.world.now, False)
        scene.ann.candidate(scene.world.now, node.peer.id, at, "given")
    scene.world.run(30_000)
    assert len(scene.ann.contacts.proven()) > 8, len(scene.ann.contacts.proven())
    scene.ask(coap.FETCH, ["peer"])
