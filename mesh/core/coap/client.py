"""Outgoing requests, from sending to their end (RFC 7252 s.5.2, s.5.3; RFC 7641 s.3; RFC 7959)."""

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.blockwise import Blocks, fits
from mesh.core.coap.reliability import Remote, Timed
from mesh.core.errors import LocalError
from mesh.core.events import Answered, Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.coap.reliability import Known, Random
    from mesh.core.limits import Limits

_FIRST = (coap.OBSERVE, coap.BLOCK1, coap.BLOCK2, coap.SIZE1)  # not in requests of later blocks
SILENT = "no answer"  # the reason of a Failed


class Request(Timed):
    """An outgoing request. `token`: of the exchange under way; `watch`: of its observation."""

    is_ours = True
    token = watch = b""
    ordered = True  # whether older notifications are dropped, by Observe number
    order = -1  # the newest Observe number; order_ms: when it came
    restarted = False  # whether its incoming body changed once
    first: coap.Message | None = None  # incoming body: the message with its first block
    upload = b""  # outgoing body; sent: how much of it was sent; szx: in blocks of which size
    sent = szx = order_ms = 0

    def __init__(self, number: int, at: tuple[str, int], observes: bool, group_ms: int) -> None:
        self.number, self.address = number, at
        self.observes, self.group_ms = observes, group_ms
        self.body = bytearray()  # incoming body, as far as it has come


