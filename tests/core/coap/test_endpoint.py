"""Exchanges: retransmission, duplicates, late answers, groups, refusals."""

from helpers import raises
from network import GROUP, Dice, Link, asking, content, get, losing, sizes

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.endpoint import Endpoint
from mesh.core.errors import LocalError
from mesh.core.events import Answered, Failed, Requested
from mesh.core.limits import Limits

A = ("10.0.0.1", 5683)
B = ("10.0.0.2", 5683)
C = ("10.0.0.3", 5683)


def pair(**limits):
    link = Link(A, B, **limits)
    link.serve[B] = lambda event: content(b"21.5")
    return link


def kinds(link, address):
    return [type(event).__name__ for event in link.of(address)]


def test_an_answer_rides_on_the_acknowledgement():
    link = pair()
    number = link.ends[A].request(link.now, B, get("peer"))
    link.run(10)
    answer = link.of(A)[0]
    assert answer[:2] == (number, B) and answer.more is False, answer
    assert answer.message.payload == b"21.5", answer.message.payload
    types = [m.type for m in link.heard(B) + link.heard(A)]
    assert types == [coap.CON, coap.ACK], types
    assert link.ends[A].wake_at() is None and link.ends[B].wake_at() is None


def test_a_lost_request_is_sent_again_and_a_lost_answer_too():
    for lost in (1, 2):
        link = pair(fate=losing(lost))
        link.ends[A].request(link.now, B, get("peer"))
        link.run()
        assert kinds(link, A) == ["Answered"], link.of(A)
        assert kinds(link, B) == ["Requested"], link.of(B)
        assert len({data for _, source, _, data in link.sent if source == A}) == 1
        assert len({data for _, source, _, data in link.sent if source == B}) == 1


def test_nobody_there():
    link = Link(A)
    number = link.ends[A].request(link.now, B, get("peer"))
    link.run()
    assert link.of(A) == [Failed(number, "no answer")], link.of(A)
    times = [at - 1000 for at, _, _, _ in link.sent]
    first = times[1]
    assert len(times) == 4 and 1000 <= first <= 1250, times
    assert times == [0, first, 3 * first, 7 * first], times
    assert not link.ends[A].open and not link.ends[A].flight


def test_the_same_bytes_in_every_run():
    log = [(at, data.hex()) for at, _, _, data in scenario().sent]
    assert log == [
        (1000, "4401c67f4bfbe2fbb470656572"),
        (2082, "4401c67f4bfbe2fbb470656572"),
        (2083, "6445c67f4bfbe2fbff32312e35"),
    ], log


def scenario():
    link = pair(fate=losing(1))
    link.ends[A].request(link.now, B, get("peer"))
    link.run()
    return link


def test_an_answer_that_takes_long_comes_by_itself():
    link = Link(A, B)
    link.ends[A].request(link.now, B, get("peer"))
    link.run(700)
    assert [m.type for m in link.heard(A)] == [coap.ACK], link.heard(A)
    assert link.sent[1][0] == 1501, link.sent
    ticket = link.of(B)[0].ticket
    link.fate = losing(2)  # the acknowledgement of the answer
    link.ends[B].respond(link.now, ticket, content(b"late"))
    link.run()
    assert kinds(link, A) == ["Answered"], link.of(A)
    heard = link.heard(A)
    assert [m.type for m in heard] == [coap.ACK, coap.CON, coap.CON], heard
    assert heard[1].mid == heard[2].mid
    acks = [m for m in link.heard(B) if m.type == coap.ACK]
    assert len(acks) == 2 and acks[0].mid == heard[1].mid, acks
    assert not link.ends[B].flight


def test_an_answer_before_the_acknowledgement():
    link = Link(A)
    link.ends[A].request(link.now, B, get("peer"))
    link.run(1)
    request = link.heard(B)[0]
    answer = content(b"1")
    answer.token = request.token
    answer.type = coap.CON
    answer.mid = 77
    for _ in range(2):
        link.ends[A].receive(link.now, B, coap.build(answer))
    link.ends[A].receive(link.now, B, bytes((0x60, 0, request.mid >> 8, request.mid & 255)))
    link.run()
    assert kinds(link, A) == ["Answered"], link.of(A)
    assert [m.type for m in link.heard(B)] == [coap.CON, coap.ACK, coap.ACK]


def test_acknowledged_and_never_answered():
    link = Link(A, B)
    link.serve[B] = lambda event: link.ends[B].ignore(link.now, event.ticket)
    number = link.ends[A].request(link.now, B, get("peer"))
    link.run()
    assert link.of(A) == [Failed(number, "no answer")], link.of(A)
    assert len(link.sent) == 2, link.sent


def test_not_confirmable():
    link = pair()
    link.ends[A].request(link.now, B, get("peer"), confirmable=False)
    link.run(10)
    assert kinds(link, A) == ["Answered"], link.of(A)
    assert [m.type for m in link.heard(B) + link.heard(A)] == [coap.NON, coap.NON]
    link.fate = lambda n, data: []
    number = link.ends[A].request(link.now, B, get("peer"), confirmable=False)
    link.run()
    assert link.of(A)[1:] == [Failed(number, "no answer")], link.of(A)
    assert len(link.sent) == 3, link.sent


def test_a_duplicate_that_is_not_confirmable_is_silent():
    link = pair(fate=lambda n, data: [1, 2, 3])
    link.ends[A].request(link.now, B, get("peer"), confirmable=False)
    link.run()
    assert kinds(link, B) == ["Requested"] and kinds(link, A) == ["Answered"], link.events
    assert len(link.sent) == 2, link.sent


def test_answering_twice_is_a_local_error():
    link = pair()
    link.ends[A].request(link.now, B, get("peer"))
    link.run()
    raises(LocalError, link.ends[B].respond, link.now, link.of(B)[0].ticket, content())


