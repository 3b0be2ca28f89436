"""The asking half of an endpoint: requests of ours until they end (RFC 7252 s.5, 7641 s.3, 7959)."""

from mesh.core.blocks import fits
from mesh.core.coap import (
    ACK,
    BLOCK1,
    BLOCK2,
    CON,
    ETAG,
    FETCH,
    NON,
    OBSERVE,
    SIZE1,
    SIZE2,
    TOO_LARGE,
    build,
    unknown_critical,
)
from mesh.core.errors import LocalError
from mesh.core.events import Answered, Failed
from mesh.core.reliability import Remote, Timed, Wire, stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.coap import Message
    from mesh.core.reliability import Address


class Request(Timed):
    """One request of ours. `token` is that of its exchange under way, `watch` that of its observation."""

    token = b""
    mid = -1
    watch: bytes | None = None
    order = -1  # the newest Observe number, and when it came
    order_ms = 0
    first: "Message | None" = None  # a body that is coming in: the message with its first block
    body = bytearray()
    upload = b""  # a body that goes out, and how much of it did
    sent = 0
    szx = 0

    def __init__(self, number: int, address: "Address", message: "Message", group_ms: int) -> None:
        self.number = number
        self.address = address
        self.message = message
        self.group_ms = group_ms
        self.observes = message.uint(OBSERVE) == 0


