"""Observation: RFC 7641, from both sides."""

from network import Dice, Link, asking, content, get, losing, sizes
from observing import A, B, tell, told, watched

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.endpoint import Endpoint
from mesh.core.events import ObserverGone
from mesh.core.limits import Limits


def test_each_notification_arrives():
    link, number, ticket = watched()
    for order in range(2, 6):
        assert tell(link, ticket, order)
        link.run(100)
    assert told(link) == [b"0", b"2", b"3", b"4", b"5"], told(link)
    assert all(e.number == number and e.more and e.source == B for e in link.of(A))
    assert link.of(A)[1].message.uint(coap.OBSERVE) == 2
    assert [m.type for m in link.heard(A)] == [coap.ACK] + [coap.NON] * 4
    assert link.ends[A].wake_at() is None and link.ends[B].wake_at() is None


def test_older_notifications_are_ignored():
    link, _, ticket = watched()
    for order in (5, 4, 5, 6, 1, 8388614, 8388613, 16777215, 3, 16777215):
        tell(link, ticket, order)
        link.run(10)
    assert told(link) == [b"0", b"5", b"6", b"8388613", b"16777215", b"3"], told(link)
    link.run(128_000)
    tell(link, ticket, 2)
    link.run(10)
    assert told(link)[-1] == b"2", "after 128 s whatever comes is newer"


def test_some_notifications_are_confirmable():
    link, _, ticket = watched()
    for order in range(2, 34):
        tell(link, ticket, order)
        link.run(10)
    types = [m.type for m in link.heard(A)[1:]]
    assert types == ([coap.NON] * 15 + [coap.CON]) * 2, types
    link.run(60_000)
    tell(link, ticket, 40)
    tell(link, ticket, 41)
    link.run(10)
    assert [m.type for m in link.heard(A)[-2:]] == [coap.CON, coap.NON]
    assert told(link)[-2:] == [b"40", b"41"]


def test_a_stranger_gets_confirmable_ones_and_short_until_one_is_acknowledged():
    link, _, ticket = watched(proven=False)
    link.fate = lambda n, data: []
    tell(link, ticket, 2, b"2" * 900)
    link.run(500)
    assert len(link.sent[-1][3]) <= 60, "three times the registration"
    tell(link, ticket, 3)
    link.fate = None
    link.run(5000)
    tell(link, ticket, 4, b"4" * 900)
    link.run(10)
    assert [m.type for m in link.heard(A)] == [coap.ACK] + [coap.CON] * 3
    assert link.heard(A)[-1].payload == b"4" * 900 == told(link)[-1]
    assert not link.ends[B].proven(A), "an id can be guessed"
    link.ends[A].request(link.now, B, get("s"))
    link.run(10)
    assert len(link.sent[-1][3]) <= 60


def test_while_one_is_under_way_the_newest_waits():
    link, _, ticket = watched(proven=False, path="a" * 40)  # worth some tries
    link.fate = losing(1)
    for order in (2, 3, 4):
        assert tell(link, ticket, order)
    link.run()
    heard = link.heard(A)[1:]
    assert [m.payload for m in heard] == [b"2", b"4"], heard
    assert heard[0].mid != heard[1].mid and told(link) == [b"0", b"4"]
    assert not link.ends[B].flight


def test_the_newest_goes_when_the_one_before_arrived():
    link, _, ticket = watched(proven=False)
    for order in (2, 3, 4):
        tell(link, ticket, order)
    link.run(5)
    assert told(link) == [b"0", b"2", b"4"], told(link)


def test_an_observer_that_does_not_answer_is_given_up():
    link, _, ticket = watched(proven=False, path="a" * 40)  # worth some tries
    link.fate = lambda n, data: []
    start = link.now
    for order in range(2, 30):
        tell(link, ticket, order)
        link.run(1000)
    assert link.of(B)[-1] == ObserverGone(ticket, "no acknowledgement"), link.of(B)
    assert len([at for at, _, _, _ in link.sent if at >= start]) == 4, "new content, same tries"
    assert not tell(link, ticket, 40) and not link.ends[B].observers
    assert sizes(link.ends[B])["flight"] == 0 and link.ends[B].wake_at() is None


def test_a_reset_ends_it():
    link, number, ticket = watched()
    link.ends[A].cancel(link.now, number)
    assert tell(link, ticket, 2)
    link.run()
    assert [m.type for m in link.heard(B)] == [coap.CON, coap.RST]
    assert link.of(B)[-1] == ObserverGone(ticket, "reset") and told(link) == [b"0"]
    assert not tell(link, ticket, 3) and not link.ends[B].observers and not link.ends[B].flight


def test_a_reset_of_a_confirmable_one_ends_it_too():
    link, number, ticket = watched(proven=False)
    link.ends[A].cancel(link.now, number)
    tell(link, ticket, 2)
    tell(link, ticket, 3)
    link.run()
    assert link.of(B)[-1] == ObserverGone(ticket, "reset"), link.of(B)
    assert len(link.heard(A)) == 2 and link.ends[B].wake_at() is None


