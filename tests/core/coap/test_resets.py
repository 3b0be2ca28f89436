"""Resets, which anybody can send, and when they end a request."""

from network import Dice, Link, content, get

from mesh.core.coap.endpoint import Endpoint
from mesh.core.events import Failed
from mesh.core.limits import Limits

A = ("10.0.0.1", 5683)
B = ("10.0.0.2", 5683)


def reset_of(data):
    return bytes((0x70, 0)) + data[2:4]


def test_a_reset_of_the_last_transmission_ends_a_request():
    link = Link(A)
    end = link.ends[A]
    number = end.request(link.now, B, get("peer"))
    for n in range(1, Limits().max_retransmit + 2):
        data = end.next_send()[1]
        assert end.next_event() is None, n
        end.receive(link.now, B, reset_of(data))
        if (due := end.wake_at()) is not None:
            link.now = due
            end.tick(due)
    assert end.next_event() == Failed(number, "reset")
    assert end.next_send() is None and not end.open


def test_a_reset_ends_at_once_what_is_not_sent_again():
    end = Endpoint(Limits(), Dice())
    number = end.request(0, B, get("peer"), confirmable=False)
    end.receive(0, B, reset_of(end.next_send()[1]))
    assert end.next_event() == Failed(number, "reset")


def test_a_forged_reset_suppresses_no_answer():
    link = Link(A, B)
    link.serve[B] = lambda event: content(b"here")
    number = link.ends[A].request(link.now, B, get("peer"))
    sent = link.ends[A].next_send()[1]
    link.ends[A].receive(link.now, B, reset_of(sent))  # who listens is faster than B
    link.ends[B].receive(link.now, A, sent)
    link.run()
    (answer,) = link.of(A)
    assert (answer.number, answer.message.payload) == (number, b"here")
