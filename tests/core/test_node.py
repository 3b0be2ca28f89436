"""Whole nodes: they meet, follow, act and refuse, with no desktop and nobody in charge."""

from two_nodes import ask, two
from world import World, make_identity, make_kit

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.events import Actuated, Answer, PeerFound, PeerLost, Reading, Refused
from mesh.core.peer_id import to_text
from mesh.core.security.seal import seal_request
from mesh.core.security.signed_client import request_for


def test_they_meet_by_a_signed_exchange_both_ways():
    world, a, at_a, b, at_b = two({"name": "ann"}, {"name": "ben"})
    assert world.run(5000, lambda: world.of(at_a, PeerFound) and world.of(at_b, PeerFound)), (
        world.events
    )
    assert world.of(at_a, PeerFound)[0] == PeerFound(b.peer.id, "ben", at_b, "given")
    assert world.of(at_b, PeerFound)[0] == PeerFound(a.peer.id, "ann", at_a, "asked us")


def test_an_address_that_does_not_answer_as_that_key_is_not_believed():
    world, a, at_a, b, at_b = two()
    impostor = make_identity(7).public
    a.candidate(world.now, impostor, at_b, "given")
    world.run(30_000)
    assert [e.peer for e in world.of(at_a, PeerFound)] == [b.peer.id], world.of(at_a, PeerFound)


def test_group_discovery_finds_two_boards_alone():
    world = World()
    a, at_a = world.add(1)
    b, at_b = world.add(2)
    a.start(world.now, True)
    b.start(world.now, True)
    assert world.run(5000, lambda: world.of(at_a, PeerFound) and world.of(at_b, PeerFound))
    assert (
        world.of(at_a, PeerFound)[0].how == "group" or world.of(at_b, PeerFound)[0].how == "group"
    )


def test_peer_exchange_introduces_the_third():
    world = World()
    nodes = [world.add(n) for n in (1, 2, 3)]
    for node, _ in nodes:
        node.start(world.now, False)
    hub, at_hub = nodes[0]
    for node, _ in nodes[1:]:
        node.candidate(world.now, hub.peer.id, at_hub, "given")

    def met():
        return (
            len(world.of(nodes[1][1], PeerFound)) == 2
            and len(world.of(nodes[2][1], PeerFound)) == 2
        )

    assert world.run(30_000, met), world.events


def test_following_brings_readings_and_a_rule_acts():
    b_id = to_text(make_identity(2).public)
    settings = {
        "follow": [b_id],
        "actuators": {"fan": {"kind": "switch"}},
        "rules": [{"when": b_id + "/temp", "above": 30, "set": "fan", "to": True}],
    }
    world, a, at_a, b, _at_b = two(settings)
    done = []
    a.add_actuator("fan", done.append, False)
    world.run(3000)
    b.reading(world.now, "temp", 25)
    world.run(8000)
    assert [(e.sensor, e.value) for e in world.of(at_a, Reading)] == [("temp", 25)], world.events
    assert done == [], done
    b.reading(world.now, "temp", cbor.Decimal(305, -1))
    world.run(8000)
    assert [str(e.value) for e in world.of(at_a, Reading)] == ["25", "30.5"]
    assert done == [True], done
    assert world.of(at_a, Actuated) == [Actuated("fan", True, None)]


def test_an_actuator_does_what_its_own_peer_allows():
    world, a, at_a, b, at_b = two(None, {"introduced_by": to_text(make_identity(1).public)})
    done = []
    b.add_actuator("led", done.append, False)
    c, at_c = world.add(3)
    c.start(world.now, False)
    c.candidate(world.now, b.peer.id, at_b, "given")
    world.run(5000)
    put = request_for(coap.PUT, ["actuators", "led"])
    answer = ask(world, a, at_a, b.peer.id, put, cbor.encode(True))
    assert (answer.code, answer.signed, answer.error) == (codes.CHANGED, True, None), answer
    put = request_for(coap.PUT, ["actuators", "led"])
    answer = ask(world, c, at_c, b.peer.id, put, cbor.encode(False))
    assert (answer.code, answer.signed) == (codes.FORBIDDEN, True), answer
    assert "actuators.led.allow" in answer.error, answer
    assert done == [True], done
    assert world.of(at_b, Actuated) == [Actuated("led", True, a.peer.id)]


def test_a_replayed_write_is_refused_and_a_new_one_accepted_after_one_echo():
    world, a, at_a, b, at_b = two(None, {"introduced_by": to_text(make_identity(1).public)})
    done = []
    b.add_actuator("led", done.append, False)
    world.run(5000)
    caught = []

    def tap(source, target, data):
        if target == at_b and data[1] == coap.PUT:
            caught.append(data)
        return False

    world.lose = tap
    ask(world, a, at_a, b.peer.id, request_for(coap.PUT, ["actuators", "led"]), cbor.encode(1))
    assert len(caught) == 2, "asked for an Echo once"
    ask(world, a, at_a, b.peer.id, request_for(coap.PUT, ["actuators", "led"]), cbor.encode(2))
    assert len(caught) == 3, "and then never again"
    world.run(20_000)
    for data in caught:
        before = len(world.of(at_b, Refused))
        world.inject(("10.9.9.9", 1), at_b, data)
        assert len(world.of(at_b, Refused)) == before + 1, "a replay is refused, and seen"
    assert done == [1, 2], done


