"""Observe numbers that go on (RFC 7641 s.4.4), and Max-Age that says when the next is due."""

from attacking import AT_EVE, EVE, Scene, join
from world import make_identity

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.security.signed_client import request_for

TEMP = ["sensors", "temp"]


def newer(first, second):
    """Whether a client takes the second for the newer one (RFC 7641 s.3.4)."""
    return 0 < (second - first & 0xFFFFFF) < 0x800000


def check(numbers):
    """Each is newer than the one before."""
    for n in range(1, len(numbers)):
        assert newer(numbers[n - 1], numbers[n]), (n, numbers[n - 1], numbers[n])


def registered(scene, token, path=TEMP, port=666, **more):
    """A stranger asks to observe; the number that it is told first."""
    message = scene.numbered(request_for(coap.GET, path, observe=True))
    message.token = token
    for name in sorted(more):
        message.add(getattr(coap, name), more[name])
    (reply,) = scene.arrive(coap.build(message), (AT_EVE[0], port))
    assert reply.code == codes.CONTENT, reply.code
    return reply.uint(coap.OBSERVE)


def told(scene, value):
    """The messages that go to strangers when there is a reading, all of them acknowledged; a ping
    before them is answered.
    """
    messages = []
    scene.swallow = lambda source, target, data: replied(scene, target, data, messages)
    scene.ben.reading(scene.world.now, "temp", value)
    scene.world.drain()
    scene.world.run(200)
    scene.swallow = lambda *_: False
    return messages


def replied(scene, target, data, messages):
    """Whether it went to a stranger, who replies as it has to."""
    if target[0] != AT_EVE[0]:
        return False
    message = coap.parse(data)
    if message.code == codes.CONTENT:
        messages.append(message)
    if message.type == coap.CON and message.code in (0, codes.CONTENT):
        kind = coap.ACK if message.code else coap.RST
        reply = coap.build(coap.Message(0, b"", kind, message.mid))
        scene.world.flying.append((scene.world.now + 1, 0, 0, target, scene.at_ben, reply))
    return True


def test_who_registers_again_is_told_newer_ones():
    scene = Scene().start()
    scene.ben.reading(scene.world.now, "temp", 0)
    numbers = [registered(scene, b"one")]
    for value in range(1, 6):
        (message,) = told(scene, value)
        assert message.token == b"one"
        numbers.append(message.uint(coap.OBSERVE))
    numbers.append(registered(scene, b"one"))  # as clients do that heard nothing for long
    numbers.append(registered(scene, b"two"))  # or from a new token, and at once again
    numbers.append(registered(scene, b"two", port=667))
    check(numbers)
    for messages in (told(scene, 7), told(scene, 8)):
        for message in messages:
            assert newer(numbers[-1], message.uint(coap.OBSERVE)), numbers


def test_numbers_after_a_restart_are_newer():
    """By the boot count: a client may ask anew within the 128 s in which it compares."""
    for boots in (1, 2, 7, 8, 9, 4095, 2**21 - 2):
        numbers = []
        for start in (boots, boots + 1, boots + 2):
            scene = Scene()
            node = join(scene.world, make_identity(EVE), ("10.0.0.7", 5683), {}, start)
            numbers += [node.endpoint.order() for _ in range(100)]
        assert min(numbers) >= 0 and max(numbers) < 1 << 24
        check(numbers)
        assert newer(numbers[0], numbers[-1])


def test_later_blocks_have_the_number_if_they_are_asked_for_with_observe():
    """RFC 7959 s.3.4 has it in the first only, and asks for it in none: some ask all the same."""
    scene = Scene().start()
    scene.ben.reading(scene.world.now, "temp", 0)
    number = registered(scene, b"one", BLOCK2=0)
    for observe in (True, False):
        message = scene.numbered(request_for(coap.GET, TEMP, observe=observe))
        message.token = b"one"
        message.add(coap.BLOCK2, 1 << 4)
        (reply,) = scene.arrive(coap.build(message), (AT_EVE[0], 666))
        assert (reply.code, reply.uint(coap.BLOCK2) >> 4) == (codes.CONTENT, 1)
        assert reply.uint(coap.OBSERVE) == (number if observe else None)


