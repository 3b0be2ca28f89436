"""Answers and notifications on their way to those who asked (RFC 7252 s.5.2; RFC 7641 s.4)."""

from binascii import crc32

from mesh.core import coap
from mesh.core.asking import Asking
from mesh.core.blocks import Body, cut, key_of, offset
from mesh.core.errors import LocalError
from mesh.core.events import ObserverGone
from mesh.core.reliability import Timed, stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.limits import Limits

# What a ticket waits for
APPLICATION = 0  # to answer; a CON is acknowledged if that takes long
LATER = 1  # the moment to send what is held
ACKNOWLEDGED = 2  # that its message under way is
NOTHING = 3
EMPTY = b"\x40\0\0\0"  # a ping (RFC 7252 s.4.3)


class Ticket(Timed):
    """One request of another, from its arrival to its answer, and on while it observes."""

    state = APPLICATION
    reply = b""  # what a duplicate gets: an acknowledgement, or the answer that holds one
    held = b""  # the next datagram, while another is under way
    observe: int | None = None  # 0: it may observe, or does
    block1: int | None = None
    block2: int | None = None
    group = False
    mask = 0  # of message ids: whoever acknowledges them has seen them
    stray = False  # it may have come by a group, so errors are not told
    patient = False  # one reset does not end it
    quiet = 0  # the classes of answers that are not wanted, as RFC 7967 s.2.1 has it
    count = 0  # notifications
    con_ms = 0
    until = 0

    def __init__(
        self, address: tuple[str, int], message: coap.Message, size: int, group: bool
    ) -> None:
        self.address = address
        self.request: coap.Message | None = message
        self.asked = message.mid
        self.type = message.type
        self.token = message.token
        self.size = size
        if group:
            self.group = True
            self.quiet = 24  # nobody says 4.xx or 5.xx to a group (RFC 7252 s.8.2)


