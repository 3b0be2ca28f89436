"""Drives one node: datagrams and the clock in, datagrams and events out. This is the hot path."""

import asyncio
import math
import time
from collections.abc import Callable, Sequence

from mesh.core import coap
from mesh.core.budget import Bucket
from mesh.core.contacts import UP
from mesh.core.errors import RemoteError
from mesh.core.events import PeerFound
from mesh.core.node import COAP, GROUP, Node
from mesh.hub.fairness import Fairness
from mesh.hub.interfaces import Address
from mesh.hub.store.crowd import chosen
from mesh.hub.udp import Udp

LARGEST = 1500  # bytes of a datagram that is read: whatever one Ethernet frame brings
NEAR_MS = 1000  # how often it is looked who is known
TOO_MANY = 0x9D  # 4.29
RETRY_MS = 1000  # pause after a fault of our own, so that it cannot keep the processor busy


class Driver:
    """Owns the sockets and the timer of a node. on_event gets its events; on_change hears of new
    local addresses.
    """

    def __init__(
        self,
        node: Node,
        on_event: Callable[[object], None],
        on_change: Callable[[], None],
        interfaces: Sequence[str] | None,
    ) -> None:
        self.node = node
        self.udp = Udp(self._deliver, self._settle, on_change, LARGEST, interfaces)
        self.fair = Fairness(chosen(node.profile))
        self._refusals = Bucket(node.limits.unsigned_per_s)
        self._guard = node.peer.kit.guard
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._start = time.monotonic()
        self._near_ms = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ms = 0

    def now(self) -> int:
        """Milliseconds since this driver was made: the node's time."""
        return int((time.monotonic() - self._start) * 1000)

    def close(self) -> None:
        """Send what is left, then close the sockets. Nothing happens any more."""
        self.settle()
        if self._timer is not None:
            self._timer.cancel()
        self.udp.close()

    def settle(self) -> None:
        """To be called after everything that was said to the node: sends, hands out events, sets
        the timer.
        """
        node = self.node
        self._send()
        while (event := node.next_event()) is not None:
            if isinstance(event, PeerFound):
                self.fair.know(node.contacts.proven())
            self._guard("event", self._on_event, event)
        if (wake_ms := node.wake_at()) is not None:
            now_ms = self.now()
            self._arm(now_ms, max(wake_ms, now_ms))

    def _settle(self) -> None:
        self._guard("settle", self.settle)

    def _send(self) -> None:
        next_send, send = self.node.next_send, self.udp.send
        while (out := next_send()) is not None:
            send(out[1], out[2])

    def _deliver(self, channel: int, source: Address, data: bytes) -> float:
        """Have a datagram taken in, or give for how many seconds its source has to wait."""
        if channel == GROUP and self.node.contacts.places.is_own(source):
            return 0.0  # our own question to all
        fair, peer = self.fair, self.node.peer
        user = fair.at(source)
        if is_request(data) and (wait_s := fair.wait_s(user)):
            if channel == COAP and self._refusals.take(self.now()):
                self._refuse(source, data, wait_s)
            return wait_s
        refused, start_s = peer.refused, time.thread_time()
        self._guard("datagram", self.node.receive, self.now(), channel, source, data)
        self._send()
        took_s = time.thread_time() - start_s
        fair.charge(user, took_s, failed=peer.refused != refused)
        return 0.0

    def _refuse(self, source: Address, data: bytes, wait_s: float) -> None:
        """Say 4.29 to a confirmable request, and when to come back (RFC 8516)."""
        try:
            request = coap.parse(data)
        except RemoteError:
            return
        if request.type == coap.CON:
            reply = coap.Message(TOO_MANY, b"", coap.ACK, request.mid, request.token)
            reply.add(coap.MAX_AGE, math.ceil(wait_s))
            self.udp.send(source, coap.build(reply))

    def _keep_near(self) -> None:
        up = [contact.address for contact in self.node.contacts.proven() if contact.state == UP]
        self.udp.keep_near([address for address in up if address is not None])
        self.fair.know(self.node.contacts.proven())

    def _arm(self, now_ms: int, wake_ms: int) -> None:
        if self._timer is not None:
            if self._timer_ms <= wake_ms:
                return  # it comes early enough, and looks again
            self._timer.cancel()
        self._timer_ms = wake_ms
        # One ms more: a loop may call a little early, and would have to call again.
        self._timer = self._loop.call_later((wake_ms - now_ms + 1) / 1000, self._tick)

    def _tick(self) -> None:
        now_ms = self.now()
        self._timer = None
        self._guard("timer", self._due, now_ms)
        if self._timer is None:  # whatever happened, there is a next time
            self._arm(now_ms, now_ms + RETRY_MS)

    def _due(self, now_ms: int) -> None:
        self.node.tick(now_ms)
        self.settle()
        if now_ms >= self._near_ms:
            self._near_ms = now_ms + NEAR_MS
            self._keep_near()


def is_request(data: bytes) -> bool:
    """Whether a datagram asks for something (RFC 7252 s.3): what answers us never waits."""
    return len(data) > 1 and 0 < data[1] < 32  # noqa: PLR2004
