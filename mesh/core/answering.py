"""The answering half of an endpoint: requests of others, and those who observe (RFC 7252 s.4.5, 7641 s.4)."""

from collections import deque

from mesh.core.blocks import Bodies, Body, cut, fits, key_of, offset
from mesh.core.coap import (
    ACK,
    BAD_OPTION,
    BAD_REQUEST,
    BLOCK1,
    BLOCK2,
    CON,
    CONTINUE,
    FETCH,
    GET,
    INCOMPLETE,
    NO_RESPONSE,
    NON,
    OBSERVE,
    SIZE1,
    TOO_LARGE,
    Message,
    build,
    unknown_critical,
)
from mesh.core.errors import LocalError
from mesh.core.events import ObserverGone, Requested
from mesh.core.reliability import Timed, Wire, stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.reliability import Address

# What a ticket waits for
_APPLICATION = 0  # to answer; a CON is acknowledged if that takes long
_LEISURE = 1  # its answer to a group request is held back
_ACK = 2  # its confirmable answer or notification is under way
_NOTHING = 3

_ACTED_ON = (OBSERVE, BLOCK2, BLOCK1, NO_RESPONSE)
_QUIET = 24  # to a group request nobody says 4.xx or 5.xx (RFC 7252 s.8.2, in the bits of RFC 7967)


class Ticket(Timed):
    """One request of another, from its arrival to its answer, and on while it observes."""

    state = _APPLICATION
    reply = b""  # what a duplicate gets; an acknowledgement, or the answer that holds one
    observe: int | None = None
    block1: int | None = None
    block2: int | None = None
    quiet = 0
    held = b""  # the next datagram, while another is under way
    count = 0  # notifications
    con_ms = 0
    until = 0

    def __init__(self, address: "Address", message: Message, size: int, group: bool) -> None:
        self.address = address
        self.request: Message | None = message
        self.type = message.type
        self.token = message.token
        self.mid = self.sent_mid = message.mid
        self.size = size
        self.group = group


