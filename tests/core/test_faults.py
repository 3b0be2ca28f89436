"""A fault of our own in one piece of work: the others go on, and who waits is told."""

from asking_stranger import Stranger
from world import World, make_identity

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.events import Answer, PeerFound, Reading
from mesh.core.kit import Guard
from mesh.core.peer_id import to_text
from mesh.core.security.signed_client import request_for

AT_ANN = ("10.0.0.1", 5683)


class Catching(Guard):
    """As those of the runtimes; it notes what failed where."""

    def __init__(self):
        self.found = []

    def __call__(self, part, work, *given):
        try:
            work(*given)
        except Exception as error:  # noqa: BLE001 - as a runtime does
            self.count += 1
            self.found.append((part, error.args[0]))
            return str(error)
        return ""


def broken(*_):
    raise KeyError("planted")


class Fragile:
    """Calls that fail as often as is wanted, and then do what they should."""

    def __init__(self, work, times=1):
        self.work = work
        self.left = times

    def __call__(self, *given):
        self.left -= 1
        if self.left >= 0:
            raise KeyError("planted")
        return self.work(*given)


def two(first=None, second=None):
    """Ann and Ben, who met; Ann's faults are caught, and noted."""
    world = World()
    guard = Catching()
    ann, at_ann = world.add(1, first, guard=guard)
    ben, at_ben = world.add(2, second)
    for node in (ann, ben):
        node.add_sensor("temp", "Cel")
        node.start(world.now, False)
    ben.candidate(world.now, ann.peer.id, at_ann, "given")
    met = world.run(5000, lambda: world.of(at_ann, PeerFound) and world.of(at_ben, PeerFound))
    assert met, world.events
    return world, ann, ben, guard


def ask(world, node, address, message, peer=None, payload=b""):
    form = 60 if payload else None
    number = (
        node.ask(world.now, peer, message, form, payload)
        if peer
        else node.get(world.now, AT_ANN, message)
    )

    def found():
        return [e for e in world.of(address, Answer) if e.number == number]

    assert world.run(30_000, found), "no answer came"
    return found()[-1]


def test_a_resource_that_fails_is_answered_by_500_signed_if_the_question_was():
    world, ann, ben, guard = two()
    at_ben = ("10.0.0.2", 5683)
    ann.peer.heap = broken
    answer = ask(world, ben, at_ben, request_for(coap.FETCH, ["peer"]), ann.peer.id)
    assert (answer.code, answer.signed) == (0xA0, True), answer
    assert "fault" in answer.error
    answer = ask(world, ben, at_ben, request_for(coap.GET, ["peer"]))
    assert (answer.code, answer.signed) == (0xA0, False), answer
    assert guard.found == [("request", "planted")] * 2
    answer = ask(world, ben, at_ben, request_for(coap.FETCH, ["time"]), ann.peer.id)
    assert answer.code == codes.CONTENT
    ann.peer.heap = None
    answer = ask(world, ben, at_ben, request_for(coap.FETCH, ["peer"]), ann.peer.id)
    assert cbor.decode(answer.payload)["faults"] == 2


def test_an_actuator_that_fails_is_answered_and_tried_again():
    settings = {"actuators": {"led": {"kind": "any", "allow": [to_text(make_identity(2).public)]}}}
    world, ann, ben, _guard = two(settings)
    ann.add_actuator("led", Fragile(lambda value: None), False)
    put = request_for(coap.PUT, ["actuators", "led"])
    at_ben = ("10.0.0.2", 5683)
    answer = ask(world, ben, at_ben, put, ann.peer.id, cbor.encode(True))
    assert (answer.code, answer.signed) == (0xA0, True), answer
    put = request_for(coap.PUT, ["actuators", "led"])
    answer = ask(world, ben, at_ben, put, ann.peer.id, cbor.encode(True))
    assert answer.code == codes.CHANGED, answer


def test_when_not_even_a_refusal_can_be_signed_it_is_unsigned():
    world, ann, ben, guard = two()
    ann.gate.sealed = broken
    answer = ask(world, ben, ("10.0.0.2", 5683), request_for(coap.FETCH, ["time"]), ann.peer.id)
    assert (answer.code, answer.signed) == (0xA0, False), answer
    assert [part for part, _ in guard.found] == ["request", "refusal"]


