"""What an endpoint may use up: message ids, lines, tables, and what strangers cost."""

import sys

from helpers import raises
from network import Dice, Link, content, get, sizes

from mesh.core.coap import message as coap
from mesh.core.coap.endpoint import Endpoint
from mesh.core.errors import LocalError
from mesh.core.events import Answered
from mesh.core.limits import Limits

A = ("10.0.0.1", 5683)
B = ("10.0.0.2", 5683)
C = ("10.0.0.3", 5683)


def pair(**limits):
    link = Link(A, B, **limits)
    link.serve[B] = lambda event: content(b"21.5")
    return link


def test_few_at_once_to_one_address_and_the_others_in_line():
    link = pair(nstart=2)
    numbers = [link.ends[A].request(link.now, B, get(str(n))) for n in range(6)]
    assert len(link.ends[A]._out) == 2
    link.ends[A].request(link.now, C, get("c"))
    assert len(link.ends[A]._out) == 3
    link.ends[A].cancel(link.now, numbers[3])
    link.run(100)
    answered = [event.number for event in link.of(A)]
    assert answered == numbers[:3] + numbers[4:], answered
    paths = [m.path()[0] for m in link.heard(B)]
    assert paths == ["0", "1", "2", "4", "5"], paths
    assert sizes(link.ends[A])["line"] == 0


def test_what_has_begun_goes_before_those_in_line():
    link = pair(nstart=1)
    link.ends[B].prove(A)
    link.serve[B] = lambda event: content(b"1" * 1500)
    for name in ("a", "b", "c"):
        link.ends[A].request(link.now, B, get(name))
    link.run(100)
    paths = "".join([m.path()[0] for m in link.heard(B)])
    assert paths == "abababccc", paths


def test_only_so_many_requests_are_open():
    link = pair(outgoing=5)
    numbers = [link.ends[A].request(link.now, B, get(str(n))) for n in range(5)]
    assert len(set(numbers)) == 5, numbers
    raises(LocalError, link.ends[A].request, link.now, C, get("x"))
    link.ends[A].cancel(link.now, numbers[0])
    link.ends[A].cancel(link.now, 12345)
    link.ends[A].request(link.now, C, get("x"))
    link.run()
    assert len(link.of(A)) == 5 and not link.ends[A].open, link.of(A)


IDS = 120 * 512  # message ids for what an endpoint begins


def test_a_group_and_its_members_never_get_the_same_id():
    """Whoever hears the group keeps its ids too, and would take a request for a duplicate."""
    link = pair(outgoing=64)
    a = link.ends[A]
    mids = []
    for n in range(30):
        group = n % 3 == 0
        a.request(1000, ("224.0.1.187", 5683) if group else (A, B)[n % 2], get("x"), not group, 9)
        a.receive(1000, B, b"")
    while (datagram := a.next_send()) is not None:
        mids.append(datagram[1][2] << 8 | datagram[1][3])
    assert len(mids) == len(set(mids)) > 10, mids


