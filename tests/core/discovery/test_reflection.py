"""What a peer sends to a victim of strangers: three times what came from there, and few hellos."""

from lies import announcement
from reflected import VICTIM, Reflected, liar
from world import Random, World, make_identity, make_kit

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.discovery.dnssd import SERVICE
from mesh.core.discovery.mdns import Mdns
from mesh.core.node import GROUP, MDNS
from mesh.core.peer_id import to_text
from mesh.core.security.seal import seal_request
from mesh.core.security.signed_client import request_for

HELLOS = 4096  # bytes that a host gets in a minute although it never said a word


def get(path, type=coap.NON, observe=None, mid=7):
    message = request_for(coap.GET, path)
    if observe is not None:
        message.add(coap.OBSERVE, observe)
    message.type, message.mid, message.token = type, mid, b"t"
    return coap.build(message)


def test_a_question_with_a_forged_source():
    """Also if it observes, is confirmable, is repeated, or cannot be read at all."""
    for path in (["sensors", "temp"], [".well-known", "core"], ["peer"], ["nothing"], ["feeds"]):
        for type in (coap.NON, coap.CON):
            for observe in (None, 0):
                scene = Reflected()
                scene.forge(get(path, type, observe))
                scene.minutes(1)
                scene.check()
                assert scene.sent, "it is answered all the same"
    for data in (b"\x40\x01\x00\x01\xff", b"\x40\x00\x00\x01", b"\x4f\x01\0\1", bytes(22)):
        scene = Reflected()
        for _ in range(10):
            scene.forge(data)
        scene.minutes(1)
        scene.check()


def test_answers_that_come_late():
    """They are sent until they are acknowledged: that counts."""
    scene = Reflected()
    endpoint = scene.node.endpoint
    scene.forge(get(["peer"], coap.CON))
    ticket = None
    endpoint.receive(scene.world.now, (VICTIM, 5), get(["slow"], coap.CON, mid=9))
    scene.forged += len(get(["slow"]))
    while (event := endpoint.next_event()) is not None:
        ticket = event.ticket
    scene.world.run(2000)
    endpoint.respond(scene.world.now, ticket, coap.Message(codes.CONTENT, b"x" * 900))
    scene.minutes(1)
    scene.check()


def test_many_ports_of_one_host_are_one_victim():
    scene = Reflected()
    for n in range(300):
        scene.forge(get(["sensors", "temp"], n % 2, (0, None)[n % 3 == 0], n), 1000 + n)
        scene.world.run(10)
    scene.minutes(2)
    scene.check()


def test_guessed_acknowledgements_of_notifications():
    """Whoever tries all ids has sent more than what it brings."""
    scene = Reflected()
    scene.forge(get(["sensors", "temp"], coap.CON, 0))
    for n in range(2000):
        mid = 0xF000 + n * 7 % 4096
        scene.forge(coap.build(coap.Message(0, b"", (coap.ACK, coap.RST)[n % 2], mid)))
        if n % 40 == 0:
            scene.node.reading(scene.world.now, "temp", n)
            scene.world.run(500)
    scene.check()


def answering(world, there, address, heard):
    """Who is there acknowledges what is confirmable, and rejects pings."""

    def answer(source, target, data):
        if target == there:
            message = coap.parse(data)
            heard.append(message)
            if message.type == coap.CON:
                kind = coap.ACK if message.code else coap.RST
                reply = coap.build(coap.Message(0, b"", kind, message.mid))
                world.flying.append((world.now + 1, 0, 0, there, address, reply))
        return False

    return answer


def test_a_stranger_who_is_there_observes_with_short_questions():
    """The honest one behind an address that proved nothing: it hears all, by an answered ping."""
    for length in (0, 12, 40):
        world = World()
        node, address = world.add(1)
        name = "t" * (1 + length)
        node.add_sensor(name, "Cel")
        node.reading(world.now, name, 0)
        there = ("10.0.0.77", 4000)
        heard = []

        world.lose = answering(world, there, address, heard)
        world.inject(there, address, get(["sensors", name], coap.CON, 0))
        world.run(10)
        assert [m.get(coap.OBSERVE) is not None for m in heard if m.code] == [True], length
        for n in range(1, 6):
            node.reading(world.now, name, n)
            world.run(2000)
            news = [m for m in heard if m.code == codes.CONTENT]
            assert len(news) == n + 1 and news[-1].payload, (length, n, len(news))


def signed(who, node, code, path, body, mid):
    message = request_for(code, path)
    seal_request(make_kit(9), make_identity(who), node.peer.id, message, 60, cbor.encode(body))
    message.mid, message.token = mid, b"%d" % (mid % 100)
    return coap.build(message)