def test_deregistering():
    link, _number, ticket = watched()
    message = asking(coap.GET, ("s",), OBSERVE=1)
    message.token = ticket.token
    message.mid = 4711
    link.ends[B].receive(link.now, A, coap.build(message))
    link.run(1)
    gone, again = link.of(B)[1:]
    assert gone == ObserverGone(ticket, "deregistered"), gone
    assert again.message.uint(coap.OBSERVE) == 1 and not link.ends[B].observers
    assert not tell(link, ticket, 2)


def test_registering_again_replaces():
    link, _number, ticket = watched()
    message = asking(coap.GET, ("s",), OBSERVE=0)
    message.token = ticket.token
    message.mid = 4711
    link.ends[B].receive(link.now, A, coap.build(message))
    link.run(1)
    again, gone = link.of(B)[1:]
    assert gone == ObserverGone(ticket, "replaced"), gone
    assert not tell(link, ticket, 2) and tell(link, again.ticket, 3)
    assert len(link.ends[B].observers) == 1


def test_the_server_ends_it():
    link, _, ticket = watched()
    link.ends[B].end(ticket)
    link.ends[B].end(ticket)
    assert not tell(link, ticket, 2) and not link.ends[B].observers
    link, _number, ticket = watched()
    tell(link, ticket, 2)
    assert link.ends[B].notify(link.now, ticket, coap.Message(codes.NOT_FOUND))
    assert not tell(link, ticket, 3)
    link.run()
    last = link.of(A)[-1]
    assert last.message.code == codes.NOT_FOUND and not last.more, last
    assert [m.type for m in link.heard(A)] == [coap.ACK, coap.NON, coap.CON]
    assert not link.ends[A].open and not link.ends[B].flight
    assert not link.of(B)[1:], "who ends it knows"


def test_the_final_notification_waits_for_its_turn():
    link, _number, ticket = watched(proven=False)
    tell(link, ticket, 2)
    link.ends[B].notify(link.now, ticket, coap.Message(codes.NOT_FOUND))
    link.run()
    assert [e.more for e in link.of(A)] == [True, True, False], link.of(A)


def test_an_answer_without_observe_is_just_an_answer():
    for answer in (content(b"1"), coap.Message(codes.NOT_FOUND).add(coap.OBSERVE, 3)):
        link = Link(A, B)
        link.serve[B] = lambda event, made=answer: made
        link.ends[A].request(link.now, B, asking(coap.GET, ("s",), OBSERVE=0))
        link.run(10)
        assert [e.more for e in link.of(A)] == [False] and not link.ends[A].open
        assert not link.ends[B].observers
        assert not tell(link, link.of(B)[0].ticket, 3)


def test_only_reads_are_observed_and_no_group():
    end = Endpoint(Limits(), Dice())
    for mid, (code, group) in enumerate(
        ((coap.PUT, False), (coap.GET, True), (coap.FETCH, False))
    ):
        message = asking(code, ("s",), OBSERVE=0)
        message.mid = mid
        message.type = coap.NON
        end.receive(0, A, coap.build(message), group)
        ticket = end.next_event().ticket
        assert end.observable(ticket) is (mid == 2), mid
        assert not end.notify(0, ticket, content(b"1", OBSERVE=2)), "not answered yet"
        end.respond(0, ticket, content(b"1", OBSERVE=1))
        assert len(end.observers) == (mid == 2), mid


def test_a_registration_that_was_answered_late():
    link = Link(A, B)
    link.ends[A].request(link.now, B, asking(coap.GET, ("s",), OBSERVE=0))
    link.run(2000)
    ticket = link.of(B)[0].ticket
    link.ends[B].respond(link.now, ticket, content(b"1", OBSERVE=1))
    assert tell(link, ticket, 2)
    link.run()
    assert told(link) == [b"1", b"2"], told(link)
    assert not link.ends[B].flight


def test_a_lost_answer_to_the_registration():
    link = Link(A, B, fate=losing(2))
    link.ends[B].prove(A)
    link.serve[B] = lambda event: content(b"0", OBSERVE=1)
    link.ends[A].request(link.now, B, asking(coap.GET, ("s",), OBSERVE=0))
    link.run(10)
    ticket = link.of(B)[0].ticket
    tell(link, ticket, 2)
    link.run()
    assert told(link) == [b"2"], "the older answer came later"
    assert len(link.of(B)) == 1 and link.ends[A].wake_at() is None


def test_get_is_not_observed_by_itself():
    link = Link(A, B)
    link.serve[B] = lambda event: content(b"1", OBSERVE=4)
    link.ends[A].request(link.now, B, get("s"))
    link.run(10)
    assert [e.more for e in link.of(A)] == [False] and not link.ends[B].observers
