"""Whole nodes on a pretend network and in pretend time. Signatures are a hash, which is quick."""

import hashlib

from mesh.core.codec import cbor
from mesh.core.full.requests import Questions
from mesh.core.kit import Identity, Kit
from mesh.core.limits import Limits
from mesh.core.node import COAP, GROUP, MDNS, Node
from mesh.core.policy.section_table import SECTIONS
from mesh.core.policy.settings import parse
from mesh.core.resources.resource_table import RESOURCES
from mesh.core.resources.sharing import shareable

GROUPS = {("224.0.1.187", 5683): GROUP, ("224.0.0.251", 5353): MDNS}


def sha256(data):
    return hashlib.sha256(data).digest()


def verify(public, signature, data):
    return signature == sha256(b"1" + public + data) + sha256(b"2" + public + data)


class Random:
    """The same bytes for the same seed, on both interpreters."""

    def __init__(self, seed):
        self._state = sha256(b"seed %d" % seed)

    def __call__(self, n):
        data = b""
        while len(data) < n:
            self._state = sha256(self._state)
            data += self._state
        return data[:n]


def make_kit(seed, guard=None):
    return Kit(sha256, verify, cbor.encode, cbor.decode, Random(seed), guard)


def make_identity(number):
    public = sha256(b"peer %d" % number)
    counters = [0]

    def sign(data):
        return sha256(b"1" + public + data) + sha256(b"2" + public + data)

    def next_counter():
        counters[0] += 1
        return counters[0]

    return Identity(public, sign, next_counter)


class World:
    """Nodes by address; a datagram takes 1 ms; `lose(source, target, data)` may swallow it."""

    def __init__(self):
        self.now = 1000
        self.nodes = {}
        self.flying = []
        self.events = {}
        self.sent = 0
        self.kind = Node
        self.lose = lambda source, target, data: False
        self._count = 0

    def add(  # noqa: PLR0913 - the last three by name
        self, number, settings=None, boots=1, guard=None, *, kinds=None, resources=RESOURCES,
        sections=SECTIONS, **limits,
    ):  # fmt: skip
        """Put a node at 10.0.0.<number>:5683; its events gather in self.events[address]."""
        node = self.kind(
            make_kit(number * 1000 + boots, guard),
            make_identity(number),
            parse(settings or {}, "board", shareable(), sections),
            Limits(**limits),
            boots,
            kinds=kinds,
            resources=resources,
        )
        address = (f"10.0.0.{number}", 5683)
        questions = Questions(node)  # as desktops have them
        node.ask = questions.ask
        node.get = questions.get
        self.nodes[address] = node
        self.events.setdefault(address, [])
        return node, address

    def remove(self, address):
        del self.nodes[address]

    def inject(self, source, target, data, channel=COAP):
        """Let a datagram arrive from anybody."""
        if target in self.nodes:
            self.nodes[target].receive(self.now, channel, source, data)
            self.drain()

    def drain(self):
        for address in sorted(self.nodes):
            node = self.nodes[address]
            while (sending := node.next_send()) is not None:
                self._fly(address, *sending)
            while (event := node.next_event()) is not None:
                self.events[address].append(event)

    def _fly(self, source, channel, target, data):
        self.sent += 1
        targets = [target]
        arriving = channel
        if target in GROUPS:
            arriving = GROUPS[target]
            targets = [a for a in sorted(self.nodes) if a != source]
            if channel == MDNS:
                source = (source[0], 5353)
        elif channel == MDNS:
            source = (source[0], 5353)
            arriving = MDNS if target[1] == 5353 else COAP
            targets = [(target[0], 5683)]
        for one in targets:
            if not self.lose(source, one, data):
                self._count += 1
                self.flying.append((self.now + 1, self._count, arriving, source, one, data))

    def step(self):
        """Jump to what happens next; False if nothing ever will."""
        times = [f[0] for f in self.flying]
        times += [n.wake_at() for n in self.nodes.values() if n.wake_at() is not None]
        if not times:
            return False
        self.now = max(self.now, min(times))
        arrived = [f for f in self.flying if f[0] <= self.now]
        self.flying = [f for f in self.flying if f[0] > self.now]
        for _, _, channel, source, target, data in arrived:
            if target in self.nodes:
                self.nodes[target].receive(self.now, channel, source, data)
        for address in sorted(self.nodes):
            at = self.nodes[address].wake_at()
            if at is not None and at <= self.now:
                self.nodes[address].tick(self.now)
        self.drain()
        return True

    def run(self, ms, until=None):
        """Let time pass, or until `until()` holds; gives whether it did."""
        end = self.now + ms
        self.drain()
        steps = 0
        while self.now < end:
            if until is not None and until():
                return True
            steps += 1
            assert steps < 200000, "the nodes never rest"
            if not self.step():
                break
        if until is None:
            self.now = max(self.now, end)
        return until is not None and until()

    def of(self, address, kind):
        """Events of one kind at one node."""
        return [e for e in self.events[address] if isinstance(e, kind)]
