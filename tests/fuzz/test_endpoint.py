"""Whatever comes from the network: no exception, tables in bounds, every request ends once."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from network import Dice, Link, asking, content, sizes

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.endpoint import Endpoint
from mesh.core.errors import LocalError
from mesh.core.events import Answered, Failed, ObserverGone, Requested
from mesh.core.limits import Limits

A = ("10.0.0.1", 5683)
B = ("10.0.0.2", 5683)
SMALL = {"exchanges": 6, "outgoing": 4, "remotes": 5, "observers": 2, "bodies": 2, "body": 300,
         "block_szx": 1, "datagram": 80, "nstart": 2}  # fmt: skip

SOURCES = [A, B, ("10.0.0.3", 1), ("10.0.0.4", 1), ("10.0.0.5", 1), ("::1", 1)]
CODES = [0, 1, 1, 2, 3, 5, 5, 31, 0x45, 0x45, 0x44, 0x5F, 0x84, 0x8D, 0xA0, 0xE0]
NUMBERS = [4, 6, 6, 6, 6, 11, 11, 12, 23, 23, 27, 27, 28, 60, 252, 258, 292, 65001, 65000]
VALUES = [
    b"",
    b"\x00",
    b"\x01",
    b"\x08",
    b"\x09",
    b"\x19",
    b"\x11",
    b"\x0f",
    b"\x21",
    b"\x09",
    b"abcde",
]
PAYLOADS = [b"", b"1", b"x" * 16, b"x" * 32, b"x" * 31, b"y" * 90, b"z" * 290, b"z" * 310]


class Subject:
    """An endpoint with a whimsical application and network around it, and what it must keep to.

    All whims come from one seed: drawing each from hypothesis takes a hundred times as long.
    """

    def __init__(self, seed):
        self.whim = random.Random(seed)
        self.end = Endpoint(Limits(**SMALL), Dice())
        self.now = 0
        self.sent = []
        self.open = set()
        self.tickets = []

    def datagram(self):
        """A source and noise, or a message that may go with one that the endpoint sent."""
        whim = self.whim
        source = whim.choice(SOURCES)
        if whim.random() < 0.1:
            return source, whim.randbytes(whim.randrange(24))
        message = coap.Message(whim.choice(CODES), whim.choice(PAYLOADS), whim.randrange(4))
        message.token = whim.randbytes(whim.randrange(3))
        message.mid = whim.randrange(10)
        options = [(whim.choice(NUMBERS), whim.choice(VALUES)) for _ in range(whim.randrange(4))]
        message.options = sorted(options)
        if self.sent and whim.random() < 0.8:
            source, like = whim.choice(self.sent[-6:])
            message.token = like[4 : 4 + (like[0] & 15)]
            if whim.random() < 0.7:
                message.mid = like[2] << 8 | like[3]
            if whim.random() < 0.7:
                reply(message, coap.parse(like))
        data = bytearray(coap.build(message))
        if whim.random() < 0.1:
            data[whim.randrange(len(data))] = whim.randrange(256)
        return source, bytes(data)

    def drain(self):
        """Take what comes out, and look at the tables."""
        while (event := self.end.next_event()) is not None:
            if isinstance(event, Requested):
                self.tickets = [*self.tickets[-9:], event.ticket]
                if self.whim.random() < 0.7:
                    self.respond(event.ticket)
            elif isinstance(event, ObserverGone):
                assert not self.end.notify(self.now, event.ticket, content(OBSERVE=9))
            elif isinstance(event, Failed) or not event.more:
                self.open.remove(event.number)  # KeyError: it ended twice
            else:
                assert event.number in self.open
        while (datagram := self.end.next_send()) is not None:
            self.sent = [*self.sent[-9:], datagram]
        held, limits = sizes(self.end), self.end.limits
        assert held["open"] <= 2 * limits.outgoing
        assert held["seen"] <= held["order"] <= limits.exchanges
        assert held["bodies"] <= limits.bodies
        assert held["observers"] <= limits.observers
        assert held["remotes"] <= limits.remotes
        assert held["line"] <= limits.outgoing
        assert held["flight"] <= limits.exchanges + limits.outgoing + limits.observers + 1
        assert held["timers"] <= 2 * (held["open"] + 3 * limits.exchanges) + 33
        assert all(remote.busy >= 0 for remote in self.end.remotes.values())

    def respond(self, ticket):
        answer = coap.Message(
            self.whim.choice([0x45, 0x45, 0x44, 0x84]), self.whim.choice(PAYLOADS)
        )
        if self.whim.random() < 0.8:
            answer.add(coap.OBSERVE, self.whim.randrange(4))
        try:
            self.end.respond(self.now, ticket, answer)
        except LocalError:
            assert ticket.state or len(answer.payload) > 300

    def ask(self):
        whim = self.whim
        message = asking(whim.choice([1, 3, 5]), ("x",), whim.choice(PAYLOADS))
        if whim.random() < 0.5:
            message.add(coap.OBSERVE, 0)
        group_ms = whim.choice([0, 0, 0, 9])
        try:
            number = self.end.request(
                self.now, whim.choice(SOURCES), message, whim.random() < 0.7, group_ms
            )
        except LocalError:
            return
        assert number not in self.open
        self.open.add(number)

    def act(self, ticket):
        """What an application may do with a ticket, at any time."""
        whim = self.whim.randrange(6)
        if whim < 2:
            code = self.whim.choice([0x45, 0x45, 0x45, 0x84])
            payload = self.whim.choice(PAYLOADS)[:300]
            self.end.notify(self.now, ticket, coap.Message(code, payload).add(coap.OBSERVE, 1))
        elif whim == 2:
            self.respond(ticket)
        elif whim == 3:
            self.end.ignore(self.now, ticket)
        elif whim == 4:
            self.end.end(ticket)
        else:
            self.end.prove(ticket.address)

    def step(self):
        choice = self.whim.randrange(10)
        if choice == 0:
            self.ask()
        elif choice == 1 and self.tickets:
            self.act(self.whim.choice(self.tickets))
        elif choice == 2:
            self.now += self.whim.choice([0, 1, 499, 1000, 11_000])
            self.end.tick(self.now)
        else:
            group = self.whim.random() < 0.1
            source, data = self.datagram()
            self.end.receive(self.now, source, data, group)
        self.drain()

    def rest(self):
        """Nothing more comes in: observations of ours are cancelled, all else ends by itself."""
        for number in [request.number for request in self.end.open.values() if request.watch]:
            self.end.cancel(self.now, number)
            self.open.discard(number)
        for _ in range(500):
            at = self.end.wake_at()
            if at is None:
                break
            self.now = max(at, self.now)
            self.end.tick(self.now)
            self.drain()
        assert self.end.wake_at() is None
        assert not self.open, "every request ends"
        held = sizes(self.end)
        assert held["open"] == held["line"] == 0
        assert held["flight"] <= held["observers"]


def reply(message, request):
    """Make the message a likely answer to that one: a response, maybe a block; or an empty one."""
    if not 0 < request.code < 32:
        message.code, message.token, message.payload, message.options = 0, b"", b"", []
        message.type = max(message.type, coap.ACK)
        return
    if message.type == coap.RST or not 64 <= message.code < 160:
        message.type, message.code = coap.ACK, codes.CONTENT
    for number in (coap.BLOCK1, coap.BLOCK2):
        block = request.uint(number)
        if block is not None:
            message.drop(number)
            message.options = sorted([*message.options, (number, request.get(number))])
            if number == coap.BLOCK2 and len(message.payload) == 16 << (block & 7):
                message.drop(number)
                message.add(number, block | 8)
            if block & 8:
                message.code = codes.CONTINUE


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 300))
def test_anything_may_come(seed, steps):
    subject = Subject(seed)
    for _ in range(steps):
        subject.step()
    subject.rest()


@given(st.lists(st.binary(max_size=40), max_size=20), st.booleans())
def test_noise(blobs, group):
    end = Endpoint(Limits(), Dice())
    for blob in blobs:
        end.receive(0, A, blob, group)
    end.tick(60_000)


# the last of four transmissions goes after up to 8.75 s, and takes up to 3 s (RFC 7252 s.4.8.2)
LIFETIME_MS = 8750 + 3000 + 1
FATES = st.lists(st.lists(st.integers(1, 3000), max_size=3), min_size=1, max_size=40)


class Fate:
    """The drawn delays in turn, over and over, but never everything lost for good."""

    def __init__(self, fates):
        self.fates = fates
        self.at = 0

    def __call__(self, number, data):
        self.at += 1
        return self.fates[self.at % len(self.fates)]


@settings(max_examples=400, deadline=None)
@given(FATES, st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2000)), min_size=1, max_size=8))
def test_any_loss_delay_and_order(fates, asks):
    lifetime = {"exchange_lifetime_ms": LIFETIME_MS}
    link = Link(A, B, fate=Fate(fates), exchanges=64, nstart=2, **lifetime)
    link.ends[B].prove(A)
    link.serve[B] = lambda event: content(event.message.payload + b"!")
    expected = {}
    for kind, size in asks:
        payload = bytes((size & 255,)) * (0 if kind == 0 else size)
        message = asking((1, 2, 3, 5, 5, 5)[kind], ("x",), payload)
        expected[link.ends[A].request(link.now, B, message, kind != 4)] = payload + b"!"
        link.run(size)
    link.run(600_000)
    ended = {}
    for event in link.of(A):
        assert event.number not in ended, "ended twice"
        ended[event.number] = event
        if isinstance(event, Answered) and event.message.code == codes.CONTENT:
            assert event.message.payload == expected[event.number]
    assert sorted(ended) == sorted(expected)
    tickets = [(e.ticket.asked, e.ticket.token) for e in link.of(B) if isinstance(e, Requested)]
    assert len(tickets) == len(set(tickets)), "the same request twice"
    assert sizes(link.ends[A])["flight"] == sizes(link.ends[B])["flight"] == 0
    assert not link.ends[A].open


@settings(max_examples=100, deadline=None)
@given(FATES, st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 4000)), max_size=12))
def test_an_observer_sees_the_newest_in_the_end(fates, changes):
    link = Link(A, B, exchanges=64)
    link.ends[B].prove(A)
    link.serve[B] = lambda event: content(b"0", OBSERVE=1)
    number = link.ends[A].request(link.now, B, asking(coap.GET, ("s",), OBSERVE=0))
    link.run(10)
    ticket = link.of(B)[0].ticket
    link.fate = Fate(fates)
    order = 1
    for size, pause in changes:
        order += 1
        text = str(order).encode()
        link.ends[B].notify(link.now, ticket, content(text + b"." * size, OBSERVE=order))
        link.run(pause)
    orders = [e.message.uint(coap.OBSERVE) for e in link.of(A) if isinstance(e, Answered)]
    assert orders == sorted(set(orders)), "never back in time"
    link.run(60_000)
    link.fate = None
    gone = [e for e in link.of(B) if isinstance(e, ObserverGone)]
    failed = [e for e in link.of(A) if isinstance(e, Failed)]
    assert len(gone) <= 1
    assert len(failed) <= 1
    link.ends[B].notify(link.now, ticket, content(b"last", OBSERVE=order + 1))
    link.run(60_000)
    if not failed and not gone:
        assert link.of(A)[-1].message.payload == b"last"
        assert link.ends[B].observers
    link.ends[A].cancel(link.now, number)
    assert not link.ends[A].open
    assert not link.ends[A].flight
