"""Whoever sends other words under a message id before its owner does has nothing swallowed."""

from network import Link, asking, content
from observing import A, B, told, watched

from mesh.core.coap import message as coap


def test_a_request_under_an_id_that_somebody_used_in_its_name():
    link = Link(A, B)
    link.serve[B] = lambda event: content(event.message.payload)
    end = link.ends[B]
    link.ends[A].request(link.now, B, asking(coap.PUT, ("lamp",), b"on"))
    asked = link.ends[A].next_send()[1]
    for at in (1, 4, len(asked) - 1):  # another code, token, payload
        end.receive(link.now, A, asked[:at] + bytes((asked[at] ^ 1,)) + asked[at + 1 :])
    link.run(0)
    link.events = []
    for _ in range(2):  # the second one is a duplicate
        end.receive(link.now, A, asked)
        link.run(10)
        assert [event.message.payload for event in link.of(B)] == [b"on"]
    assert link.of(A)[-1].message.payload == b"on"


def test_confirmable_news_under_an_id_that_somebody_used_in_its_name():
    link, _, ticket = watched()
    for order in (2, 3):
        answer = content(str(order).encode(), OBSERVE=order)
        link.ends[B].notify(link.now, ticket, answer, confirm=True)
        news = link.ends[B].next_send()[1]
        forged = coap.parse(news)
        forged.drop(coap.OBSERVE)
        forged.add(coap.OBSERVE, 0)
        for data in (coap.build(forged), news, news):
            link.ends[A].receive(link.now, B, data)
        link.run(100)
    assert told(link) == [b"0", b"2", b"3"], told(link)
