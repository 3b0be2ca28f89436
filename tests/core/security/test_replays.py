"""What was said before, elsewhere or by another changes nothing at whole nodes."""

from attacking import AT_EVE, BEN, BY_ANN, CAT, EVE, Scene, join
from world import make_identity

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.events import Forked, Refused
from mesh.core.feed.feed import Feed, genesis, make_entry, next_link, seal_head
from mesh.core.kit import Identity
from mesh.core.security.cose import header, split
from mesh.core.security.counter import Counter
from mesh.core.security.seal import open_request
from mesh.core.security.signed_client import request_for

LED = ["actuators", "led"]
FEEDS = ["feeds"]
FAN = ["actuators", "fan"]


def refuses(scene, data, source=AT_EVE):
    """It changes nothing, and is told as a refusal."""
    scene.forget()
    before = list(scene.done)
    replies = scene.arrive(data, source)
    assert scene.done == before, scene.done
    assert len(scene.world.of(scene.at_ben, Refused)) == 1, scene.world.events
    return replies


def renumbered(scene, data):
    """The same words once more, as no duplicate."""
    return coap.build(scene.numbered(coap.parse(data)))


def test_a_replay_to_the_same_peer():
    scene = Scene().meet()
    scene.keep = lambda source, target, data: target == scene.at_ben and data[1] == coap.PUT
    scene.exchange()
    (data,) = scene.said
    for source in (scene.at_ann, AT_EVE):
        refuses(scene, renumbered(scene, data), source)
    scene.exchange()


def test_a_request_replayed_at_another_peer_and_another_path():
    """Their counter is new, so only what they are signed for is against them."""
    scene = Scene().meet()
    cat, at_cat = scene.world.add(CAT, BY_ANN)
    cat.add_actuator("led", scene.done.append, 0)
    for source in (scene.at_ann, AT_EVE):
        message = scene.request(scene.ann_signs, coap.PUT, LED, 9)
        data = coap.build(message)
        (reply,) = scene.arrive(data, source, at_cat)
        assert (reply.code, reply.get(coap.ECHO)) == (codes.UNAUTHORIZED, None), "not opened there"
        message.drop(coap.URI_PATH)
        message.add(coap.URI_PATH, "actuators").add(coap.URI_PATH, "fan")
        refuses(scene, coap.build(message), source)
        (reply,) = scene.arrive(renumbered(scene, data), source)
        assert (reply.code, scene.done[-1]) == (codes.CHANGED, 9), "right where they belong"
    scene.exchange()


def test_the_same_datagram_again_is_answered_but_done_once():
    scene = Scene().meet()
    scene.keep = lambda source, target, data: target == scene.at_ben and data[1] == coap.PUT
    scene.exchange()
    for _ in range(3):
        replies = scene.arrive(scene.said[0], scene.at_ann)
        assert [r.code for r in replies] == [codes.CHANGED], replies
    assert len(scene.done) == 1, scene.done


def test_an_answer_moved_to_another_question():
    scene = Scene().meet()

    def to_ann(source, target, data):
        return target == scene.at_ann and data[1] >= 64

    scene.keep = scene.swallow = to_ann
    numbers = [
        scene.ann.ask(scene.world.now, scene.ben.peer.id, request_for(coap.FETCH, path), None, b"")
        for path in (LED, FAN)
    ]
    scene.world.run(100)
    led, fan = [coap.parse(data) for data in scene.said]
    led.payload, fan.payload = fan.payload, led.payload
    for message in (led, fan):
        scene.arrive(coap.build(message), scene.at_ben, scene.at_ann)
    for number in numbers:
        (answer,) = scene.answers(number)
        assert not answer.signed and answer.error, answer


def test_an_unknown_counter_is_asked_for_an_echo_once():
    scene = Scene().start()
    scene.keep = lambda source, target, data: target == scene.at_ben and data[1] == coap.PUT
    for count in (2, 3, 4):
        scene.exchange()
        assert len(scene.said) == count, "the first one twice, then no more"
    echoes = [coap.parse(data).get(coap.ECHO) is not None for data in scene.said]
    assert echoes == [False, True, False, False], echoes
    counters = [
        open_request(scene.kit, scene.ben.peer.id, coap.parse(data)) for data in scene.said
    ]
    counters = [opened.counter for opened in counters]
    assert sorted(set(counters)) == counters, counters


def test_a_restarted_peer_takes_no_old_message():
    scene = Scene().meet()
    scene.keep = lambda source, target, data: target == scene.at_ben and data[1] == coap.PUT
    scene.exchange()
    scene.exchange()
    ben = join(scene.world, make_identity(BEN), scene.at_ben, BY_ANN, 2)
    done = []
    ben.add_actuator("led", done.append, 0)
    for data in scene.said:
        for source in (scene.at_ann, AT_EVE):
            scene.arrive(renumbered(scene, data), source)
    assert not done, done