class Client(Blocks):
    """The client layer: outgoing requests by token."""

    _asked = 0

    def __init__(self, limits: "Limits", random: "Random", known: "Known") -> None:
        super().__init__(limits, random, known)
        self.open: dict[bytes, Request] = {}

    def request(
        self,
        now_ms: int,
        address: tuple[str, int],
        message: coap.Message,
        confirmable: bool = True,
        group_ms: int = 0,
        ordered: bool = True,
    ) -> int:
        """Send a request; its number. It ends by one Answered with more=False, or one Failed.

        The message (code, options, payload) now belongs to the endpoint. With Observe 0, each
        notification is Answered with more=True, until one with more=False. group_ms: `address` is
        a multicast one; each answer within that time is Answered with more=True, then comes Failed
        "done". Without `ordered` older notifications come too, so that a forged number suppresses
        no other. More than limits.nstart requests to one address are queued. LocalError if
        limits.outgoing is reached or the payload is longer than limits.body.
        """
        limits = self.limits
        self._now = now_ms
        if len(self.open) >= limits.outgoing:
            raise LocalError("too many open requests")
        message.type = coap.CON if confirmable and not group_ms else coap.NON
        request = Request(self._asked + 1, address, message.uint(coap.OBSERVE) == 0, group_ms)
        request.ordered = ordered
        size = len(message.payload)
        if size > 16 << limits.block_szx and len(coap.build(message)) + 4 > limits.datagram:
            if size > limits.body:
                raise LocalError("longer than limits.body")
            request.upload = message.payload
            request.szx = limits.block_szx
            message.add(coap.REQUEST_TAG, request.number)  # keeps two bodies apart
            self._block(request, message)
        try:
            self._send(now_ms, request, message)
        except MemoryError:
            self._end(now_ms, request)
            raise
        self._asked += 1
        return request.number

    def cancel(self, now_ms: int, number: int) -> None:
        """Cancel a request, without an event. Later notifications are answered by a reset."""
        for request in self.open.values():
            if request.number == number:
                self._end(now_ms, request)
                return

    def _request_due(self, now_ms: int, request: Request) -> None:
        """Handle a request's timer: retransmit, try again to get a message id, or fail."""
        if request.tries:
            self._again(now_ms, request)
        elif request.mid < 0:
            self._pump(now_ms, self._remote(now_ms, request.address))
        else:
            self._fail(now_ms, request, "done" if request.group_ms else SILENT)

    def _response(self, now_ms: int, source: tuple[str, int], message: coap.Message) -> bool:
        """Handle a response. False if it has to be rejected (RFC 7252 s.4.2, s.5.3.2)."""
        request = self.open.get(message.token)
        if request is None or (source != request.address and not request.group_ms):
            return False
        if message.type == coap.ACK and message.mid != request.mid:
            return True
        if request.group_ms:
            self._events.append(Answered(request.number, source, message, True))
            return True
        if remote := self.remotes.get(source):
            remote.proven = True
        if request.observes and not self._ordered(now_ms, request, message):
            return True
        self._land(now_ms, request)
        if coap.sift(message) is not None:
            self._fail(now_ms, request, "unknown critical option")
            return False
        if not request.upload or not self._continued(now_ms, request, message):
            self._collect(now_ms, request, message)
        return True

    def _pump(self, now_ms: int, remote: Remote) -> None:
        """Send queued requests to an address, as far as NSTART and message ids allow."""
        line = remote.line
        while line and remote.busy < self.limits.nstart:
            request = line[0]
            mid = self._ids.next(now_ms, self.limits.exchange_lifetime_ms)
            if mid < 0:
                self._arm(request, now_ms + 100)
                return
            self._fly(now_ms, request, mid, request.data)
            line.pop(0)
            remote.busy += 1
            if not request.tries:
                self._arm(request, now_ms + request.pause)

    def _send(self, now_ms: int, request: Request, message: coap.Message) -> None:
        """Start an exchange. All blocks of one transfer have one token, as some servers need that;
        but not if a separate response is possible, as it could be an old one.
        """
        token = request.token
        if token == request.watch or message.type == coap.NON:
            token = self._random(4)
            while token in self.open:
                token = self._random(4)
        message.token = token
        request.data = coap.build(message)
        self.open[token] = request
        if request.token not in (token, request.watch):
            self.open.pop(request.token, None)
        request.token = token
        request.pause = request.group_ms or self.limits.exchange_lifetime_ms
        remote = self._remote(now_ms, request.address)
        if remote.line is None:
            remote.line = []
        # further blocks first: the other side keeps a body for a limited time
        remote.line.insert(len(remote.line) if request.mid < 0 else 0, request)
        request.mid = -1
        self._pump(now_ms, remote)

    def _land(self, now_ms: int, request: Request) -> None:
        """Remove a request from flight or queue, so that the next one may go."""
        remote = self.remotes.get(request.address)
        landed = self._landed(request)
        if remote is None:
            return
        line = remote.line
        if landed:
            remote.busy -= 1
        elif line and request in line:
            line.remove(request)
        if line:
            self._pump(now_ms, remote)

    def _end(self, now_ms: int, request: Request) -> None:
        self.open.pop(request.token, None)
        if request.watch:
            self.open.pop(request.watch, None)
        self._land(now_ms, request)

    def _fail(self, now_ms: int, request: Request, reason: str) -> None:
        self._events.append(Failed(request.number, reason))
        self._end(now_ms, request)

    def _deliver(self, now_ms: int, request: Request, message: coap.Message) -> None:
        """Pass on a whole answer. It ends the request, unless that is an observation."""
        more = request.watch != b""
        self._events.append(Answered(request.number, request.address, message, more))
        (self._rewatch if more else self._end)(now_ms, request)

    def _ordered(self, now_ms: int, request: Request, message: coap.Message) -> bool:
        """Whether a response to an observer is new (RFC 7641 s.3.4); begins or ends that."""
        order = message.uint(coap.OBSERVE) if message.code >> 5 == codes.SUCCESS else None
        if message.token == request.watch:
            if (
                order is not None
                and request.ordered
                and not 0 < (order - request.order & 0xFFFFFF) < 0x800000
                and now_ms - request.order_ms <= 128_000
            ):
                return False
            self._rewatch(now_ms, request)
            if order is None:
                request.watch = b""
        elif order is not None and not request.watch:
            request.watch = message.token
        if order is not None and message.token == request.watch:
            request.order, request.order_ms = order, now_ms
        return True

    def _rewatch(self, now_ms: int, request: Request) -> None:
        """Drop an incomplete body, and wait for the next notification."""
        request.first = None
        if request.token != request.watch:
            self._land(now_ms, request)
            del self.open[request.token]
            request.token = request.watch

    def _continued(self, now_ms: int, request: Request, message: coap.Message) -> bool:
        """Whether the response asks for the next block of an outgoing body, which is then sent."""
        block = message.uint(coap.BLOCK1)
        if block is None:
            return False
        szx = min(block & 7, request.szx)
        end = request.sent + (16 << request.szx)
        if message.code >> 5 == codes.SUCCESS:
            if end >= len(request.upload) or block >> 4 != request.sent >> request.szx + 4:
                return False
            request.sent = end
        elif message.code != codes.TOO_LARGE or request.sent or szx == request.szx:
            return False
        request.szx = szx
        message = coap.parse(request.data)
        self._block(request, message)
        self._send(now_ms, request, message)
        return True

    def _block(self, request: Request, message: coap.Message) -> None:
        """Put the next block of the outgoing body into the message (RFC 7959 s.2.2)."""
        at, end = request.sent, request.sent + (16 << request.szx)
        message.payload = request.upload[at:end]
        message.drop(coap.BLOCK1)
        message.drop(coap.SIZE1)
        more = end < len(request.upload)
        message.add(coap.BLOCK1, at >> request.szx + 4 << 4 | more << 3 | request.szx)
        if not at:
            message.add(coap.SIZE1, len(request.upload))

    def _collect(self, now_ms: int, request: Request, message: coap.Message) -> None:
        """Deliver an answer; or add it to a body as one block, and request the next."""
        block, first = message.uint(coap.BLOCK2), request.first
        if first is None:
            if block is None or block & ~7 != 8:
                self._deliver(now_ms, request, message)
                return
            request.first = first = message
            request.body = bytearray()
        body = request.body
        if max(len(body) + len(message.payload), message.uint(coap.SIZE2) or 0) > self.limits.body:
            self._fail(now_ms, request, "longer than limits.body")
        elif block is None or not fits(block, len(body), message.payload):
            self._broken(now_ms, request, message, "blocks out of order")
        elif message.code >> 5 != first.code >> 5 or (
            first.get(coap.ETAG) not in (None, message.get(coap.ETAG))
        ):
            if request.restarted or request.watch or message.code >= codes.BAD_REQUEST:
                self._broken(now_ms, request, message, "changed on the way")
            else:  # the other end has a newer body: from its start, once
                request.first, request.restarted = None, True
                self._next(now_ms, request, min(block & 7, self.limits.block_szx))
        else:
            body.extend(message.payload)
            if block & 8:
                szx = min(block & 7, self.limits.block_szx)
                self._next(now_ms, request, len(body) >> szx + 4 << 4 | szx)
            else:
                first.payload = bytes(body)
                first.drop(coap.BLOCK2)
                self._deliver(now_ms, request, first)

    def _next(self, now_ms: int, request: Request, block: int) -> None:
        """Request the next block of an answer (RFC 7959 s.2.4). FETCH repeats its payload."""
        message = coap.parse(request.data)
        message.options = [o for o in message.options if o[0] not in _FIRST]
        message.add(coap.BLOCK2, block)
        if message.code != coap.FETCH or request.upload:
            message.payload = request.upload = b""
        self._send(now_ms, request, message)

    def _broken(self, now_ms: int, request: Request, message: coap.Message, reason: str) -> None:
        """Handle a wrong block. An observer waits for the next notification."""
        if request.watch:
            self._rewatch(now_ms, request)
        elif message.code < codes.BAD_REQUEST:
            self._fail(now_ms, request, reason)
        else:
            self._deliver(now_ms, request, message)