def test_a_message_id_waits_until_it_may_be_used_again():
    last = {}
    link = pair(nstart=64, outgoing=64, exchanges=8)
    link.keep = False
    a = link.ends[A]
    total = 1000 if slow() else 70_000
    for n in range(total):
        a.request(1000 + n // 64, B, get("x"))
        while (datagram := a.next_send()) is not None:
            mid = datagram[1][2] << 8 | datagram[1][3]
            used = last.get(mid)
            assert used is None or a._now - used >= 10_750, (mid, used, a._now)
            last[mid] = a._now
            ack = bytes((0x64, 0x45)) + datagram[1][2:8]
            a.receive(a._now, B, ack)
        while a.next_event():
            pass
        if len(a.open) == 64:
            assert n >= IDS - 1, n
            break
    if not slow():
        assert len(last) == IDS, len(last)
        waiting = len(a.open)
        late = a.wake_at()
        while a.wake_at() is not None and not a._out:
            late = a.wake_at()
            a.tick(late)
        assert 10_750 <= late - 1000 <= 10_750 + 100 + 8 and waiting == 64, late


def test_many_exchanges_leave_the_tables_flat():
    link = pair(exchanges=16)
    link.keep = False
    a, b = link.ends[A], link.ends[B]
    total = 2000 if slow() else 70_000
    levels = []
    for n in range(total):
        a.request(link.now, B, get("x"))
        exchange(link.now, a, b)
        link.now += n & 1
        if n * 10 % total == 0 and n:
            levels.append((sizes(a), sizes(b)))
    for at_a, at_b in levels:
        assert at_a["open"] == at_a["flight"] == at_a["seen"] == 0, at_a
        assert at_a["timers"] <= 40 and at_b["timers"] <= 40, (at_a, at_b)
        assert at_b["seen"] == at_b["order"] <= 16 and at_b["remotes"] == 0, at_b
        assert at_a["remotes"] == 1, at_a


def exchange(now, a, b):
    """One request of a to b, without the link."""
    b.receive(now, A, a.next_send()[1])
    b.respond(now, b.next_event().ticket, content(b"21.5"))
    a.receive(now, B, b.next_send()[1])
    answer = a.next_event()
    assert isinstance(answer, Answered) and answer.message.payload == b"21.5", answer
    a.wake_at(), b.wake_at()


def slow():
    return sys.implementation.name == "micropython"


def test_a_flood_of_strangers_takes_only_their_own_places():
    end = Endpoint(Limits(exchanges=16, remotes=8), Dice())
    end.prove(B)
    message = get("peer")
    message.mid = 7
    end.receive(0, B, coap.build(message))
    ticket = end.next_event().ticket
    end.respond(0, ticket, content(b"kept"))
    reply = end.next_send()[1]
    for n in range(500):
        message.mid = n
        message.type = n & 1
        end.receive(n, (f"10.9.{n >> 8}.{n & 255}", 5683), coap.build(message))
        event = end.next_event()
        if n % 3:
            end.respond(n, event.ticket, content(b"1"))
    while end.next_send():
        pass
    for at in range(500, 3000, 100):
        end.tick(at)
    held = sizes(end)
    assert held["seen"] <= 16 and held["remotes"] == 1 and held["flight"] == 0, held
    message.mid = 7
    message.type = coap.CON
    while end.next_send():
        pass
    end.receive(3000, B, coap.build(message))
    assert end.next_send() == (B, reply) and end.next_event() is None
    assert end.proven(B)


def test_the_least_used_address_goes_and_unproven_ones_first():
    end = Endpoint(Limits(remotes=8, outgoing=100), Dice())
    for n in range(4):
        end.prove((f"p{n}", 1))
    for n in range(40):
        number = end.request(100 + n, (f"s{n}", 1), get("x"))
        end.cancel(100 + n, number)
        assert len(end.remotes) <= 8, len(end.remotes)
    assert all(end.proven((f"p{n}", 1)) for n in range(4))
    for n in range(4, 20):
        end.receive(200 + n, A, b"")
        end.prove((f"p{n}", 1))
    assert len(end.remotes) == 8 and end.proven(("p19", 1)) and not end.proven(("p0", 1))


def test_an_unproven_address_gets_three_times_what_it_sent():
    link = Link(B)
    b = link.ends[B]
    for path in ("p", "peer", "a-long-name-of-a-resource", "x" * 200):
        for size in (0, 5, 100, 700):
            message = get(path)
            message.mid = b._now + 1
            data = coap.build(message)
            b.receive(message.mid, A, data)
            b.respond(b._now, b.next_event().ticket, content(b"y" * size, CONTENT_FORMAT=0))
            reply = b.next_send()[1]
            assert len(reply) <= 3 * len(data), (path, size, len(reply))
    b.prove(A)
    message = get("p")
    message.mid = 9999
    b.receive(1, A, coap.build(message))
    b.respond(1, b.next_event().ticket, content(b"y" * 700))
    assert len(b.next_send()[1]) > 700


def test_who_answers_is_proven():
    link = pair()
    assert not link.ends[A].proven(B)
    link.ends[A].request(link.now, B, get("peer"))
    link.run()
    assert link.ends[A].proven(B) and not link.ends[B].proven(A)


def test_what_a_stranger_sent_is_forgotten_apart_from_what_it_sent_as_known():
    end = Endpoint(Limits(), Dice())
    message = get("peer")
    message.mid = 7

    def comes(now, source=A):
        end.receive(now, source, coap.build(message))
        event = end.next_event()
        return event is not None

    assert comes(0)
    end.prove(A)
    assert comes(11_000) and not comes(11_001), "the id may come again after its lifetime"
    assert comes(11_002, C)
    assert not comes(11_003), "forgetting the first one must not take the second along"


def test_an_evicted_request_can_still_be_answered():
    end = Endpoint(Limits(exchanges=4), Dice())
    tickets = []
    for mid in range(6):
        message = get("peer")
        message.mid = mid
        end.receive(0, B, coap.build(message))
        tickets.append(end.next_event().ticket)
    assert len(end.seen) == 2, end.seen
    end.respond(0, tickets[0], content(b"1"))
    assert coap.parse(end.next_send()[1]).mid == 0
    end.receive(0, B, coap.build(message))
    assert end.next_event() is None, "a duplicate"