class Answering:
    """Requests of others: remembered for duplicates, answered, observed."""

    def __init__(self, wire: Wire) -> None:
        self.seen: dict[tuple[Address, int], Ticket] = {}
        self.observers: dict[tuple[Address, bytes], Ticket] = {}
        self.flight: dict[tuple[Address, int], Ticket] = {}  # confirmable answers under way
        self.bodies = Bodies(wire.limits)
        self._order: deque[Ticket] = deque((), wire.limits.exchanges)
        self._wire = wire

    def duplicate(self, now_ms: int, source: "Address", message: Message) -> bool:
        """Whether this message came before: a CON gets the same reply again (RFC 7252 s.4.5)."""
        ticket = self.seen.get((source, message.mid))
        if ticket is None or ticket.until <= now_ms:
            return False
        if ticket.reply and message.type == CON:
            self._wire.out.append((source, ticket.reply))
        return True

    def acknowledge(self, now_ms: int, source: "Address", message: Message) -> None:
        """Acknowledge a response, and its duplicates."""
        ticket = Ticket(source, message, 0, False)
        ticket.state = _NOTHING
        ticket.request = None
        ticket.reply = self._wire.acknowledge(source, message.mid)
        self._remember(now_ms, ticket)

    def request(self, now_ms: int, source: "Address", message: Message, size: int, group: bool) -> None:
        """Take a request of `size` bytes; the application sees it, unless it is answered here."""
        if (group and message.type == CON) or self.duplicate(now_ms, source, message):
            return
        critical = unknown_critical(message)
        if critical is not None and (message.type != CON or not self._wire.may_refuse(now_ms)):
            return
        ticket = Ticket(source, message, size, group)
        if group:
            ticket.quiet = _QUIET
        for number, value in message.options:
            if number in _ACTED_ON:
                _note(ticket, number, int.from_bytes(value, "big"))
        self._remember(now_ms, ticket)
        if message.type == CON:
            self._wire.arm(ticket, now_ms + self._wire.limits.ack_timeout_ms // 2)
        if critical is not None:
            self._refuse(now_ms, ticket, BAD_OPTION, f"option {critical}")
        elif ticket.block1 is None or self._assembled(now_ms, ticket, message, ticket.block1):
            if ticket.block2 is None or self._unknown_block(now_ms, ticket, message, ticket.block2):
                self._ask(ticket, message)

    def respond(self, now_ms: int, ticket: Ticket, message: Message) -> None:
        """See Endpoint.respond."""
        if ticket.state != _APPLICATION:
            raise LocalError("this request was answered before")
        if ticket.quiet >> (message.code >> 5) - 1 & 1:
            self.ignore(now_ms, ticket)
            return
        if ticket.block1 is not None:
            message.add(BLOCK1, ticket.block1 & ~7 | min(ticket.block1 & 7, self._wire.limits.block_szx))
        if ticket.observe == 0:
            self._register(now_ms, ticket, message)
        piggybacked = ticket.type == CON and not ticket.reply
        message.type = ACK if piggybacked else ticket.type
        message.mid = ticket.mid
        message.token = ticket.token
        data = self._fit(now_ms, ticket, message)
        ticket.due = None
        ticket.state = _NOTHING
        if ticket.observe is None:
            ticket.request = None
        if piggybacked:
            ticket.reply = data
            self._wire.out.append((ticket.address, data))
        elif ticket.group:
            self._hold(ticket, data, now_ms + self._wire.limits.leisure_ms * self._wire.random(1)[0] // 255)
        else:
            self._transmit(now_ms, ticket, data)

    def ignore(self, now_ms: int, ticket: Ticket) -> None:
        """See Endpoint.ignore."""
        if ticket.state == _APPLICATION:
            if ticket.type == CON and not ticket.reply:
                ticket.reply = self._wire.acknowledge(ticket.address, ticket.mid)
            ticket.state = _NOTHING
            ticket.request = ticket.due = None

    def notify(self, now_ms: int, ticket: Ticket, message: Message) -> bool:
        """See Endpoint.notify."""
        key = (ticket.address, ticket.token)
        if self.observers.get(key) is not ticket:
            return False
        final = message.code >> 5 != 2
        ticket.count += 1
        message.type = NON
        if (
            final
            or not ticket.count & 15
            or now_ms - ticket.con_ms >= 60_000
            or not self._wire.proven(ticket.address)
        ):
            message.type = CON
            ticket.con_ms = now_ms
        message.token = ticket.token
        data = self._fit(now_ms, ticket, message)
        if final:
            del self.observers[key]
        if ticket.state == _NOTHING:
            self._transmit(now_ms, ticket, data)
        else:
            ticket.held = data
        return True

    def end(self, ticket: Ticket) -> bool:
        """See Endpoint.end; False if it observed no longer."""
        key = (ticket.address, ticket.token)
        if self.observers.get(key) is not ticket:
            return False
        del self.observers[key]
        ticket.held = b""
        ticket.request = None
        return True

    def acked(self, now_ms: int, source: "Address", mid: int) -> None:
        """An acknowledgement: the next notification, if one waits, may go."""
        ticket = self.flight.get((source, mid))
        if ticket is not None:
            self._land(ticket)
            if ticket.held:
                self.expire(now_ms, ticket)

    def reset(self, source: "Address", mid: int) -> None:
        """A reset ends the observation whose newest notification it answers (RFC 7641 s.4.5)."""
        ticket = self.flight.get((source, mid))
        for observer in self.observers.values():
            if observer.sent_mid == mid and observer.address == source:
                ticket = observer
        if ticket is not None:
            self._gone(ticket, "reset")

    def expire(self, now_ms: int, ticket: Ticket) -> None:
        """The moment that the ticket waited for has come."""
        wire = self._wire
        if ticket.state == _APPLICATION:
            ticket.reply = wire.acknowledge(ticket.address, ticket.mid)
        elif ticket.state != _ACK:
            data = ticket.held
            ticket.held = b""
            self._transmit(now_ms, ticket, data)
        elif ticket.tries:
            mid = wire.mid(now_ms, ticket.address) if ticket.held else -1
            if mid >= 0:  # the newer one takes over, and its tries (RFC 7641 s.4.5.2)
                del self.flight[(ticket.address, ticket.sent_mid)]
                self._under_way(ticket, ticket.held, mid)
                ticket.held = b""
            wire.again(now_ms, ticket)
        else:
            self._gone(ticket, "no acknowledgement")

    def observable(self, ticket: Ticket) -> bool:
        """See Endpoint.observable."""
        if ticket.observe != 0:
            return False
        return (
            len(self.observers) < self._wire.limits.observers
            or (ticket.address, ticket.token) in self.observers
            or self._victim(ticket) is not None
        )

    def _remember(self, now_ms: int, ticket: Ticket) -> None:
        """Keep a ticket for its duplicates; the oldest goes for it."""
        order = self._order
        limits = self._wire.limits
        while order and (order[0].until <= now_ms or len(order) >= limits.exchanges):
            old = order.popleft()
            del self.seen[(old.address, old.mid)]
            if old.state < _ACK:
                old.due = None
        ticket.until = now_ms + limits.exchange_lifetime_ms
        self.seen[(ticket.address, ticket.mid)] = ticket
        order.append(ticket)

    def _ask(self, ticket: Ticket, message: Message) -> None:
        if ticket.observe is not None:
            old = self.observers.get((ticket.address, ticket.token))
            if ticket.observe == 1 and old is not None:
                self._gone(old, "deregistered")
            if ticket.observe or ticket.group or message.code not in (GET, FETCH):
                ticket.observe = None
        self._wire.events.append(Requested(ticket, ticket.address, message, ticket.group))

    def _refuse(self, now_ms: int, ticket: Ticket, code: int, text: str = "") -> None:
        ticket.block1 = ticket.observe = None
        self.respond(now_ms, ticket, Message(code, text.encode()))

    def _assembled(self, now_ms: int, ticket: Ticket, message: Message, block: int) -> bool:
        """Whether the request's body is whole now (RFC 7959 s.2.5); if not, it is answered."""
        limits = self._wire.limits
        key = key_of(ticket.address, message)
        body = self.bodies.find(now_ms, key, None) if block >> 4 else Body(key, None)
        payload = message.payload
        if body is None or offset(block) != len(body.data):
            self._refuse(now_ms, ticket, INCOMPLETE, "begin at block 0")
        elif not fits(block, len(body.data), payload):
            self._refuse(now_ms, ticket, BAD_REQUEST, "block size")
        elif max(len(body.data) + len(payload), message.uint(SIZE1) or 0) > limits.body:
            self.bodies.drop(body)
            ticket.block1 = ticket.observe = None
            self.respond(now_ms, ticket, Message(TOO_LARGE).add(SIZE1, limits.body))
        else:
            body.data.extend(payload)
            if not block & 8:
                self.bodies.drop(body)
                message.payload = bytes(body.data)
                message.drop(BLOCK1)
                return True
            self.bodies.keep(now_ms, body)
            ticket.observe = None
            self.respond(now_ms, ticket, Message(CONTINUE))
        return False

    def _unknown_block(self, now_ms: int, ticket: Ticket, message: Message, block: int) -> bool:
        """Whether the application must make the answer; a later block of one kept is answered here."""
        if block & 7 == 7:
            self._refuse(now_ms, ticket, BAD_REQUEST, "block size")
            return False
        if not block >> 4:
            return True
        body = self.bodies.find(now_ms, key_of(ticket.address, message), message.payload)
        if body is not None and body.message is not None:
            self.bodies.keep(now_ms, body)
            ticket.request = ticket.observe = None
            self.respond(now_ms, ticket, body.message)
            return False
        if message.code not in (GET, FETCH):
            self._refuse(now_ms, ticket, INCOMPLETE, "begin again")
            return False
        return True

    def _register(self, now_ms: int, ticket: Ticket, message: Message) -> None:
        """Begin an observation, if the answer says so and there is room (RFC 7641 s.4.1)."""
        if message.get(OBSERVE) is None or message.code >> 5 != 2:
            ticket.observe = None
            return
        key = (ticket.address, ticket.token)
        old = self.observers.get(key)
        if old is None and len(self.observers) >= self._wire.limits.observers:
            old = self._victim(ticket)
            if old is None:
                message.drop(OBSERVE)
                ticket.observe = None
                return
        if old is not None:
            self._gone(old, "replaced")
        self.observers[key] = ticket
        ticket.con_ms = now_ms

    def _victim(self, ticket: Ticket) -> Ticket | None:
        """Who gives its place to a new observer: an unproven address first, then the one with most places."""
        places: dict[Address, int] = {ticket.address: 1}
        for address, _ in self.observers:
            places[address] = places.get(address, 0) + 1
        proven = self._wire.proven
        worst = max(
            (not proven(t.address), places[t.address], -t.until, t.address, t.token)
            for t in self.observers.values()
        )
        if worst[:2] <= (not proven(ticket.address), places[ticket.address]):
            return None
        return self.observers[worst[3:]]

    def _gone(self, ticket: Ticket, reason: str) -> None:
        """End whatever the ticket has under way, and its observation."""
        if ticket.state == _ACK:
            self._land(ticket)
        if self.end(ticket):
            self._wire.events.append(ObserverGone(ticket, reason))

    def _land(self, ticket: Ticket) -> None:
        del self.flight[(ticket.address, ticket.sent_mid)]
        ticket.due = None
        ticket.state = _NOTHING

    def _fit(self, now_ms: int, ticket: Ticket, message: Message) -> bytes:
        """The datagram for an answer, or for one block of it if it is too long for this address."""
        limits = self._wire.limits
        limit = limits.datagram
        if not self._wire.proven(ticket.address):
            limit = min(limit, 3 * ticket.size)
        size = len(message.payload)
        block = ticket.block2
        if block is None or (block < 16 and size <= 16 << (block & 7)):
            data = build(message)
            if len(data) <= limit:
                return data
        if size > limits.body:
            raise LocalError(f"a body longer than {limits.body} bytes")
        at = offset(block or 0)
        szx = limits.block_szx if block is None else min(limits.block_szx, block & 7)
        if at and at >= size:
            return build(Message(BAD_REQUEST, b"", message.type, message.mid, message.token))
        if ticket.request is not None:
            body = Body(key_of(ticket.address, ticket.request), ticket.request.payload)
            body.message = Message(message.code, message.payload)
            body.message.options = list(message.options)
            self.bodies.keep(now_ms, body)
        return cut(message, at >> szx + 4 << 4 | szx, limit)

    def _hold(self, ticket: Ticket, data: bytes, until: int) -> None:
        ticket.held = data
        ticket.state = _LEISURE
        self._wire.arm(ticket, until)

    def _transmit(self, now_ms: int, ticket: Ticket, data: bytes) -> None:
        """Send an answer that is no acknowledgement, under a message id of ours."""
        wire = self._wire
        ticket.state = _NOTHING
        mid = wire.mid(now_ms, ticket.address)
        if mid < 0:
            self._hold(ticket, data, now_ms + 100)
            return
        if data[0] & 16 or len(self.flight) >= wire.limits.exchanges:
            ticket.sent_mid = mid
            wire.out.append((ticket.address, stamp(data, NON, mid)))
            return
        self._under_way(ticket, data, mid)
        wire.out.append((ticket.address, ticket.data))
        wire.confirm(now_ms, ticket)

    def _under_way(self, ticket: Ticket, data: bytes, mid: int) -> None:
        ticket.data = stamp(data, CON, mid)
        ticket.sent_mid = mid
        ticket.state = _ACK
        self.flight[(ticket.address, mid)] = ticket


def _note(ticket: Ticket, number: int, value: int) -> None:
    """Keep the value of an option that the endpoint acts on."""
    if number == OBSERVE:
        ticket.observe = value
    elif number == BLOCK1:
        ticket.block1 = value
    elif number == BLOCK2:
        ticket.block2 = value
    else:
        ticket.quiet = value
