"""What nobody should send: it is refused or ignored, ends, and costs nobody else anything."""

from attacking import AT_EVE, EVE, Scene, join, weigh
from bad_offers import offer, run_of, settle
from helpers import raises
from world import Random, make_identity

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.discovery.dnssd import OneShot
from mesh.core.discovery.mdns import Mdns
from mesh.core.errors import RemoteError
from mesh.core.node import COAP, GROUP, MDNS
from mesh.core.security.signed_client import request_for

LED = ["actuators", "led"]


def test_a_dns_name_that_points_at_itself():
    scene = Scene()
    for node in (scene.ann, scene.ben):
        node.add(Mdns(node.limits, Random(1), node.peer.id, 5683, ["10.0.0.9"]), MDNS)
        node.add(OneShot(node.limits, Random(2), node.peer.id), COAP)
    weight = settle(scene.meet())
    counts = ((1, 0), (0, 1))
    names = (b"\xc0\x0c", b"\x01a\xc0\x0c", b"\xc0\x0e\xc0\x0c", b"\x01a" * 200 + b"\xc0\x0c")
    for questions, answers in counts:
        for name in names:
            for flags in (0, 0x8400):
                head = b"\0\0" + b"".join(
                    [n.to_bytes(2, "big") for n in (flags, questions, answers, 0, 0)]
                )
                data = head + name + b"\0\x0c\0\x01\0\0\0\x78\0\x02\xc0\x0c"
                for channel in (MDNS, COAP):
                    scene.arrive(data, ("10.6.6.6", 5353), channel=channel)
    settle(scene, weight)