def test_a_recorded_request_from_other_addresses():
    """Who signed it might have moved there: it is asked, but seldom."""
    scene = Reflected()
    data = signed(5, scene.node, coap.FETCH, ["peer"], 0, 1)
    for n in range(400):
        scene.forge(data, 2000 + n)
        scene.world.run(100)
    scene.minutes(1)
    scene.check(HELLOS)


def test_peers_that_list_a_victim_with_many_ports():
    scene = Reflected(peers=128, candidates=128, hello_per_s=50, outgoing=64)
    for number in range(30, 36):
        rows = [
            [make_identity(1000 * number + n).public, "x", [f"{VICTIM}:{1 + n}"] * 2, 0]
            for n in range(40)
        ]
        liar(scene, number, rows)
    scene.minutes(1)
    assert len(scene.node.contacts.proven()) == 6, "the liars are met"
    scene.check(HELLOS)
    first = scene.sent
    assert 0 < scene.datagrams <= 24, scene.datagrams
    for _ in range(10):
        scene.minutes(1)
    assert scene.sent < 2 * first + HELLOS, "ever more rarely"


def test_a_peer_that_tells_of_false_addresses_is_believed_less():
    """Many hosts of one and the same liar: its word soon brings nobody any questions."""
    scene = Reflected(peers=256, candidates=256, hello_per_s=50, outgoing=64)
    asked = set()

    def count(source, target, data):
        if target[0].startswith("10.8.") and source == scene.address:
            asked.add(target)
        return False

    scene.world.lose = count
    rows = [[make_identity(5000 + n).public, "x", [f"10.8.0.{n + 1}:5683"], 0] for n in range(50)]
    liar(scene, 30, rows)
    scene.world.run(60_000)
    assert 10 < len(asked) < 25, len(asked)


def test_multicast_announcements_of_a_victim():
    scene = Reflected()
    mdns = Mdns(scene.node.limits, Random(3), scene.node.peer.id, 5683, ["10.0.0.1"])
    scene.node.add(mdns, MDNS)
    mdns.start(scene.world.now)
    for n in range(200):
        data = announcement(make_identity(3000 + n).public, (VICTIM, 1 + n))
        scene.world.inject(("10.6.6.6", 5353), scene.address, data, MDNS)
        scene.world.run(200)
    scene.minutes(1)
    scene.check(HELLOS)


def test_answers_to_a_group_question_with_a_forged_source():
    scene = Reflected()
    scene.node.searching.start(scene.world.now, True)
    tokens = []

    def listen(source, target, data):
        if target[0] == "224.0.1.187":
            tokens.append(coap.parse(data).token)
        return scene._count(source, target, data)

    scene.world.lose = listen
    for n in range(200):
        scene.world.run(100)
        if tokens:
            who = to_text(make_identity(4000 + n).public)
            reply = coap.Message(codes.CONTENT, b'</peer>;ep="' + who.encode() + b'"', coap.NON, n)
            reply.token = tokens[-1]
            scene.forge(coap.build(reply), 1 + n)
    scene.minutes(1)
    scene.check(HELLOS)


def test_questions_to_the_group_with_a_forged_source():
    scene = Reflected()
    message = request_for(coap.GET, [".well-known", "core"], ["rt=othermesh.peer"])
    message.type = coap.NON
    for n in range(50):
        message.mid = n
        scene.forge(coap.build(message), 1000 + n, GROUP)
        scene.world.run(100)
    scene.minutes(1)
    scene.check()


def test_questions_for_names_with_a_forged_source():
    """A query of RFC 6762 from another port is answered by unicast (s.6.7): now and then."""
    scene = Reflected()
    node = scene.node
    mdns = Mdns(node.limits, Random(3), node.peer.id, 5683, ["10.0.0.1"])
    node.add(mdns, MDNS)
    mdns.start(scene.world.now)
    scene.world.run(5000)
    sent = []

    def count(source, target, data):
        if target[0] == VICTIM:
            sent.append(data)
        return False

    scene.world.lose = count
    began = scene.world.now
    query = b"\0\1\0\0\0\1\0\0\0\0\0\0" + SERVICE + b"\0\x0c\0\1"
    for n in range(300):
        scene.world.inject((VICTIM, 1000 + n), scene.address, query, MDNS)
        scene.world.run(100)
    assert 0 < len(sent) <= 1 + (scene.world.now - began) // 1000, "an answer a second"
    node.contacts.places.move([("10.0.0.1", 24)], 5683)
    mdns._places = node.contacts.places
    scene.world.run(5000)
    del sent[:]
    for n in range(50):
        scene.world.inject((VICTIM, 1000 + n), scene.address, query, MDNS)
        scene.world.run(100)
    assert not sent, "that host is on no network of ours"
