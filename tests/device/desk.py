"""A desktop's peer on loopback, as small as can be: the shared node, one socket, and patience."""

import contextlib
import select
import socket
import threading
import time

from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import RemoteError
from mesh.core.events import Answer
from mesh.core.full.requests import Questions
from mesh.core.limits import Limits
from mesh.core.node import COAP, Node
from mesh.core.peer_id import to_text
from mesh.core.policy.settings import parse
from mesh.core.security.seal import open_request
from mesh.core.security.signed_client import request_for
from mesh.hub.desktop_kit import make_identity, make_kit, new_secret
from mesh.hub.desktop_limits import DESKTOP

PATIENCE_S = 30.0
PAUSE_MS = 200


class Desk:
    """Drives a node while it waits; all of it is used by the thread that entered it, as a node is
    no place for two. `counters`: what messages had which, of signed requests; `sent`: datagrams;
    `at`: where it listens.
    """

    def __init__(self, at="127.0.0.1", **settings):
        self.kit = make_kit()
        self._count = 0
        self.identity = identity = make_identity(new_secret(), self._next_counter)
        self.node = Node(self.kit, identity, parse(settings, "desktop"), Limits(**DESKTOP), 1)
        self.node.ask = Questions(self.node).ask
        self.id = to_text(identity.public)
        self.public = identity.public
        self.events = []
        self.counters = {}
        self.sent = 0
        family = socket.AF_INET6 if ":" in at else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((at, 0))
        self._socket.setblocking(False)
        self.address = self._socket.getsockname()[:2]
        self._thread = None

    def _next_counter(self):
        self._count += 1
        return self._count

    def __enter__(self):
        self._thread = threading.get_ident()
        self.node.start(self.now(), False)
        return self

    def __exit__(self, *_):
        self._socket.close()

    @staticmethod
    def now():
        """Ms, growing."""
        return time.monotonic_ns() // 1_000_000

    def until(self, met, what="that"):
        """Let the node work until met() gives something; give that."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self._settle()
            if found := met():
                return found
            self.step()
        raise AssertionError(f"waited {PATIENCE_S} s for {what}; events: {self.events}")

    def step(self, most_ms=100):
        """Take in what comes next, if anything does in so many ms, and let the node work."""
        assert threading.get_ident() == self._thread, "a desk is for the thread that entered it"
        at = self.node.wake_at()
        wait_ms = most_ms if at is None else min(most_ms, max(0, at - self.now()))
        if select.select([self._socket], [], [], wait_ms / 1000)[0]:
            # select(2): what is ready may be gone, as a datagram with a wrong checksum is
            with contextlib.suppress(BlockingIOError):
                data, source = self._socket.recvfrom(2048)
                self._note(data)
                self.node.receive(self.now(), COAP, source[:2], data)
        self.node.tick(self.now())
        self._settle()

    def rest(self, pause_ms=PAUSE_MS):
        """Let the node work for a moment, before the same question is put again."""
        end = self.now() + pause_ms
        self.until(lambda: self.now() >= end)

    def _settle(self):
        while (sending := self.node.next_send()) is not None:
            self._socket.sendto(sending[2], tuple(sending[1]))
            self.sent += 1
        while (event := self.node.next_event()) is not None:
            self.events.append(event)

    def _note(self, data):
        try:
            opened = open_request(self.kit, self.public, coap.parse(data))
        except RemoteError:
            return
        self.counters.setdefault((opened.sender, opened.counter), set()).add(data)

    def of(self, kind):
        """Events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def meet(self, joined):
        """Look for the board that told `joined`; give its id once it answered."""
        host, _, port = joined["address"].rpartition(":")
        self.node.candidate(self.now(), None, (host, int(port)), "given")
        return self.until(lambda: next(iter(self.met(joined["id"])), None), "the board")

    def met(self, text):
        """The id of whoever was found, if it is the one with that text."""
        found = [event.peer for event in self.events if type(event).__name__ == "PeerFound"]
        return [peer for peer in found if to_text(peer) == text]

    def ask(self, peer, code, *path, value=None):
        """Ask a peer that was met; give the Answer."""
        payload = b"" if value is None else cbor.encode(value)
        message = request_for(code, list(path))
        number = self.node.ask(self.now(), peer, message, 60 if payload else None, payload)
        return self.until(
            lambda: next((e for e in self.of(Answer) if e.number == number), None), "an answer"
        )
