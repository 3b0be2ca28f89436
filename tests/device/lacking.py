"""A board's node in pretend time, for whose pieces of work memory is lacking at one point after
the other; and what has to hold afterwards. For both interpreters.
"""

from world import World

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.client import Request
from mesh.core.coap.ticket import APPLICATION
from mesh.core.codec import cbor
from mesh.core.events import Answer, Forked, Reading, Refused
from mesh.core.security.signed_client import request_for
from mesh.device import lacking as memory
from mesh.device.faults import Faults

BOARD = ("10.0.0.1", 5683)
CALM_MS = 5000
# What happens to a board, and which of its work may lack memory then: the code of a datagram, or
# what a turn of its loop does
READING, NEWS, PUT, WATCH, ASK, LOSS, FOUND, SENDING = range(8)
WORK = {
    READING: "job",
    NEWS: codes.CONTENT,
    PUT: coap.PUT,
    WATCH: coap.FETCH,
    ASK: coap.FETCH,
    LOSS: codes.CONTENT,
    FOUND: coap.GET,
    SENDING: "tick",
}


class Board:
    """What drives a node as a board's loop does. The next piece of work `of` a kind is done inside
    `lacking(work)`, if that is set: it calls work().
    """

    def __init__(self, node, faults, world):
        self.node = node
        self.faults = faults
        self.lacking = self.of = None
        self.skip = 0  # so many pieces of that kind before
        self.over = []
        self.wanted = []  # readings that are still to be taken
        self.memory = memory.Memory(node, faults, lambda: world.now, self.over.append)

    def _do(self, kind, part, work, *given):
        before = self.faults.lacks
        what = given[-1][1] if kind == memory.DATAGRAM else part
        self.skip -= self.lacking is not None and self.of == what
        if self.skip < 0:
            lacking, self.lacking, self.skip = self.lacking, None, 0
            lacking(lambda: self.faults(part, work, *given))
        else:
            self.faults(part, work, *given)
        self.memory.look(kind, self.faults.lacks != before)

    def receive(self, now_ms, channel, source, data):
        self._do(memory.DATAGRAM, "datagram", self.node.receive, now_ms, channel, source, data)

    def tick(self, now_ms):
        self._do(memory.TURN, "tick", self.node.tick, now_ms)

    def measure(self, now_ms):
        """Take readings, as a job of the loop does: what failed is tried again."""
        while self.wanted:
            done = []
            self._do(memory.TURN, "job", self._reading, now_ms, self.wanted[0], done)
            if not done:
                return
            self.wanted.pop(0)

    def _reading(self, now_ms, value, done):
        self.node.reading(now_ms, "warm", value)
        done.append(value)

    def wake_at(self):
        return self.node.wake_at()

    def next_send(self):
        return self.node.next_send()

    def next_event(self):
        return self.node.next_event()