class Asking:
    """Requests of ours that are open, by token."""

    def __init__(self, wire: Wire) -> None:
        self.open: dict[bytes, Request] = {}
        self._wire = wire
        self._number = 0

    def request(self, now_ms: int, address: "Address", message: "Message", group_ms: int) -> int:
        """See Endpoint.request."""
        limits = self._wire.limits
        if len(self.open) >= limits.outgoing:
            raise LocalError("too many requests are open", "wait for an answer")
        self._number += 1
        request = Request(self._number, address, message, group_ms)
        if len(message.payload) > 16 << limits.block_szx and (
            len(build(message)) + 4 > limits.datagram
        ):
            request.upload = message.payload
            request.szx = limits.block_szx
            self._block(request)
        self._send(now_ms, request)
        return self._number

    def cancel(self, now_ms: int, number: int) -> None:
        """See Endpoint.cancel."""
        for request in self.open.values():
            if request.number == number:
                self._end(now_ms, request)
                return

    def expire(self, now_ms: int, request: Request) -> None:
        """Send it again, or give it up."""
        if request.tries:
            self._wire.again(now_ms, request)
        else:
            self._fail(now_ms, request, "done" if request.group_ms else "no answer")

    def acked(self, now_ms: int, source: "Address", mid: int) -> bool:
        """An empty acknowledgement: the answer comes later (RFC 7252 s.5.2.2)."""
        remote = self._wire.remotes.get(source)
        request = remote and remote.flight.get(mid)
        if not request:
            return False
        self._land(now_ms, request)
        request.tries = 0
        self._wire.arm(request, now_ms + self._wire.limits.exchange_lifetime_ms)
        return True

    def reset(self, now_ms: int, source: "Address", mid: int) -> bool:
        """A reset: whoever is there does not understand."""
        remote = self._wire.remotes.get(source)
        request = remote and remote.flight.get(mid)
        if not request:
            return False
        self._fail(now_ms, request, "reset")
        return True

    def response(self, now_ms: int, source: "Address", message: "Message") -> bool:
        """Take a response; False if it is to be refused (RFC 7252 s.4.2, s.5.3.2)."""
        request = self.open.get(message.token)
        if request is None or (source != request.address and not request.group_ms):
            return False
        if message.type == ACK and message.mid != request.mid:
            return True
        if request.group_ms:
            self._wire.events.append(Answered(request.number, source, message, True))
            return True
        remote = self._wire.remotes.get(source)
        if remote:
            remote.proven = True
        if request.observes and not self._ordered(now_ms, request, message):
            return True
        self._land(now_ms, request)
        if unknown_critical(message) is not None:
            self._fail(now_ms, request, "an answer with an unknown critical option")
            return False
        if not request.upload or not self._continued(now_ms, request, message):
            self._collect(now_ms, request, message)
        return True

    def pump(self, now_ms: int, remote: Remote) -> None:
        """Send what waits in line for an address, as far as NSTART and message ids allow."""
        wire = self._wire
        limits = wire.limits
        while remote.line and len(remote.flight) < limits.nstart:
            mid = remote.next_mid(now_ms, limits.exchange_lifetime_ms)
            if mid < 0:
                wire.arm(remote, remote.spent[0] + limits.exchange_lifetime_ms)
                return
            request = remote.line.pop(0)
            request.mid = mid
            request.data = stamp(request.data, request.message.type, mid)
            wire.out.append((request.address, request.data))
            if request.group_ms:
                wire.arm(request, now_ms + request.group_ms)
                continue
            remote.flight[mid] = request
            if request.message.type == CON:
                wire.confirm(now_ms, request)
            else:
                wire.arm(request, now_ms + limits.exchange_lifetime_ms)

    def _send(self, now_ms: int, request: Request) -> None:
        """Start an exchange with request.message under a token of its own."""
        wire = self._wire
        token = wire.random(4)
        while token in self.open:
            token = wire.random(4)
        message = request.message
        message.token = token
        request.data = build(message)
        if request.token and request.token != request.watch:
            del self.open[request.token]
        request.token = token
        request.mid = -1
        self.open[token] = request
        remote = wire.remote(now_ms, request.address)
        if not remote.line:
            remote.line = []
        remote.line.append(request)
        self.pump(now_ms, remote)

    def _land(self, now_ms: int, request: Request) -> None:
        """Its message is no longer under way or in line: the next one may go."""
        request.due = None
        remote = self._wire.remotes.get(request.address)
        if remote is None:
            return
        if remote.flight.get(request.mid) is request:
            del remote.flight[request.mid]
            if remote.line:
                self.pump(now_ms, remote)
        elif request in remote.line:
            remote.line.remove(request)

    def _end(self, now_ms: int, request: Request) -> None:
        del self.open[request.token]
        if request.watch is not None and request.watch != request.token:
            del self.open[request.watch]
        self._land(now_ms, request)

    def _fail(self, now_ms: int, request: Request, reason: str) -> None:
        self._end(now_ms, request)
        self._wire.events.append(Failed(request.number, reason))

    def _deliver(self, now_ms: int, request: Request, message: "Message") -> None:
        """A whole answer: it ends the request, unless that observes."""
        more = request.watch is not None
        if not more:
            self._end(now_ms, request)
        self._wire.events.append(Answered(request.number, request.address, message, more))

    def _ordered(self, now_ms: int, request: Request, message: "Message") -> bool:
        """Whether a response to an observer is news (RFC 7641 s.3.4); it may begin or end the observation."""
        order = message.uint(OBSERVE)
        live = order is not None and message.code >> 5 == 2
        if message.token == request.watch:
            if live and not (
                0 < (order - request.order & 0xFFFFFF) < 0x800000
                or now_ms - request.order_ms > 128_000
            ):
                return False
            self._rewatch(now_ms, request)
            if not live:
                request.watch = None
        elif live and request.watch is None:
            request.watch = message.token
        else:
            return True
        if live:
            request.order = order
            request.order_ms = now_ms
        return True

    def _rewatch(self, now_ms: int, request: Request) -> None:
        """Give up a body that was coming in, and only wait for the next notification."""
        request.first = None
        if request.token != request.watch:
            self._land(now_ms, request)
            del self.open[request.token]
            request.token = request.watch

    def _continued(self, now_ms: int, request: Request, message: "Message") -> bool:
        """Whether the response asks for more of a body that goes out: then the next block goes."""
        block = message.uint(BLOCK1)
        if block is None:
            return False
        szx = min(block & 7, request.szx)
        end = request.sent + (16 << request.szx)
        if message.code >> 5 == 2:
            if end >= len(request.upload) or block >> 4 != request.sent >> request.szx + 4:
                return False
            request.sent = end
        elif message.code != TOO_LARGE or request.sent or szx == request.szx:
            return False
        request.szx = szx
        self._block(request)
        self._send(now_ms, request)
        return True

    def _block(self, request: Request) -> None:
        """Put the next block of the body that goes out into the message (RFC 7959 s.2.2)."""
        message = request.message
        at = request.sent
        end = at + (16 << request.szx)
        message.payload = request.upload[at:end]
        message.drop(BLOCK1)
        message.drop(SIZE1)
        more = 8 if end < len(request.upload) else 0
        message.add(BLOCK1, at >> request.szx + 4 << 4 | more | request.szx)
        if not at:
            message.add(SIZE1, len(request.upload))

    def _collect(self, now_ms: int, request: Request, message: "Message") -> None:
        """Deliver an answer, or take it as one block of a body and ask for the next."""
        block = message.uint(BLOCK2)
        first = request.first
        if first is None:
            if block is None or not block & 8 or block >> 4:
                self._deliver(now_ms, request, message)
                return
            request.first = first = message
            request.body = bytearray()
        elif message.code >= 128 and request.watch is None:
            self._deliver(now_ms, request, message)
            return
        body = request.body
        limits = self._wire.limits
        if len(body) + max(len(message.payload), message.uint(SIZE2) or 0) > limits.body:
            self._fail(now_ms, request, "an answer longer than limits.body")
        elif block is None or message.code != first.code or message.get(ETAG) != first.get(ETAG):
            self._broken(now_ms, request, "the answer changed on the way")
        elif not fits(block, len(body), message.payload):
            self._broken(now_ms, request, "blocks out of order")
        else:
            body.extend(message.payload)
            if block & 8:
                szx = min(block & 7, limits.block_szx)
                self._next(now_ms, request, len(body) >> szx + 4 << 4 | szx)
            else:
                self._complete(now_ms, request, first)

    def _next(self, now_ms: int, request: Request, block: int) -> None:
        """Ask for the next block of the answer (RFC 7959 s.2.4). A FETCH says again what it asks for."""
        message = request.message
        for number in (OBSERVE, BLOCK1, BLOCK2, SIZE1):
            message.drop(number)
        message.add(BLOCK2, block)
        if message.code != FETCH or request.upload:
            message.payload = b""
            request.upload = b""
        self._send(now_ms, request)

    def _complete(self, now_ms: int, request: Request, first: "Message") -> None:
        first.payload = bytes(request.body)
        first.drop(BLOCK2)
        if request.watch is not None:
            self._rewatch(now_ms, request)
        self._deliver(now_ms, request, first)

    def _broken(self, now_ms: int, request: Request, reason: str) -> None:
        """A body cannot be put together: an observer waits for the next one, all others fail."""
        if request.watch is None:
            self._fail(now_ms, request, reason)
        else:
            self._rewatch(now_ms, request)
