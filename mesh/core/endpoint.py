"""A CoAP endpoint without a socket: datagrams to requests, answers and observations, and back.

One object in layers, a file each: reliability (ids, timers), blocks (bodies), asking (requests of
ours), replies (answers under way, observers), and here the requests of others and the doors. The
layers inherit instead of delegating: that saves a board flash, and four objects.
"""

import heapq
from collections import deque

from mesh.core import coap
from mesh.core.asking import Request
from mesh.core.blocks import Body, fits, key_of, offset
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Requested
from mesh.core.replies import ACKNOWLEDGED, APPLICATION, NOTHING, Replies, Ticket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.limits import Limits

_QUIET = 24  # to a group nobody says 4.xx or 5.xx (RFC 7252 s.8.2, in the bits of RFC 7967 s.2.1)


class Endpoint(Replies):
    """What a runtime or a node drives: it passes in datagrams and the time (ms, never falling),
    takes next_send and next_event until None, then waits until wake_at or the next datagram.

    random(n) -> n unpredictable bytes, for tokens, ids and jitter. An address is (IP text, port).
    Also: request, cancel (asking.py); notify, end, observable (replies.py); prove, proven, wake_at
    (reliability.py).
    """

    def __init__(self, limits: "Limits", random: "Callable[[int], bytes]") -> None:
        super().__init__(limits, random)
        self.bodies = []
        self.open = {}
        self.observers = {}
        self.seen: dict[tuple[tuple[str, int], int], Ticket] = {}
        # What was seen, oldest first; strangers apart, so that no flood makes others forgotten.
        size = limits.exchanges
        # (MicroPython's deque wants what to begin with, and a size.)
        self._order: tuple[deque[Ticket], deque[Ticket]] = (deque((), size), deque((), size))

    def receive(
        self, now_ms: int, source: tuple[str, int], data: bytes, group: bool = False
    ) -> None:
        """Take a datagram; `group`: it was sent to a multicast address. Nothing in it raises."""
        self._now = now_ms
        try:
            message = coap.parse(data)
        except RemoteError:
            if len(data) >= 4 and data[0] >> 4 == 4 and not group:
                self._reset(now_ms, source, data[2] << 8 | data[3])
            return
        code = message.code
        if 0 < code < 32:
            self._requested(now_ms, Ticket(source, message, len(data), group), message)
        elif group:
            return
        elif code:
            self._answered(now_ms, source, message)
        else:
            self._bare(now_ms, source, message)

    def tick(self, now_ms: int) -> None:
        """Do what is due."""
        self._now = now_ms
        if self.bodies:
            self._purge(now_ms)
        while (due := self.wake_at()) is not None and due <= now_ms:
            item = heapq.heappop(self._heap)[2]
            item.due = None
            if isinstance(item, Request):
                self._request_due(now_ms, item)
            elif isinstance(item, Ticket):
                self._ticket_due(now_ms, item)

    def next_send(self) -> tuple[tuple[str, int], bytes] | None:
        """The next (address, datagram) to send, or None."""
        return self._out.pop(0) if self._out else None

    def next_event(self) -> tuple[object, ...] | None:
        """The next Requested, Answered, Failed or ObserverGone, or None."""
        return self._events.pop(0) if self._events else None

    def respond(self, now_ms: int, ticket: Ticket, message: coap.Message) -> None:
        """Answer a Requested; LocalError if it was answered, or for more than limits.body bytes.

        The message (code, options, payload) now belongs to the endpoint. Observe in a 2.xx opens
        the observation asked for, if there is room (see observable); else it is taken out.
        """
        if ticket.state != APPLICATION:
            raise LocalError("this request was answered before")
        if ticket.quiet >> (message.code >> 5) - 1 & 1:
            self.ignore(now_ms, ticket)
            return
        limits = self.limits
        block = ticket.block1
        if block is not None:
            message.add(coap.BLOCK1, block & ~7 | min(block & 7, limits.block_szx))
        if ticket.observe == 0:
            self._register(now_ms, ticket, message)
        piggybacked = ticket.type == coap.CON and not ticket.reply
        message.type = coap.ACK if piggybacked else ticket.type
        message.mid = ticket.asked
        message.token = ticket.token
        data = self._fit(now_ms, ticket, message)
        ticket.due = None
        ticket.state = NOTHING
        if ticket.observe is None:
            ticket.request = None
        if piggybacked:
            ticket.reply = data
            self._out.append((ticket.address, data))
        elif ticket.group:
            self._hold(ticket, data, now_ms + limits.leisure_ms * self._number() // 65535)
        else:
            self._transmit(now_ms, ticket, data)

    def ignore(self, now_ms: int, ticket: Ticket) -> None:
        """Leave a Requested without an answer; a confirmable one is acknowledged all the same."""
        if ticket.state == APPLICATION:
            if ticket.type == coap.CON and not ticket.reply:
                ticket.reply = self._empty(coap.ACK, ticket.address, ticket.asked)
            ticket.state = NOTHING
            ticket.request = ticket.observe = ticket.due = None

    def _bare(self, now_ms: int, source: tuple[str, int], message: coap.Message) -> None:
        """An empty message: an acknowledgement, a reset, or a ping, which a reset answers."""
        item = self.flight.get((source, message.mid))
        if message.type == coap.CON:
            self._reset(now_ms, source, message.mid)
        elif isinstance(item, Request):
            if message.type == coap.ACK:
                self._wait(now_ms, item)
            else:
                self._fail(now_ms, item, "reset")
        elif isinstance(item, Ticket):
            if message.type == coap.ACK:
                self._acked(now_ms, item)
            else:
                self._landed(item)
                self._gone(item, "reset")

    def _answered(self, now_ms: int, source: tuple[str, int], message: coap.Message) -> None:
        """A response; a confirmable one is acknowledged, and its duplicates too."""
        type = message.type
        if type == coap.CON and self._duplicate(now_ms, source, message):
            return
        if self._response(now_ms, source, message):
            if type == coap.CON:
                ticket = Ticket(source, message, 0, False)
                self._remember(now_ms, ticket)
                self.ignore(now_ms, ticket)
        elif type == coap.CON or (type == coap.NON and message.get(coap.OBSERVE) is not None):
            self._reset(now_ms, source, message.mid)

    def _duplicate(self, now_ms: int, source: tuple[str, int], message: coap.Message) -> bool:
        """Whether this message came before: a CON gets the same reply again (RFC 7252 s.4.5)."""
        ticket = self.seen.get((source, message.mid))
        if ticket is None or ticket.until <= now_ms:
            return False
        if ticket.reply and message.type == coap.CON:
            self._out.append((source, ticket.reply))
        return True

    def _remember(self, now_ms: int, ticket: Ticket) -> None:
        """Keep a ticket for its duplicates; the oldest goes for it."""
        limits = self.limits
        order = self._order[self.proven(ticket.address)]
        while order and (order[0].until <= now_ms or len(order) >= limits.exchanges // 2):
            old = order.popleft()
            key = (old.address, old.asked)
            if self.seen.get(key) is old:
                del self.seen[key]
            if old.state < ACKNOWLEDGED:
                old.due = None
        ticket.until = now_ms + limits.exchange_lifetime_ms
        self.seen[(ticket.address, ticket.asked)] = ticket
        order.append(ticket)

    def _requested(self, now_ms: int, ticket: Ticket, message: coap.Message) -> None:
        """A request: the application sees it, unless it is answered here."""
        confirmable = message.type == coap.CON
        if (ticket.group and confirmable) or self._duplicate(now_ms, ticket.address, message):
            return
        critical = coap.unknown_critical(message)
        if critical is not None and not (confirmable and self._may_refuse(now_ms)):
            return
        if ticket.group:
            ticket.quiet = _QUIET
        for number, value in message.options:
            _note(ticket, number, value)
        self._remember(now_ms, ticket)
        if confirmable:
            self._arm(ticket, now_ms + self.limits.ack_timeout_ms // 2)
        if critical is not None:
            self._refuse(now_ms, ticket, coap.BAD_OPTION, f"option {critical}")
        elif self._put_together(now_ms, ticket, message) and self._new(now_ms, ticket, message):
            self._events.append(Requested(ticket, ticket.address, message, ticket.group))

    def _refuse(self, now_ms: int, ticket: Ticket, code: int, text: str) -> None:
        ticket.block1 = ticket.observe = None
        self.respond(now_ms, ticket, coap.Message(code, text.encode()))

    def _put_together(self, now_ms: int, ticket: Ticket, message: coap.Message) -> bool:
        """Whether the request's body is whole (RFC 7959 s.2.5). If not, that is the answer."""
        block = ticket.block1
        if block is None:
            return True
        most = self.limits.body
        body = self._find(now_ms, ticket.address, message, None) if block >> 4 else None
        if body is None:
            body = Body(key_of(ticket.address, message), None)
        data = body.data
        if offset(block) != len(data):
            self._refuse(now_ms, ticket, coap.INCOMPLETE, "begin at block 0")
        elif not fits(block, len(data), message.payload):
            self._refuse(now_ms, ticket, coap.BAD_REQUEST, "block size")
        elif max(len(data) + len(message.payload), message.uint(coap.SIZE1) or 0) > most:
            self._purge(now_ms, body)
            ticket.block1 = ticket.observe = None
            self.respond(now_ms, ticket, coap.Message(coap.TOO_LARGE).add(coap.SIZE1, most))
        else:
            data.extend(message.payload)
            if not block & 8:
                self._purge(now_ms, body)
                message.payload = bytes(data)
                message.drop(coap.BLOCK1)
                return True
            self._keep(now_ms, body)
            ticket.observe = None
            self.respond(now_ms, ticket, coap.Message(coap.CONTINUE))
        return False

    def _new(self, now_ms: int, ticket: Ticket, message: coap.Message) -> bool:
        """Whether the application is to answer: it is not for a later block of a body kept."""
        block = ticket.block2 or 0
        if ticket.group or message.code not in (coap.GET, coap.FETCH):
            ticket.observe = None
        if block & 7 == 7:
            self._refuse(now_ms, ticket, coap.BAD_REQUEST, "block size")
            return False
        if block >> 4:
            body = self._find(now_ms, ticket.address, message, message.payload)
            ticket.observe = None
            if body is not None and body.message is not None:
                self._keep(now_ms, body)
                ticket.request = None
                self.respond(now_ms, ticket, body.message)
                return False
            if message.code not in (coap.GET, coap.FETCH) or not self.proven(ticket.address):
                self._refuse(now_ms, ticket, coap.INCOMPLETE, "begin at block 0")
                return False
        if ticket.observe:
            ticket.observe = None
            old = self.observers.get((ticket.address, ticket.token))
            if old is not None:
                self._gone(old, "deregistered")
        return True


def _note(ticket: Ticket, number: int, value: bytes) -> None:
    """Keep what an option says, if the endpoint acts on it."""
    if number == coap.OBSERVE:
        ticket.observe = int.from_bytes(value, "big")
    elif number == coap.BLOCK1:
        ticket.block1 = int.from_bytes(value, "big")
    elif number == coap.BLOCK2:
        ticket.block2 = int.from_bytes(value, "big")
    elif number == coap.NO_RESPONSE:
        ticket.quiet = int.from_bytes(value, "big")