def test_64_kib_in_one_datagram():
    scene = Scene().meet()
    weight = settle(scene)
    size = 65_000
    option = b"\xb1x" + b"\x0e" + (size - 269).to_bytes(2, "big") + bytes(size)
    bodies = (
        bytes(size),
        b"\xff" + bytes(size),
        b"\xff" + b"\x81" * size,
        b"\xc1\x12\xff\x84\x40\xa0\x5a" + size.to_bytes(4, "big") + bytes(size + 66),
        b"\xc1\x12\xff\x84\x5a" + size.to_bytes(4, "big") + b"\x81" * size + b"\xa0\x40\x58\x40",
        option,
        b"\x11x" * (size // 2),
        b"\x60" + b"\x00" * size,  # Observe, and then the same option all over
    )
    for n in range(40):
        for code in (coap.GET, coap.FETCH, coap.PUT, codes.CONTENT, 0):
            head = bytes((0x44 | n % 4 << 4, code, n, 5)) + b"eve!"
            channel = GROUP if n % 5 == 0 else COAP
            scene.arrive(head + bodies[n % len(bodies)], channel=channel)
    settle(scene, weight)


def test_a_datagram_of_empty_options():
    """They would take far more memory than their datagram."""
    coap.parse(b"\x40\1\0\0\x60" + bytes(63))
    raises(RemoteError, coap.parse, b"\x40\1\0\0\x60" + bytes(64))
    scene = Scene().meet()
    weight = settle(scene)
    for n in range(16):
        message = scene.numbered(request_for(coap.GET, ["sensors", "temp"], observe=True))
        message.token = bytes((n,))
        data = coap.build(message)
        at = data.index(b"\x60") + 1  # behind Observe, the same again
        scene.arrive(data[:at] + bytes(900) + data[at:], ("10.6.6.6", 1000 + n))
    held = weigh(scene.ann, scene.ben)
    assert held < weight + 4000, (weight, held)
    settle(scene, weight)


def deep(size=900):
    """CBOR that goes on inside itself, or says that it will."""
    yield b"\x81" * size
    yield b"\xa1\x00" * (size // 2)
    yield b"\xc4\x82\x20" * (size // 3)
    yield b"\x9b" + b"\xff" * 8 + b"\x81" * size
    yield b"\xbb" + b"\xff" * 8
    yield b"\x5b" + b"\xff" * 8
    yield b"\x9a\x3b\x9a\xca\x00" + b"\x9a\x3b\x9a\xca\x00" * (size // 5)
    yield b"\x9f" * size
    yield b"\xd8\x18" * (size // 2)


def test_cbor_without_end_in_requests():
    scene = Scene().meet()
    weight = settle(scene)
    for body in deep():
        for code, path in ((coap.PUT, LED), (coap.FETCH, ["feeds"]), (coap.POST, ["feeds"])):
            for sealed in (False, True):
                if sealed:
                    data = scene.signed(scene.ann_signs, code, path, body)
                else:
                    message = scene.numbered(request_for(code, path))
                    message.payload = body
                    data = coap.build(message.add(coap.CONTENT_FORMAT, 18))
                before = list(scene.done)
                replies = scene.arrive(data, scene.at_ann)
                assert len(replies) == 1 and replies[0].code >= 0x80, (code, body[:4])
                sealed_reply = replies[0].uint(coap.CONTENT_FORMAT) == 18
                assert sealed_reply == sealed, (code, body[:4])
                assert scene.done == before, scene.done
        scene.world.run(2000)
    settle(scene, weight)


def test_cbor_without_end_in_answers():
    """Eve is a peer, and all that she tells of herself is that."""
    scene = Scene().meet()
    weight = settle(scene)
    eve = join(scene.world, make_identity(EVE), AT_EVE, {}, 1)
    bodies = list(deep())
    eve.peer.answer = lambda *_: (codes.CONTENT, 60, bodies[eve.peer.verified % len(bodies)], None)
    for node in (scene.ann, scene.ben):
        node.candidate(scene.world.now, eve.peer.id, AT_EVE, "given")
    scene.world.run(200_000)
    for _ in bodies:
        scene.ann.ask(scene.world.now, eve.peer.id, request_for(coap.FETCH, ["peer"]), None, b"")
        scene.world.run(1000)
    del scene.world.nodes[AT_EVE]
    settle(scene, weight)


def test_an_upload_without_end():
    scene = Scene().meet()
    weight = settle(scene)
    for many in range(8):  # each from an address of its own
        got = []
        for number in range(400):
            message = scene.numbered(request_for(coap.PUT, LED))
            message.add(coap.BLOCK1, number << 4 | 8)  # 16 bytes, and more to come
            message.payload = bytes(16)
            (reply,) = scene.arrive(coap.build(message), (f"10.6.6.{many}", 5683))
            got.append(reply.code)
        assert got[:256] == [codes.CONTINUE] * 256, got
        assert set(got[256:]) == {codes.TOO_LARGE, codes.INCOMPLETE}, got
    settle(scene, weight)


def test_a_download_without_end():
    scene = Scene().meet()
    weight = settle(scene)
    asked = []
    scene.keep = lambda source, target, data: target == AT_EVE and asked.append(data)
    for szx in (0, 5, 6):
        number = scene.ann.get(scene.world.now, AT_EVE, request_for(coap.GET, ["peer"]))
        blocks = 0
        while not scene.answers(number):
            assert scene.world.run(30_000, lambda: asked), "Ann does not ask on"
            question = coap.parse(asked.pop())
            at = question.uint(coap.BLOCK2) or szx
            message = coap.Message(
                codes.CONTENT, bytes(16 << (at & 7)), coap.ACK, question.mid, question.token
            )
            message.add(coap.BLOCK2, at | 8)
            scene.arrive(coap.build(message), AT_EVE, scene.at_ann)
            blocks += 1
            assert blocks <= 1 + (4096 >> min(szx, 5) + 4), "no end"
        (answer,) = scene.answers(number)
        assert answer.error and not answer.payload, answer
        asked[:] = []
        scene.forget()
    settle(scene, weight)


def test_a_group_request_for_a_path_that_is_no_text():
    scene = Scene().meet()
    for path in (b"\xff", b"\xed\xa0\x80", b""):
        message = scene.numbered(coap.Message(coap.GET, b"", coap.NON))
        message.add(coap.URI_PATH, path).add(coap.URI_QUERY, b"\xfe")
        assert not scene.arrive(coap.build(message), channel=GROUP), path
    settle(scene)


def test_a_text_too_long_for_the_feed_is_not_set():
    scene = Scene().meet()
    for size in (65, 400, 600, 900, 1200):
        answer = scene.ask(coap.PUT, LED, "\u20ac" * size)
        assert (answer.code, answer.signed) == (codes.TOO_LARGE, True), answer
    assert scene.ask(coap.PUT, LED, "\u20ac" * 64).code == codes.CHANGED
    assert scene.done[1:] == ["\u20ac" * 64], scene.done
    settle(scene)


def test_feeds_of_authors_whom_nobody_met_take_no_place():
    scene = Scene().start()
    scene.eve = make_identity(EVE)
    for n in range(0, 64, 8):
        runs = [run_of(scene, make_identity(1000 + n + k), 1) for k in range(8)]
        assert offer(scene, runs) == codes.CHANGED
        scene.world.now += 1000
    assert len(scene.ann.peer.feeds.foreign) <= 1, len(scene.ann.peer.feeds.foreign)
    scene.exchange()


def test_an_answer_longer_than_blocks_carry():
    scene = Scene().meet()
    authors = [make_identity(1000 + n) for n in range(31)]
    scene.ann.peer.feeds.wants = lambda author: True
    for author in authors:
        run = run_of(scene, author, 1, 400, 2)
        scene.ann.peer.feeds.take(scene.world.now, [run])
    everything = {author.public: 0 for author in authors}
    for value in (None, everything):
        message = request_for(coap.FETCH, ["feeds"])
        payload = b"" if value is None else cbor.encode(value)
        number = scene.ben.ask(
            scene.world.now, scene.ann.peer.id, message, 60 if payload else None, payload
        )
        assert scene.world.run(10_000, lambda n=number: scene.answers(n, scene.at_ben))
        (answer,) = scene.answers(number, scene.at_ben)
        assert (answer.code, answer.signed) == (codes.CONTENT, True), answer
        assert len(cbor.decode(answer.payload)) > 3, answer
        data = coap.build(scene.numbered(request_for(coap.GET, ["feeds"])))
        (reply,) = scene.arrive(data, scene.at_ben, scene.at_ann)  # in JSON it is too long
        assert reply.code == codes.NOT_ACCEPTABLE, reply.code
    settle(scene)