def test_events_behind_one_that_fails_are_not_lost():
    world, ann, _ben, guard = two()
    answered = []
    requested = ann.serving.requested
    ann.serving.requested = Fragile(lambda *given: answered.append(requested(*given)))
    for mid in (1, 2):
        message = request_for(coap.GET, ["time"])
        message.type, message.mid, message.token = coap.CON, mid, b"%d" % mid
        ann.endpoint.receive(world.now, ("10.0.0.7", 5683), coap.build(message))
    ann._work(world.now)
    assert len(answered) == 1 and guard.count == 1
    got = []
    while (sending := ann.next_send()) is not None:
        got.append(coap.parse(sending[2]).code)
    assert sorted(got) == [codes.CONTENT, 0xA0], got


def test_a_rule_that_fails_holds_up_no_other_and_no_reading():
    rules = [
        {"when": "self/temp", "above": 20, "set": name, "to": True} for name in ("bad", "good")
    ]
    settings = {
        "sensors": {"temp": {"kind": "any"}},
        "actuators": {"bad": {"kind": "any"}, "good": {"kind": "any"}},
        "rules": rules,
    }
    world, ann, _ben, guard = two(settings)
    set_ = []
    ann.add_actuator("bad", broken, False)
    ann.add_actuator("good", set_.append, False)
    ann.reading(world.now, "temp", 25)
    assert set_ == [], "a board's stack has no room for it within the reading"
    ann.tick(world.now)
    assert set_ == [True]
    assert guard.found == [("rule", "planted")]


def test_an_observer_that_cannot_be_told_is_given_up_and_the_others_are_told():
    world, ann, ben, guard = two(None, {"follow": "*"})
    bad, good = Stranger(world, 8), Stranger(world, 9)
    for one in (bad, good):
        ann.endpoint.prove(one.address)
        one.fetch(ann, {ann.peer.id: 1})
    telling = ann.serving.telling
    news = telling._news

    def failing(listener, *given):
        if listener.peer == bad.identity.public:
            raise KeyError("planted")
        return news(listener, *given)

    telling._news = failing
    ann.reading(world.now, "temp", 21)
    assert world.run(20_000, lambda: world.of(("10.0.0.2", 5683), Reading))
    peers = [one.peer for one in telling.table.values()]
    assert bad.identity.public not in peers and ben.peer.id in peers
    assert guard.found == [("observer", "planted")]


def test_an_answer_that_fails_frees_whoever_waited_for_it():
    world, ann, ben, guard = two()
    contact = ann.contacts.get(ben.peer.id)
    ann.asks._opened = Fragile(ann.asks._opened)
    ann.contacts.schedule(contact, world.now)
    assert world.run(5000, lambda: guard.count)
    assert not contact.asking, "else it would never be asked again"
    heard_ms = contact.heard_ms
    assert world.run(60_000, lambda: contact.heard_ms > heard_ms)
    assert guard.count == 1


def test_a_tick_that_fails_is_no_busy_loop_and_holds_up_no_other_part():
    world, ann, _ben, guard = two()
    ann.searching.tick = broken
    ann.searching.due_ms = world.now
    ticks = []
    acting = ann.acting.tick
    ann.acting.tick = lambda now_ms: (ticks.append(now_ms), acting(now_ms))
    world.run(10_000)
    assert 5 <= guard.count <= 11, guard.found
    assert ticks, "the parts behind it are not reached"


def test_what_a_link_tells_is_taken_though_one_thing_in_it_fails():
    world, ann, ben, _guard = two(
        {"follow": "*", "keep": [{"who": "*"}]}, {"keep": [{"who": "*"}]}
    )
    ann.replicating._told_head = broken
    ben.reading(world.now, "temp", 21)
    assert world.run(60_000, lambda: world.of(AT_ANN, Reading))


def test_a_datagram_that_fails_is_one_lost():
    world, ann, ben, guard = two()
    ann.endpoint.receive = Fragile(ann.endpoint.receive)
    answer = ask(world, ben, ("10.0.0.2", 5683), request_for(coap.FETCH, ["time"]), ann.peer.id)
    assert answer.code == codes.CONTENT
    assert guard.found == [("datagram", "planted")]
