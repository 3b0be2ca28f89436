"""Observation with bodies in blocks, and with more observers than places: RFC 7641, RFC 7959."""

from helpers import raises
from network import Dice, Link, asking, content, get, sizes
from observing import A, B, tell, told, watched

from mesh.core.coap import message as coap
from mesh.core.coap.endpoint import Endpoint
from mesh.core.errors import LocalError
from mesh.core.events import Answered, Failed, ObserverGone
from mesh.core.limits import Limits


def register(end, address, n):
    """Register an observer by hand; its ticket, and whether the answer kept Observe."""
    message = asking(coap.GET, ("s",), OBSERVE=0)
    message.token = bytes((n,))
    message.mid = n
    end.receive(n, address, coap.build(message))
    ticket = end.next_event().ticket
    able = end.observable(ticket)
    end.respond(n, ticket, content(b"1", OBSERVE=1))
    answer = coap.parse(end.next_send()[1])
    assert (answer.get(coap.OBSERVE) is not None) == able
    return ticket, able


def test_places_for_observers_are_shared_fairly():
    end = Endpoint(Limits(observers=4), Dice())
    greedy = [register(end, A, n) for n in range(6)]
    assert [able for _, able in greedy] == [True] * 4 + [False] * 2, "none beyond the limit"
    _other, able = register(end, B, 10)
    assert able and end.next_event() == ObserverGone(greedy[0][0], "replaced")
    _second, able = register(end, B, 11)
    assert able and end.next_event() == ObserverGone(greedy[1][0], "replaced")
    assert not register(end, B, 12)[1], "both have two now"
    proven = ("10.0.0.9", 1)
    end.prove(proven)
    for n in range(20, 24):
        assert register(end, proven, n)[1]
        assert end.next_event().reason == "replaced"
    assert not register(end, B, 30)[1] and len(end.observers) == 4, "proven ones stay"


def test_known_peers_keep_their_places_beside_verified_strangers():
    known = ("10.0.0.7", 7)
    end = Endpoint(Limits(observers=4), Dice(), known={known: "a peer"}.get)
    for n in range(8):
        end.prove((f"10.0.1.{n}", 1))
        register(end, (f"10.0.1.{n}", 1), n)
    for n in range(20, 24):
        assert register(end, known, n)[1]
        assert end.next_event().reason == "replaced"
    assert not register(end, ("10.0.1.9", 1), 30)[1]
    assert {at for at, _ in end.observers} == {known}


def test_a_notification_in_blocks():
    link, _number, ticket = watched()
    for order in range(2, 5):
        tell(link, ticket, order, bytes((order,)) * 2000)
        link.run(50)
    assert told(link) == [b"0"] + [bytes((order,)) * 2000 for order in range(2, 5)]
    assert len([e for e in link.of(B) if not isinstance(e, ObserverGone)]) == 1, link.of(B)
    later = [m for m in link.heard(B) if m.get(coap.BLOCK2)]
    assert len(later) == 9 and all(m.get(coap.OBSERVE) is None for m in later)
    assert all(m.token != ticket.token for m in later)
    assert len(link.ends[A].open) == 1 and sizes(link.ends[A])["flight"] == 0


def test_a_newer_notification_overtakes_a_body_that_comes_in():
    link, _number, ticket = watched()
    tell(link, ticket, 2, b"2" * 3000)
    link.run(3)
    tell(link, ticket, 3, b"3" * 1100)
    link.run()
    assert told(link) == [b"0", b"3" * 1100], [p[:3] for p in told(link)]
    assert len(link.ends[A].open) == 1 and not sizes(link.ends[A])["line"]
    tell(link, ticket, 4)
    link.run(10)
    assert told(link)[-1] == b"4"


