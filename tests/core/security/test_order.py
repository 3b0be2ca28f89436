"""Changes that one peer asks of another are done in its order, and none is lost for being many."""

from attacking import AT_EVE, Scene
from helpers import raises

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import LocalError, RemoteError, Stale
from mesh.core.events import Answer
from mesh.core.full import turns
from mesh.core.full.turns import Turns
from mesh.core.security.signed_client import request_for

LED, FAN = ["actuators", "led"], ["actuators", "fan"]
CONFLICT = 0x89


def ask_many(scene, values, path=LED):
    """Ann wishes all of that at once; the numbers of her questions."""
    return [
        scene.ann.ask(
            scene.world.now,
            scene.ben.peer.id,
            request_for(coap.PUT, path),
            60,
            cbor.encode(value),
        )
        for value in values
    ]


def answered(scene, numbers):
    """What came of these questions, once all have an end."""
    assert scene.world.run(600_000, lambda: all(scene.answers(n) for n in numbers))
    return [scene.answers(n)[-1] for n in numbers]


def test_an_older_change_is_not_made_after_a_newer_one():
    scene = Scene().meet()
    old, middle, new = [scene.signed(scene.ann_signs, coap.PUT, LED, n) for n in (1, 2, 3)]
    assert [r.code for r in scene.arrive(middle)] == [codes.CHANGED]
    (reply,) = scene.arrive(old)
    assert reply.code == CONFLICT and reply.uint(coap.CONTENT_FORMAT) == 18, "told, and signed"
    assert reply.get(coap.ECHO) is None
    assert [r.code for r in scene.arrive(new)] == [codes.CHANGED]
    assert scene.done[-2:] == [2, 3], scene.done


def test_what_is_no_change_in_the_same_sense_may_come_in_any_order():
    scene = Scene().meet()
    post = scene.signed(scene.ann_signs, coap.POST, ["feeds"], [])
    put = scene.signed(scene.ann_signs, coap.PUT, LED, 4)
    late = scene.signed(scene.ann_signs, coap.POST, ["feeds"], [])
    earlier = scene.signed(scene.ann_signs, coap.PUT, FAN, 5)
    for data in (late, put, post, earlier):
        assert [r.code for r in scene.arrive(data)] == [codes.CHANGED]
    assert scene.done[-2:] == [4, 5], scene.done


def test_a_refused_one_changes_nothing_of_what_is_known():
    """It is no way to have a change that was made once made again."""
    scene = Scene().meet()
    old, new = [scene.signed(scene.ann_signs, coap.PUT, LED, n) for n in (11, 12)]
    scene.arrive(new)
    for data in (old, new, old):
        message = scene.numbered(coap.parse(data))
        (reply,) = scene.arrive(coap.build(message), AT_EVE)
        assert reply.code in (CONFLICT, codes.UNAUTHORIZED), reply.code
    assert scene.done[-1] == 12 and 11 not in scene.done, scene.done


def test_the_order_where_a_window_is_opened():
    scene = Scene().meet()
    accept = scene.ben.gate._freshness.accept
    sender = b"s" * 32
    first, second = [raises(Stale, accept, 0, sender, n, None, True).echo for n in (1, 2)]
    accept(0, sender, 4, second, True)
    error = raises(RemoteError, accept, 0, sender, 3, first, True)
    assert error.code == CONFLICT, error.code
    accept(0, sender, 3, first, False)


def test_forty_wishes_at_once_are_all_done_in_their_order():
    """More than the window of 32 has room for, on a line where much is lost."""
    scene = Scene(outgoing=64).meet()
    copies = {}

    def lose(source, target, data):
        copies[data] = copies.get(data, 0) + 1
        if target == scene.at_ben and data[1] == coap.PUT:
            return copies[data] <= data[-1] % 3
        return target == scene.at_ann and data[1] == codes.CHANGED and copies[data] <= data[-1] % 2

    scene.swallow = lose
    scene.done[:] = []
    values = list(range(100, 140))
    answers = answered(scene, ask_many(scene, values))
    assert {a.code for a in answers} == {codes.CHANGED}, answers
    assert scene.done == values, scene.done
    assert len([n for n in copies.values() if n > 1]) > 20, "much was lost"


def test_questions_do_not_wait_for_changes():
    scene = Scene().meet()
    scene.swallow = lambda source, target, data: target == scene.at_ben and data[1] == coap.PUT
    ask_many(scene, [1, 2])
    assert scene.ask(coap.FETCH, LED).signed
    scene.swallow = lambda source, target, data: False