class Life:
    """A board and two peers: one follows it, one sets its actuator; it follows the first."""

    def __init__(self, seed):
        self.world = world = World()
        self.state = seed
        faults = Faults(self._tell, lambda: world.now)
        self.told = []
        settings = {"follow": "*", "actuators": {"led": {"allow": []}}}
        limits = {"check_ms": 3000, "head_ms": 500, "tail": 16}
        node, at = world.add(1, settings, guard=faults, **limits)
        assert at == BOARD
        self.node = node
        self.board = world.nodes[BOARD] = Board(node, faults, world)
        self.values = []
        node.peer.access.check_set = lambda *_: None
        node.add_sensor("warm", "Cel")
        node.add_actuator("led", self.values.append, False)
        self.signed = {}
        self.counters = []
        self._watch(node)
        self.peers = []
        for number in (2, 3):
            one, at = world.add(number, {"follow": "*"}, check_ms=3000)
            one.add_sensor("other", "Cel")
            one.start(world.now, False)
            one.candidate(world.now, node.peer.id, BOARD, "given")
            self.peers.append((one, at))
        node.start(world.now, False)
        world.run(20_000)
        self.count = 0
        self.heard = {}
        self.board.wanted.append(0)
        self._calm()

    def _tell(self, what, **fields):
        self.told.append((what, fields))

    def random(self, most):
        """A number below `most`, the same on both interpreters."""
        self.state = (self.state * 69069 + 1) & 0xFFFFFFFF
        return (self.state >> 8) % most

    def _watch(self, node):
        """Note each counter and each head that the board signs."""
        feeds = node.peer.feeds
        identity = feeds._identity
        sign, following = identity.sign, identity.next_counter

        def signing(data):
            payload = cbor.decode(data)[3]
            head = cbor.decode(payload) if payload[:1] == b"\x82" and len(payload) < 60 else None
            if isinstance(head, list) and isinstance(head[1], bytes) and len(head[1]) == 32:
                assert self.signed.get(head[0], head[1]) == head[1], "a seq was signed twice"
                self.signed[head[0]] = head[1]
            return sign(data)

        def counter():
            value = following()
            assert value not in self.counters[-50:]
            self.counters.append(value)
            return value

        identity.sign, identity.next_counter = signing, counter

    def act(self, what, lacking):
        """Something happens to the board, amid which memory is lacking; then all is calm, and
        what has to hold does.
        """
        world, board = self.world, self.board
        self.count += 1
        peer, at = self.peers[self.random(2)]
        world.drain()
        board.lacking, board.of = lacking, WORK[what]
        if what in (READING, SENDING):
            board.skip = self.random(4) if what == SENDING else 0
            board.wanted.append(self.count)
        elif what == NEWS:
            peer.reading(world.now, "other", self.count)
        elif what == LOSS:
            world.lose = lambda source, target, data: BOARD in (source, target)
            world.run(9000)
            world.lose = lambda source, target, data: False
        asked = self._ask(what, peer)
        self._calm()
        if what == LOSS:  # who was lost is looked for now and then
            world.run(15_000)
        board.lacking, board.skip = None, 0
        self._check(at, asked if what in (PUT, ASK) else None, what)

    def _ask(self, what, peer):
        now, board = self.world.now, self.node.peer.id
        if what == PUT:
            message = request_for(coap.PUT, ["actuators", "led"])
            return peer.ask(now, board, message, 60, cbor.encode(self.count))
        if what == WATCH:
            message = request_for(coap.FETCH, ["sensors", "warm"], observe=True)
            return peer.ask(now, board, message, None, b"")
        if what == ASK:
            return peer.ask(now, board, request_for(coap.FETCH, ["peers"]), None, b"")
        if what == FOUND:
            peer.endpoint.request(now, BOARD, request_for(coap.GET, [".well-known", "core"]))
        return None

    def _calm(self):
        end = self.world.now + CALM_MS
        while self.world.now < end:
            self.board.measure(self.world.now)
            self.world.run(1000)

    def _check(self, at, asked, what):
        node, world = self.node, self.world
        assert not self.board.over
        assert not [told for told in self.told if told[0] == "fault"], self.told
        if asked is not None:
            answers = [e for e in world.of(at, Answer) if e.number == asked]
            assert len(answers) == 1, (what, answers)
            assert answers[0].signed, (what, answers)
            assert answers[0].code in (codes.CHANGED, codes.CONTENT), (what, answers)
            if what == PUT:
                assert self.values[-1] == self.count, "it was not done"
        self._check_feed()
        self._check_tables()
        for address in world.events:
            assert not [e for e in world.events[address] if isinstance(e, Forked)]
            refused = [e for e in world.events[address] if isinstance(e, Refused)]
            assert not refused, refused
            del world.events[address][:]
        number = self.peers[0][0].ask(
            world.now, node.peer.id, request_for(coap.FETCH, ["peer"]), None, b""
        )
        world.run(3000)
        answers = [e for e in world.of(self.peers[0][1], Answer) if e.number == number]
        assert [(e.code, e.signed) for e in answers] == [(codes.CONTENT, True)], answers

    def _check_feed(self):
        own = self.node.peer.feeds.own
        assert own.link_at(own.end_seq - 1) == own._link
        for peer, at in self.peers:
            feed = peer.peer.feeds.foreign.get(own.author)
            assert feed is None or feed.next_seq == own.next_seq, (feed.next_seq, own.next_seq)
            contact = self.node.contacts.get(peer.peer.id)
            assert contact is not None, at
            assert contact.state == "up", at
            theirs = self.node.peer.feeds.foreign.get(peer.peer.id)
            if theirs is not None:
                assert theirs.next_seq == peer.peer.feeds.own.next_seq
            for event in self.world.of(at, Reading):
                if event.peer == own.author:
                    assert event.seq > self.heard.get(at, 0)
                    self.heard[at] = event.seq

    def _check_tables(self):
        node = self.node
        endpoint = node.endpoint
        flying = [item.address for item in endpoint.flight.values() if isinstance(item, Request)]
        for address, remote in endpoint.remotes.items():
            assert remote.busy == flying.count(address), (address, remote.busy, flying)
            assert not remote.line or remote.busy
        requests = list(endpoint.open.values())
        for request in requests:
            assert request.due is not None or request.token == request.watch
        alive = [request.number for request in requests]
        for asker in (node.asks, node.searching):
            assert [number for number in asker.open if number not in alive] == []
        asking = [c for c in node.contacts.listed() if c.asking]
        asked = [ask.peer for ask in node.asks.open.values() if ask.hello]
        for contact in asking:
            assert contact.peer in asked
        for ticket in endpoint.seen.values():
            assert ticket.state != APPLICATION
        for ticket in endpoint.observers.values():
            assert ticket.observe == 0
        watched = list(node.serving._watchers) + list(node.serving.telling.table)
        for ticket in watched:
            assert ticket in endpoint.observers.values()
        assert len(watched) == len(endpoint.observers)
        # nothing is left in the air for ever
        assert len(endpoint.flight) <= len(requests) + len(endpoint.observers) + 2