def test_a_body_that_cannot_be_put_together_is_left_for_the_next():
    link, _number, ticket = watched()
    tell(link, ticket, 2, b"2" * 3000)
    link.ends[B].bodies = []
    link.serve[B] = lambda event: content(b"other" * 500)
    link.run()
    assert told(link) == [b"0"] and len(link.ends[A].open) == 1
    tell(link, ticket, 3)
    link.run(10)
    assert told(link) == [b"0", b"3"]


def test_a_first_answer_in_blocks():
    link = Link(A, B)
    link.ends[B].prove(A)
    link.serve[B] = lambda event: content(b"0" * 1500, OBSERVE=1)
    link.ends[A].request(link.now, B, asking(coap.FETCH, ("s",), b"what", OBSERVE=0))
    link.run(50)
    assert told(link) == [b"0" * 1500] and link.of(A)[0].more
    assert tell(link, link.of(B)[0].ticket, 2)
    link.run(50)
    assert told(link)[1:] == [b"2"]


def test_observing_by_a_fetch_that_goes_in_blocks():
    link = Link(A, B)
    link.ends[B].prove(A)
    link.serve[B] = lambda event: content(event.message.payload[-2000:], OBSERVE=1)
    what = b"1" * 1200 + b"2" * 1200
    number = link.ends[A].request(link.now, B, asking(coap.FETCH, ("s",), what, OBSERVE=0))
    link.run(50)
    assert told(link) == [what[-2000:]] and link.of(A)[0].more
    for order in (2, 3):
        assert tell(link, link.of(B)[0].ticket, order, b"n" * order * 700)
        link.run(50)
    assert told(link)[1:] == [b"n" * 1400, b"n" * 2100] and link.of(A)[2].number == number


def test_a_lost_later_block_fails_the_observation_once():
    link, number, ticket = watched()
    link.fate = lambda n, data: [] if coap.parse(data).get(coap.BLOCK2) == b"\x1d" else [1]
    tell(link, ticket, 2, b"2" * 3000)
    link.run()
    assert link.of(A)[-1] == Failed(number, "no answer"), link.of(A)
    assert not link.ends[A].open
    tell(link, ticket, 3)
    link.run()
    assert link.of(B)[-1] == ObserverGone(ticket, "reset")
    assert len([e for e in link.of(A) if isinstance(e, Answered)]) == 1


def test_the_same_content_to_many_observers():
    end = Endpoint(Limits(bodies=2), Dice())
    tickets = []
    for n in range(4):
        address = ("10.1.0.1", n)
        end.prove(address)
        tickets.append(register(end, address, n)[0])
    message = content(b"7" * 1500, OBSERVE=2)
    for ticket in tickets:
        assert end.notify(0, ticket, message)
    sent = [end.next_send() for _ in tickets]
    assert [to for to, _ in sent] == [("10.1.0.1", n) for n in range(4)]
    assert len(end.bodies) == 2 and all(len(data) < 600 for _, data in sent)


def test_what_is_too_long_changes_nothing():
    end = Endpoint(Limits(body=50), Dice())
    message = asking(coap.GET, ("s",), OBSERVE=0)
    end.receive(0, A, coap.build(message))
    ticket = end.next_event().ticket
    raises(LocalError, end.respond, 0, ticket, content(b"1" * 51, OBSERVE=1))
    assert not end.observers
    end.respond(0, ticket, content(b"1", OBSERVE=1))
    raises(LocalError, end.notify, 0, ticket, content(b"1" * 51, OBSERVE=2))
    assert end.notify(0, ticket, content(b"1", OBSERVE=2)) and len(end.observers) == 1


def test_ids_used_up_hold_a_notification_back():
    link, _, ticket = watched()
    own = link.ends[B]._ids
    own._left = 0
    own._spent = [link.now] * 120
    assert tell(link, ticket, 2) and tell(link, ticket, 3)
    for n in range(40):
        message = get("s")
        message.mid = n
        link.ends[B].receive(link.now, A, coap.build(message))
    link.run(9000)
    assert told(link) == [b"0"], "not before the lifetime ends"
    link.run(3000)
    assert told(link) == [b"0", b"3"], told(link)