def test_observe_numbers_wrap():
    scene = Scene().start()
    scene.ben.reading(scene.world.now, "temp", 0)
    scene.ben.endpoint._told = 0xFFFFFD
    numbers = [registered(scene, b"%d" % n) for n in range(4)]
    assert numbers == [0xFFFFFE, 0xFFFFFF, 0, 1], numbers


def test_feeds_that_are_observed_again():
    scene = Scene().meet()
    numbers = []
    for n in range(3):
        data = scene.signed(EVE, coap.FETCH, ["feeds"], {scene.ben.peer.id: 1}, observe=True)
        replies = [m for m in scene.arrive(data) if m.token == b"eve!"]
        assert replies[0].code == codes.CONTENT
        numbers.append(replies[0].uint(coap.OBSERVE))
        news = []
        scene.swallow = lambda s, t, d, news=news: replied(scene, t, d, news)
        scene.ben.reading(scene.world.now, "temp", n)
        scene.world.run(8000)
        scene.swallow = lambda *_: False
        numbers += [m.uint(coap.OBSERVE) for m in news[:1]]
    assert len(numbers) == 6, numbers
    check(numbers)


def age(scene, path=TEMP, accept=None):
    """The Max-Age of what a stranger reads."""
    message = scene.numbered(request_for(coap.GET, path))
    if accept is not None:
        message.add(coap.ACCEPT, accept)
    (reply,) = scene.arrive(coap.build(message))
    assert reply.code == codes.CONTENT, reply.code
    return reply.uint(coap.MAX_AGE)


def test_a_reading_lasts_until_the_next_is_due():
    scene = Scene().start()
    ben, world = scene.ben, scene.world
    ben.add_sensor("slow", "Cel", 600_000)
    ben.add_sensor("quick", "Cel", 2500)
    slow, quick = ["sensors", "slow"], ["sensors", "quick"]
    ben.reading(world.now, "slow", 20)
    ben.reading(world.now, "quick", 20)
    began = world.now
    for accept in (None, 110, 112, 18):
        assert (age(scene, slow, accept), age(scene, quick, accept)) == (600, 3), accept
    assert age(scene, ["sensors"]) == 3, "all of them, as long as the first of them"
    world.now = began + 2000
    assert (age(scene, slow), age(scene, quick)) == (598, 1)
    world.now = began + 250_500
    assert (age(scene, slow), age(scene, quick)) == (350, 0), "rounded up; and overdue"
    world.now = began + 600_001
    assert age(scene, slow) == 0
    ben.reading(world.now, "slow", 21)
    assert age(scene, slow) == 600
    for path in (["peer"], ["time"], [".well-known", "core"]):
        assert age(scene, path) is None, path


def test_what_nobody_may_read_says_nothing_of_itself():
    scene = Scene().start()
    scene.ben.add_sensor("hidden", "Cel", 1000)
    scene.ben.peer.access._share["/sensors/hidden"] = []
    scene.ben.add_sensor("slow", "Cel", 600_000)
    for name in ("slow", "hidden"):
        scene.ben.reading(scene.world.now, name, 1)
    assert age(scene, ["sensors"]) == 600


def test_notifications_and_signed_answers_last_as_long():
    scene = Scene().meet()
    scene.ben.add_sensor("temp", "Cel", 300_000)
    scene.ben.reading(scene.world.now, "temp", 0)
    registered(scene, b"json")
    registered(scene, b"cose", ACCEPT=18)
    messages = told(scene, 1)
    assert [m.uint(coap.MAX_AGE) for m in messages] == [300, 300], messages
    data = scene.signed(scene.ann_signs, coap.FETCH, TEMP)
    (reply,) = scene.arrive(data, scene.at_ann)
    assert (reply.code, reply.uint(coap.MAX_AGE)) == (codes.CONTENT, 300)
    answer = scene.ask(coap.FETCH, TEMP)
    assert answer.signed and cbor.decode(answer.payload), "it is not bound, and changes nothing"