def test_a_restarted_peer_sends_no_used_counter():
    scene = Scene().start()
    saved = [0]
    secret = make_identity(CAT)

    def save(limit):
        saved[0] = limit

    used = []

    def tap(source, target, data):
        if source == at_cat and 0 < data[1] < 32:
            used.append(header(scene.kit, split(coap.parse(data).payload)[0])[2])
        return False

    at_cat = ("10.0.0.3", 5683)
    scene.swallow = tap
    for boots in range(1, 6):
        identity = Identity(secret.public, secret.sign, Counter(saved[0], 8, save).next)
        cat = join(scene.world, identity, at_cat, {}, boots)
        cat.candidate(scene.world.now, scene.ben.peer.id, scene.at_ben, "last")
        scene.world.run(500)
        for _ in range(boots):
            scene.ask(coap.PUT, LED, True, cat)
        del scene.world.nodes[at_cat]
    assert len(used) > 20, used
    assert sorted(set(used)) == sorted(used), used


def test_a_sender_that_was_forgotten_cannot_be_replayed():
    scene = Scene(senders=4)
    scene.keep = lambda source, target, data: target == scene.at_ben and data[1] == coap.PUT
    scene.meet()
    scene.exchange()
    echoes = [coap.parse(data).get(coap.ECHO) for data in scene.said]
    assert len(echoes) == 3 and echoes[1], "one of them holds an Echo that is still good"
    for number in range(100, 108):
        (reply,) = scene.arrive(scene.signed(number, coap.POST, FEEDS, []))
        scene.world.now += 1000
        again = scene.signed(number, coap.POST, FEEDS, [], echo=reply.get(coap.ECHO))
        assert [r.code for r in scene.arrive(again)] == [codes.CHANGED]
        scene.world.now += 1000
    before = list(scene.done)
    for data in scene.said:
        (reply,) = scene.arrive(renumbered(scene, data))
        assert reply.code == codes.UNAUTHORIZED, reply.code
    assert scene.done == before, scene.done
    scene.exchange()  # which needs an Echo again
    scene.done[:] = []
    for data in scene.said:  # that one among them
        scene.arrive(renumbered(scene, data))
    assert not scene.done, scene.done


def test_a_forged_echo_and_that_of_another():
    scene = Scene().start()
    (reply,) = scene.arrive(scene.signed(EVE, coap.PUT, LED, 1))
    assert reply.code == codes.FORBIDDEN, "who may not, gets no Echo"
    (reply,) = scene.arrive(scene.signed(EVE, coap.POST, FEEDS, []))
    of_eve = reply.get(coap.ECHO)
    (reply,) = scene.arrive(scene.signed(scene.ann_signs, coap.PUT, LED, 1))
    right = reply.get(coap.ECHO)

    def flip(echo, at):
        return echo[:at] + bytes((echo[at] ^ 1,)) + echo[at + 1 :]

    forged = [of_eve, b"", bytes(12), right[:-1], right + b"\0"]
    for echo in forged + [flip(right, at) for at in range(12)]:
        data = scene.signed(scene.ann_signs, coap.PUT, LED, 1, echo=echo)
        (reply,) = scene.arrive(data, scene.at_ann)
        assert (reply.code, scene.done) == (codes.UNAUTHORIZED, []), echo
    stolen = coap.parse(scene.signed(scene.ann_signs, coap.PUT, LED, 1))
    stolen.add(coap.ECHO, right)  # which her signature does not hold
    refuses(scene, coap.build(stolen))
    scene.world.run(1000)
    (reply,) = scene.arrive(scene.signed(scene.ann_signs, coap.PUT, LED, 1, echo=right))
    assert (reply.code, scene.done) == (codes.CHANGED, [1]), reply.code


def run_of(author, value, first=1):
    """A run of one reading, with that value, by an identity."""
    pack = [{0: "temp", 1: "Cel", 2: value}]
    entry = make_entry(Scene().kit, first, [0, 1, 2, None], "reading", pack)
    before = genesis(Scene().kit, author.public)
    link = next_link(Scene().kit, before, entry)
    return [author.public, first, before, [entry], seal_head(author, first, link)]


def test_a_fork_ends_a_feed():
    scene = Scene().meet()
    signer = scene.ben.asks._identity
    feed = scene.ben.peer.feeds.own
    twin = Feed(scene.kit, signer.public, 128, feed.first_seq - 1, feed.before)
    for value in (100, 101, 102):
        twin.append([0, 1, 2, None], "reading", [{0: "temp", 1: "Cel", 2: value}])
    twin.sign(signer)
    run = [twin.run(0, 900)]
    # Eve, who has got both, offers the other one to Ann
    to_ann = {"recipient": scene.ann.peer.id}
    data = scene.signed(EVE, coap.POST, ["feeds"], run, **to_ann)
    (reply,) = scene.arrive(data, AT_EVE, scene.at_ann)
    scene.arrive(
        scene.signed(EVE, coap.POST, ["feeds"], run, echo=reply.get(coap.ECHO), **to_ann),
        AT_EVE,
        scene.at_ann,
    )
    forked = scene.world.of(scene.at_ann, Forked)
    assert forked == [Forked(scene.ben.peer.id, feed.first_seq)], forked
    scene.world.events[scene.at_ann] = []
    scene.ben.reading(scene.world.now, "temp", 55)
    scene.world.run(20_000)
    assert scene.readings() == [], "nothing is believed any more"
    assert scene.ask(coap.PUT, LED, 7).code == codes.CHANGED, "but it is still a peer"