def test_a_ping_and_a_broken_datagram_get_a_reset():
    end = Endpoint(Limits(unsigned_per_s=3), Dice())
    end.receive(0, B, b"\x40\x00\x12\x34")
    assert end.next_send() == (B, b"\x70\x00\x12\x34")
    end.receive(0, B, b"\x49\x01\x12\x35")  # a token length of 9
    assert end.next_send() == (B, b"\x70\x00\x12\x35")
    for text in ("", "40", "400012", "59011235", "69011235", "80010000"):
        data = bytes.fromhex(text)
        end.receive(0, B, data)
        assert end.next_send() is None, text
    end.receive(0, B, b"\x49\x01\x12\x35", True)
    assert end.next_send() is None
    for _ in range(9):
        end.receive(10, B, b"\x40\x00\x12\x34")
    assert len(end._out) == 1, "at most three a second"
    end.receive(1000, B, b"\x40\x00\x12\x34")
    assert len(end._out) == 2


def test_an_answer_nobody_waits_for():
    end = Endpoint(Limits(), Dice())
    end.receive(0, B, b"\x44\x45\x00\x01abcd")
    assert end.next_send() == (B, b"\x70\x00\x00\x01")
    end.receive(0, B, b"\x54\x45\x00\x02abcd")
    end.receive(0, B, b"\x64\x45\x00\x03abcd")
    assert end.next_send() is None and end.next_event() is None


def test_answers_from_elsewhere_or_to_another_message_are_not_taken():
    link = Link(A)
    number = link.ends[A].request(link.now, B, get("peer"))
    link.run(1)
    request = link.heard(B)[0]
    for source, type, mid in ((C, coap.ACK, 0), (C, coap.NON, 9), (B, coap.ACK, 1)):
        forged = coap.Message(codes.CONTENT, b"1", type, request.mid ^ mid, request.token)
        link.ends[A].receive(link.now, source, coap.build(forged))
    assert link.ends[A].next_event() is None and not link.ends[A].proven(B)
    link.run()
    assert link.of(A) == [Failed(number, "no answer")], link.of(A)


def test_unknown_critical_options():
    link = pair()
    for confirmable in (True, False):
        message = get("peer")
        message.options.append((65001, b""))
        link.ends[A].request(link.now, B, message, confirmable)
    link.run()
    answer, silence = link.of(A)
    assert answer.message.code == codes.BAD_OPTION, answer
    assert isinstance(silence, Failed) and not link.of(B), link.events

    def refusable(event):
        message = content()
        message.options.append((65001, b""))
        return message

    link.serve[B] = refusable
    number = link.ends[A].request(link.now, B, get("peer"))
    link.run()
    assert link.of(A)[2][0] == number and isinstance(link.of(A)[2], Failed), link.of(A)


def test_a_cancelled_request_says_nothing_more():
    link = pair()
    number = link.ends[A].request(link.now, B, get("peer"))
    link.ends[A].cancel(link.now, number)
    link.run()
    assert not link.of(A) and sizes(link.ends[A])["flight"] == 0, link.of(A)


def test_a_group_answers_after_a_random_leisure():
    link = Link(A, B, C)
    link.serve[B] = lambda event: content(b"b")
    link.serve[C] = lambda event: content(b"c")
    number = link.ends[A].request(link.now, GROUP, get(".well-known", "core"), group_ms=2000)
    link.run()
    answers = [(e.source, e.message.payload) for e in link.of(A) if isinstance(e, Answered)]
    assert sorted(answers) == [(B, b"b"), (C, b"c")], answers
    assert all(e.more for e in link.of(A)[:2]), link.of(A)
    assert link.of(A)[2] == Failed(number, "done"), link.of(A)
    assert link.of(B)[0].group is True
    times = [at - 1001 for at, source, _, _ in link.sent if source != A]
    assert all(0 <= at <= 500 for at in times) and len(set(times)) == 2, times
    assert not link.ends[A].open and not link.ends[A].flight and not link.ends[B].flight


def test_a_group_request_gets_no_errors():
    for quiet, expected in ((None, 0), (b"", 2), (b"\x02", 2), (b"\x1a", 0)):
        link = Link(A, B, C)
        for address in (B, C):
            link.serve[address] = lambda event: coap.Message(codes.NOT_FOUND)
        message = get("x")
        if quiet is not None:
            message.add(coap.NO_RESPONSE, quiet)
        link.ends[A].request(link.now, GROUP, message, group_ms=2000)
        link.run()
        assert len(link.of(A)) == 1 + expected, (quiet, link.of(A))


def test_a_confirmable_group_request_is_none():
    link = pair()
    data = coap.build(get("peer"))
    link.ends[B].receive(0, A, data, True)
    assert link.ends[B].next_event() is None and link.ends[B].next_send() is None


def test_no_response_is_wanted():
    for quiet, answered in ((2, False), (8, True), (0, True), (26, False)):
        link = pair()
        link.ends[A].request(link.now, B, asking(coap.PUT, ("a",), b"1", NO_RESPONSE=quiet))
        link.run()
        assert link.heard(A)[0].code == (codes.CONTENT if answered else coap.EMPTY), quiet


def test_requests_come_as_they_were_sent():
    link = pair()
    sent = asking(coap.FETCH, ("a", "b"), b"what", URI_QUERY="q=1", ACCEPT=60, CONTENT_FORMAT=60)
    options = list(sent.options)
    link.ends[A].request(link.now, B, sent)
    link.run()
    event = link.of(B)[0]
    assert isinstance(event, Requested) and event.source == A and event.group is False, event
    assert event.message.options == options and event.message.payload == b"what"
