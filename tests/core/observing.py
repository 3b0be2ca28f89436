"""A scene for tests of observation: A observes B."""

from network import Link, asking, content

from mesh.core.coap import message as coap

A = ("10.0.0.1", 5683)
B = ("10.0.0.2", 5683)


def watched(proven=True, path="s", **limits):
    """A observes B: the link, A's request number and B's ticket."""
    link = Link(A, B, **limits)
    if proven:
        link.ends[B].prove(A)
    link.serve[B] = lambda event: content(b"0", OBSERVE=1)
    number = link.ends[A].request(link.now, B, asking(coap.GET, (path,), OBSERVE=0))
    link.run(10)
    assert [event.more for event in link.of(A)] == [True], link.of(A)
    ticket = link.of(B)[0].ticket
    return link, number, ticket


def tell(link, ticket, order, payload=None):
    """Notify: B's number and what it says."""
    text = str(order).encode() if payload is None else payload
    return link.ends[B].notify(link.now, ticket, content(text, OBSERVE=order))


def told(link):
    """What A was told, in order."""
    return [event.message.payload for event in link.of(A)]