class Replies(Asking):
    """The layer of answers that are more than acknowledgements, and of observers."""

    def __init__(self, limits: "Limits", random: "Callable[[int], bytes]", order: int) -> None:
        super().__init__(limits, random)
        self._told = order

    def order(self) -> int:
        """The next Observe number: all observers have one sequence, so that who registers again
        is told no lower one than before (RFC 7641 s.4.4).
        """
        self._told = self._told + 1 & 0xFFFFFF
        return self._told

    def idle(self, ticket: Ticket) -> bool:
        """Whether nothing is under way to an observer: what is sent now replaces nothing."""
        return ticket.state == NOTHING

    def room(self, ticket: Ticket) -> int:
        """How long a datagram to who asked may be."""
        most = self.limits.datagram
        if self.proven(ticket.address):
            return most
        if ticket.state == APPLICATION:  # of an observer there is more to come: see _transmit
            least = 2 * len(EMPTY) if ticket.observe == 0 else 0
            most = min(most, self._credit.get(ticket.address[0], 0) - least)
        return min(most, 3 * ticket.size)

    def notify(
        self, now_ms: int, ticket: Ticket, message: coap.Message, confirm: bool = False
    ) -> bool:
        """Send an observer a newer representation; False if that observer is gone.

        The caller puts the Observe option. What is no 2.xx ends the observation (RFC 7641 s.4.2).
        With `confirm` it is sent until it is acknowledged, in spite of resets, which anybody can
        send and a bad line can make: only who rejects the last try, too, is gone. LocalError for
        more than limits.body.
        """
        if len(message.payload) > self.limits.body:
            raise LocalError("longer than limits.body")
        if ticket.observe != 0 or ticket.state == APPLICATION:
            return False
        final = message.code >> 5 != 2
        ticket.count += 1
        message.token = ticket.token
        message.type = coap.NON
        if (
            final
            or confirm
            or not ticket.count & 15
            or now_ms - ticket.con_ms >= 60_000
            or not self.proven(ticket.address)
        ):
            message.type = coap.CON
            ticket.con_ms = now_ms
            ticket.patient = confirm
        data = self._fit(now_ms, ticket, message)
        if ticket.state == NOTHING:
            self._transmit(now_ms, ticket, data)
            data = ticket.held
        if final:
            self.end(ticket)
        ticket.held = data
        return True

    def end(self, ticket: Ticket) -> None:
        """End an observation from here, without an event."""
        key = (ticket.address, ticket.token)
        if self.observers.get(key) is ticket:
            del self.observers[key]
        ticket.observe = ticket.request = None
        ticket.held = b""
        if ticket.state != ACKNOWLEDGED:
            self._landed(ticket)
            ticket.state = NOTHING

    def observable(self, ticket: Ticket) -> bool:
        """Whether an answer with Observe would open an observation: asked for, and room for it."""
        return ticket.observe == 0 and self._place(ticket) is not None

    def _place(self, ticket: Ticket) -> list[Ticket] | None:
        """Who gives its place to this observer, if need be; None if there is no room for it.

        Its own older one does; else one of an unproven address; else one of the address with most.
        """
        old = self.observers.get((ticket.address, ticket.token))
        if old is not None:
            return [old]
        if len(self.observers) < self.limits.observers:
            return []
        held = [address for address, _ in self.observers] + [ticket.address]
        ranks = [
            (not self.proven(t.address), held.count(t.address), -t.until, t.address, t.token)
            for t in list(self.observers.values()) + [ticket]
        ]
        worst = max(ranks)
        return [self.observers[worst[3:]]] if worst[:2] > ranks[-1][:2] else None

    def _register(self, now_ms: int, ticket: Ticket, message: coap.Message) -> None:
        """Begin an observation, if the answer says so and there is room (RFC 7641 s.4.1)."""
        ticket.observe = None
        if message.get(coap.OBSERVE) is None or message.code >> 5 != 2:
            return
        place = self._place(ticket)
        if place is None:
            message.drop(coap.OBSERVE)
            return
        for old in place:
            self._gone(old, "replaced")
        self.observers[(ticket.address, ticket.token)] = ticket
        ticket.observe = 0
        ticket.con_ms = now_ms
        if not self.proven(ticket.address):
            ticket.mask = self._number() & 4095

    def _gone(self, ticket: Ticket, reason: str) -> None:
        """End whatever the ticket has under way, and its observation."""
        ticket.state = NOTHING
        if ticket.observe == 0:
            self._events.append(ObserverGone(ticket, reason))
        self.end(ticket)

    def _fit(self, now_ms: int, ticket: Ticket, message: coap.Message) -> bytes:
        """The datagram for an answer; for one block of it, if it is too long for this address."""
        limits = self.limits
        limit = self.room(ticket)
        proven = self.proven(ticket.address)
        size = len(message.payload)
        request = ticket.request
        block = ticket.block2 if message.code < 128 or request is None else None
        if block is None or (block < 16 and size <= 16 << block):
            data = coap.build(message)
            if len(data) <= limit:
                return data
            block = limits.block_szx
        if request is not None:
            body = Body(key_of(ticket.address, request), request.payload)
            options = list(message.options)
            body.message = message = coap.Message(
                message.code, message.payload, message.type, message.mid, message.token
            )
            message.options = options
            if proven and message.get(coap.ETAG) is None:
                message.add(coap.ETAG, crc32(message.payload).to_bytes(4, "big"))
            self._keep(now_ms, body)
        return cut(message, offset(block), min(block & 7, limits.block_szx), limit)

    def _transmit(self, now_ms: int, ticket: Ticket, data: bytes) -> None:
        """Send an answer that is no acknowledgement, under a message id of ours."""
        limits = self.limits
        self._landed(ticket)
        ticket.state = NOTHING
        mid = self._mid(now_ms, ticket)
        if mid < 0:
            self._hold(ticket, data, now_ms + 100)
            return
        if ticket.observe == 0 and not self._affords(ticket.address, len(data)):
            ticket.held = data  # until who is there answers a ping, which pays for it
            data = EMPTY
        if data[1] and len(self.flight) > limits.exchanges + limits.outgoing + limits.observers:
            data = stamp(data, coap.NON, 0)
        self._fly(now_ms, ticket, mid, data)
        if ticket.tries:
            ticket.state = ACKNOWLEDGED
        elif ticket.observe is None:
            self._landed(ticket)

    def _hold(self, ticket: Ticket, data: bytes, until: int) -> None:
        ticket.held = data
        ticket.state = LATER
        self._arm(ticket, until)

    def _mid(self, now_ms: int, ticket: Ticket) -> int:
        lifetime = self.limits.exchange_lifetime_ms
        if self.proven(ticket.address):
            return self._ids.next(now_ms, lifetime)
        mid = self._strange_ids.next(now_ms, lifetime)
        return mid if mid < 0 else mid ^ ticket.mask

    def _ticket_due(self, now_ms: int, ticket: Ticket) -> None:
        """The moment that the ticket waited for has come."""
        data = ticket.held
        if ticket.state == APPLICATION:
            ticket.reply = self._empty(coap.ACK, ticket.address, ticket.asked)
        elif ticket.state == LATER:
            ticket.held = b""
            self._transmit(now_ms, ticket, data)
        elif ticket.tries:
            waiting = data or ticket.data
            following = data
            if self._affords(ticket.address, len(waiting)):
                waiting = b""
            else:  # until a ping is answered
                following = EMPTY if ticket.data[1] else b""
            if following and (mid := self._mid(now_ms, ticket)) >= 0:
                # the newer one takes over, with the tries left (RFC 7641 s.4.5.2)
                tries = ticket.tries
                self._landed(ticket)
                ticket.tries = tries
                ticket.mid = mid
                ticket.data = stamp(following, coap.CON, mid)
                ticket.held = waiting
                self.flight[(ticket.address, mid)] = ticket
            self._again(now_ms, ticket)
        else:
            self._gone(ticket, "no acknowledgement")

    def _acked(self, now_ms: int, ticket: Ticket) -> None:
        """Its message arrived: the next one, if there is one, may go."""
        if ticket.state == ACKNOWLEDGED:
            # It is there. As not every observer puts blocks together, it gets whole notifications
            # from now on, but only confirmable ones, each paid for by the acknowledgement of the
            # last: of 4,096 ids one can be guessed, which costs more than it brings.
            ticket.size = self.limits.datagram
            self._earn(ticket.address[0], 2 * ticket.size)
            self._landed(ticket)
            ticket.state = NOTHING
            if ticket.held:
                ticket.state = LATER
                self._ticket_due(now_ms, ticket)
