"""Drives one node: passes in datagrams and time, sends datagrams, hands out events. The hot
path.
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.discovery.contact import UP
from mesh.core.errors import RemoteError
from mesh.core.events import PeerFound
from mesh.core.node import COAP, GROUP, Node
from mesh.core.rate import Bucket
from mesh.hub.fairness import Fairness, User
from mesh.hub.net.interfaces import Address
from mesh.hub.net.udp import Udp
from mesh.hub.store.crowd import chosen

LARGEST = 1500  # most bytes of a datagram: one Ethernet frame
NEAR_MS = 1000  # how often the sockets of known peers are updated
RETRY_MS = 1000  # pause after a fault, so that one that repeats cannot keep the processor busy


class Driver:
    """The sockets and the timer of a node. on_event gets its events; on_change is called when
    local addresses change.
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
        """Milliseconds since this driver was created: the node's time."""
        return int((time.monotonic() - self._start) * 1000)

    def close(self) -> None:
        """Send what is queued, then close the sockets."""
        self.settle()
        if self._timer is not None:
            self._timer.cancel()
        self.udp.close()

    def settle(self) -> None:
        """Send datagrams, hand out events and set the timer. To be called after each call of the
        node.
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
        """Pass a datagram to the node; or give the seconds for which its source has to wait."""
        if channel == GROUP and self.node.contacts.places.is_own(source):
            return 0.0  # our own multicast request
        user = self.fair.at(source)
        if is_request(data) and (wait_s := self.fair.wait_s(user)):
            if channel == COAP and self._refusals.take(self.now()):
                self._refuse(source, data, wait_s)
            return wait_s
        receive = self.node.receive
        self.charged(user, self._guard, "datagram", receive, self.now(), channel, source, data)
        return 0.0

    def charged(self, user: User, work: Callable[..., object], *given: Any) -> None:  # noqa: ANN401
        """Call work(*given), which handles a message, and charge the time to its user."""
        peer = self.node.peer
        refused, start_s = peer.refused, time.thread_time()
        try:
            work(*given)
            self._send()
        finally:
            took_s = time.thread_time() - start_s
            self.fair.charge(user, took_s, failed=peer.refused != refused)

    def _refuse(self, source: Address, data: bytes, wait_s: float) -> None:
        """Answer 4.29 to a confirmable request, with the time to retry (RFC 8516)."""
        try:
            request = coap.parse(data)
        except RemoteError:
            return
        if request.type == coap.CON:
            reply = coap.Message(codes.TOO_MANY, b"", coap.ACK, request.mid, request.token)
            reply.add(coap.MAX_AGE, math.ceil(wait_s))
            self.udp.send(source, coap.build(reply))

    def _keep_near(self) -> None:
        up = [contact.address for contact in self.node.contacts.proven() if contact.state == UP]
        self.udp.keep_near([address for address in up if address is not None])
        self.fair.know(self.node.contacts.proven())

    def _arm(self, now_ms: int, wake_ms: int) -> None:
        if self._timer is not None:
            if self._timer_ms <= wake_ms:
                return  # it fires early enough, and arms again
            self._timer.cancel()
        self._timer_ms = wake_ms
        # one ms more, as an event loop may call a little early
        self._timer = self._loop.call_later((wake_ms - now_ms + 1) / 1000, self._tick)

    def _tick(self) -> None:
        now_ms = self.now()
        self._timer = None
        self._guard("timer", self._due, now_ms)
        if self._timer is None:  # whatever happened, the timer goes on
            self._arm(now_ms, now_ms + RETRY_MS)

    def _due(self, now_ms: int) -> None:
        self.node.tick(now_ms)
        self.settle()
        if now_ms >= self._near_ms:
            self._near_ms = now_ms + NEAR_MS
            self._keep_near()


def is_request(data: bytes) -> bool:
    """Whether a datagram is a request (RFC 7252 s.3). Responses never have to wait."""
    return len(data) > 1 and 0 < data[1] < 32  # noqa: PLR2004