def test_what_gets_no_answer_lets_the_next_have_its_turn():
    scene = Scene().meet()
    scene.swallow = lambda source, target, data: (
        target == scene.at_ben and data[1] == coap.PUT and not scene.answers(numbers[0])
    )
    numbers = [-1]
    numbers[:] = ask_many(scene, [1, 2])
    first, second = answered(scene, numbers)
    assert (first.code, second.code) == (0, codes.CHANGED), (first, second)
    assert scene.done[-1] == 2 and 1 not in scene.done[-1:], scene.done


class Sent:
    """What sends, and is told what could not be."""

    def __init__(self):
        self.sent = []
        self.failed = []
        self.full = False
        self.turns = Turns(lambda number, why: self.failed.append(number))

    def send(self, name):
        def now(now_ms):
            if self.full:
                raise LocalError("full")
            self.sent.append(name)
            return len(self.sent)

        return now


def test_each_peer_has_a_line_of_its_own():
    sent = Sent()
    numbers = [sent.turns.add(0, b"ab"[n % 2 : n % 2 + 1], sent.send(n)) for n in range(6)]
    assert sent.sent == [0, 1] and len(set(numbers)) == 6
    assert sent.turns.ended(0, 1) == numbers[0]
    assert sent.sent == [0, 1, 2]
    assert sent.turns.ended(0, 77) == 77, "of no change"
    for exchange, number in ((3, 2), (4, 4), (2, 1), (5, 3), (6, 5)):
        told = sent.turns.ended(0, exchange)
        assert sent.sent[exchange - 1] == number and told == numbers[number], (exchange, told)
    assert not sent.turns._lines and not sent.turns._under_way


def test_a_change_that_is_asked_elsewhere_too_keeps_its_turn():
    sent = Sent()
    first, second = [sent.turns.add(0, b"a", sent.send(n)) for n in "xy"]
    again = sent.turns.beside(0, first, b"a", sent.send("x"))
    assert sent.sent == ["x", "x"] and again != first
    assert sent.turns.ended(0, 1) == first
    assert sent.sent == ["x", "x"], "it is still under way"
    assert sent.turns.cancel(0, again) == 2
    assert sent.sent == ["x", "x", "y"]
    assert sent.turns.ended(0, 3) == second


def test_a_change_that_is_given_up_frees_its_turn():
    sent = Sent()
    numbers = [sent.turns.add(0, b"a", sent.send(n)) for n in range(4)]
    assert sent.turns.cancel(0, numbers[1]) == numbers[1], "nothing was sent of it"
    assert sent.turns.cancel(0, numbers[0]) == 1
    assert sent.sent == [0, 2]
    sent.full = True
    assert sent.turns.ended(0, 2) == numbers[2]
    assert sent.failed == [numbers[3]], "its turn came while too much was open"
    assert not sent.turns._lines and not sent.turns._under_way


def test_no_more_wait_than_the_cap():
    sent = Sent()
    for n in range(turns.MOST):
        sent.turns.add(0, b"%d" % (n % 3), sent.send(n))
    raises(LocalError, sent.turns.add, 0, b"z", sent.send(0))
    assert len(sent.sent) == 3


def test_an_answer_is_told_by_the_number_that_was_given():
    scene = Scene().meet()
    numbers = ask_many(scene, [1, 2, 3])
    assert len(set(numbers)) == 3
    told = answered(scene, numbers)
    assert [answer.number for answer in told] == numbers and isinstance(told[0], Answer)


def test_changes_of_different_resources_do_not_wait_for_each_other():
    """What a later one of another resource overtook on its way is put again, and done."""
    scene = Scene().meet()
    held = []
    plain = scene.world.lose

    def lose(source, target, data):
        if target == scene.at_ben and not held and coap.parse(data).code == coap.PUT:
            held.append((source, target, data))
            return True  # it comes later, below
        return plain(source, target, data)

    scene.world.lose = lose
    led, fan = ask_many(scene, [1]) + ask_many(scene, [2], FAN)
    scene.world.drain()
    scene.world.run(50)
    assert [a.code for a in answered(scene, [fan])] == [codes.CHANGED], "it did not wait"
    scene.world.inject(*held[0])
    assert [a.code for a in answered(scene, [led])] == [codes.CHANGED], "it was put again"
    assert scene.done[-2:] == [2, 1], scene.done