def test_a_restarted_peer_takes_no_old_message():
    world, a, at_a, b, at_b = two(None, {"introduced_by": to_text(make_identity(1).public)})
    b.add_actuator("led", lambda value: None, False)
    world.run(5000)
    caught = []
    world.lose = lambda source, target, data: (
        target == at_b and data[1] == coap.PUT and caught.append(data)
    )
    ask(world, a, at_a, b.peer.id, request_for(coap.PUT, ["actuators", "led"]), cbor.encode(1))
    world.remove(at_b)
    b, at_b = world.add(2, {"introduced_by": to_text(make_identity(1).public)}, boots=2)
    done = []
    b.add_actuator("led", done.append, False)
    b.start(world.now, False)
    for data in caught:
        world.inject(at_a, at_b, data)
    world.run(1000)
    assert done == [], done


def test_the_same_write_at_another_peer_or_path_is_refused():
    world, _a, at_a, b, at_b = two(None, {"introduced_by": to_text(make_identity(1).public)})
    done = []
    b.add_actuator("led", done.append, False)
    b.add_actuator("fan", done.append, False)
    other = make_identity(9).public
    for recipient, name in ((other, "led"), (b.peer.id, "fan")):
        message = request_for(coap.PUT, ["actuators", name])
        seal_request(make_kit(5), make_identity(1), recipient, message, 60, cbor.encode(1))
        message.drop(coap.URI_PATH)
        message.add(coap.URI_PATH, "actuators").add(coap.URI_PATH, "led")
        message.mid = 77 if recipient == other else 78
        world.inject(at_a, at_b, coap.build(message))
    world.run(1000)
    assert done == [], done
    assert [e.code for e in world.of(at_b, Refused)] == [codes.UNAUTHORIZED] * 2, world.events


def test_a_peer_that_falls_silent_is_lost_and_the_others_go_on():
    world, a, at_a, b, at_b = two()
    c, _at_c = world.add(3)
    c.start(world.now, False)
    c.candidate(world.now, a.peer.id, at_a, "given")
    world.run(5000)
    world.remove(at_b)
    assert world.run(60_000, lambda: world.of(at_a, PeerLost)), world.events
    assert world.of(at_a, PeerLost)[0].peer == b.peer.id
    answer = ask(world, a, at_a, c.peer.id, request_for(coap.FETCH, ["peer"]))
    assert answer.code == codes.CONTENT and answer.signed


def test_unsigned_reads_are_open_and_readable_and_unsigned_writes_are_not():
    world, a, at_a, b, at_b = two({"name": "ann"})
    a.add_actuator("led", lambda value: None, False)
    a.reading(world.now, "temp", cbor.Decimal(2135, -2))
    world.run(3000)

    def get(path, accept=None, code=coap.GET):
        message = request_for(code, path)
        if accept is not None:
            message.add(coap.ACCEPT, accept)
        number = b.get(world.now, at_a, message)
        assert world.run(
            30_000, lambda: [e for e in world.of(at_b, Answer) if e.number == number]
        ), path
        return [e for e in world.of(at_b, Answer) if e.number == number][-1]

    answer = get(["sensors", "temp"])
    assert answer.content_format == 110 and b"21.35" in answer.payload, answer
    answer = get(["sensors", "temp"], 112)
    assert answer.content_format == 112, answer
    assert b'"ann"' in get(["peer"]).payload
    assert b"sensors/temp" in get([".well-known", "core"]).payload
    assert get(["nothing"]).code == codes.NOT_FOUND
    assert get(["peer"], 99).code == codes.NOT_ACCEPTABLE
    assert get(["actuators", "led"], code=coap.PUT).code == codes.UNAUTHORIZED
    assert get(["feeds"]).code == codes.CONTENT


def test_sharing_is_decided_per_resource():
    a_id = to_text(make_identity(1).public)
    world, a, at_a, b, at_b = two(
        None,
        {
            "sensors": {"temp": {"kind": "any", "share": [a_id]}},
            "share": {"/peers": "nobody"},
        },
    )
    c, at_c = world.add(3)
    c.start(world.now, False)
    c.candidate(world.now, b.peer.id, at_b, "given")
    b.reading(world.now, "temp", 20)
    world.run(5000)
    path = ["sensors", "temp"]
    assert ask(world, a, at_a, b.peer.id, request_for(coap.FETCH, path)).code == codes.CONTENT
    assert ask(world, c, at_c, b.peer.id, request_for(coap.FETCH, path)).code == codes.NOT_FOUND
    assert (
        ask(world, a, at_a, b.peer.id, request_for(coap.FETCH, ["peers"])).code == codes.FORBIDDEN
    )


def test_what_is_not_shared_with_all_is_in_no_list_and_in_no_feed():
    settings = {"sensors": {"temp": {"kind": "any", "share": "nobody"}}}
    world, a, at_a, b, _ = two({"follow": "*"}, settings)
    b.add_sensor("open", "Cel")
    b.reading(world.now, "temp", 20)
    b.reading(world.now, "open", 21)
    world.run(20_000)
    assert [e.sensor for e in world.of(at_a, Reading)] == ["open"], world.of(at_a, Reading)
    answer = ask(world, a, at_a, b.peer.id, request_for(coap.FETCH, ["sensors"]))
    assert b"open" in answer.payload and b"temp" not in answer.payload, answer


def test_ten_thousand_fake_peers_do_not_disturb_two_honest_ones():
    world, a, at_a, b, _at_b = two({"follow": "*"})
    world.run(5000)
    random = make_kit(99).random
    for n in range(10_000 if world.sent else 0):
        a.candidate(world.now, random(32), (f"10.1.{n >> 8}.{n & 255}", 5683), "mdns")
        if n % 500 == 0:
            b.reading(world.now, "temp", n)
            world.run(1000)
    world.run(20_000)
    assert len(a.contacts.table) <= a.limits.peers + a.limits.candidates, len(a.contacts.table)
    values = [e.value for e in world.of(at_a, Reading)]
    assert values == list(range(0, 10_000, 500)), values
