"""Responses and notifications until they are delivered (RFC 7252 s.5.2; RFC 7641 s.4)."""

from binascii import crc32

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.blockwise import Body, cut, key_of, offset
from mesh.core.coap.client import Client
from mesh.core.coap.reliability import EMPTY, stamp
from mesh.core.coap.ticket import ACKNOWLEDGED, APPLICATION, LATER, NOTHING, PINGED, Ticket
from mesh.core.errors import LocalError
from mesh.core.events import ObserverGone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.coap.reliability import Known, Random
    from mesh.core.limits import Limits


SHORT = 255  # bytes of a datagram in which there is no room for an ETag


class Replies(Client):
    """The layer of responses and their retransmission, and of observations."""

    def __init__(self, limits: "Limits", random: "Random", order: int, known: "Known") -> None:
        super().__init__(limits, random, known)
        self._told = order

    def order(self) -> int:
        """The next Observe number. All observers share one sequence, so that after a new
        registration none gets a lower number than before (RFC 7641 s.4.4).
        """
        self._told = self._told + 1 & 0xFFFFFF
        return self._told

    def idle(self, ticket: Ticket) -> bool:
        """Whether an observer has no notification in flight, so that a new one replaces
        nothing.
        """
        return ticket.state == NOTHING

    def room(self, ticket: Ticket) -> int:
        """How many bytes a datagram to the requester may have."""
        most = self.limits.datagram
        if self.proven(ticket.address):
            return most
        size = 3 * ticket.size
        least = 8 if ticket.observe == 0 else 0  # two pings
        get = self._credit.get
        if ticket.state in (APPLICATION, PINGED):  # an observer is pinged first: see _transmit
            size = min(size, get((ticket.address[0], 0), 0) - least)
        return min(most, max(size, get(ticket.address, 0) - least))

    def notify(
        self, now_ms: int, ticket: Ticket, message: coap.Message, confirm: bool = False
    ) -> bool:
        """Send an observer a newer representation. False if that observer is gone.

        The caller sets Observe. A code that is not 2.xx ends the observation (RFC 7641 s.4.2).
        With `confirm` it is sent until it is acknowledged, in spite of resets, which can be
        forged: only a reset of the last try ends the observation. LocalError for more than
        limits.body.
        """
        if len(message.payload) > self.limits.body:
            raise LocalError("longer than limits.body")
        self._wait_no_more(ticket)
        if ticket.observe != 0 or ticket.state == APPLICATION:
            return False
        final = message.code >> 5 != codes.SUCCESS
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
        data = self._fit(now_ms, ticket, message, self.room(ticket))
        if ticket.state == NOTHING:
            self._transmit(now_ms, ticket, data)
            data = ticket.held
        if final:
            self.end(ticket)
        ticket.held = data
        return True

    def end(self, ticket: Ticket) -> None:
        """End an observation, without an event."""
        self._wait_no_more(ticket)
        key = (ticket.address, ticket.token)
        if self.observers.get(key) is ticket:
            del self.observers[key]
        ticket.observe = ticket.request = None
        ticket.held = b""
        if ticket.state != ACKNOWLEDGED:
            self._landed(ticket)
            ticket.state = NOTHING

    def observable(self, ticket: Ticket) -> bool:
        """Whether a response with Observe would begin an observation: requested, and there is
        room.
        """
        return ticket.observe == 0 and self._place(ticket) is not None

    def _place(self, ticket: Ticket) -> list[Ticket] | None:
        """Chooses the observation to evict for this one: [] if none has to be, None if none may
        be.

        Its own older one; else one of an unverified address, then of a verified one of no known
        peer; of equals one of the address that has most.
        """
        old = self.observers.get((ticket.address, ticket.token))
        if old is not None:
            return [old]
        if len(self.observers) < self.limits.observers:
            return []
        held = [address for address, _ in self.observers] + [ticket.address]
        ranks = []
        for t in list(self.observers.values()) + [ticket]:
            rank = (self.known(t.address) is None) - self.proven(t.address)
            ranks.append((rank, held.count(t.address), -t.until, t.address, t.token))
        worst = max(ranks)
        return [self.observers[worst[3:]]] if worst[:2] > ranks[-1][:2] else None

    def _register(self, now_ms: int, ticket: Ticket, message: coap.Message) -> None:
        """Begin an observation, if the response allows it and there is room (RFC 7641 s.4.1)."""
        ticket.observe = None
        if message.get(coap.OBSERVE) is None or message.code >> 5 != codes.SUCCESS:
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

    def _gone(self, ticket: Ticket, reason: str) -> None:
        """End a ticket, with its observation and what it has in flight."""
        if ticket.state != PINGED:
            ticket.state = NOTHING
        if ticket.observe == 0:
            self._events.append(ObserverGone(ticket, reason))
        self.end(ticket)

    def _fit(self, now_ms: int, ticket: Ticket, message: coap.Message, limit: int) -> bytes:
        """Build the datagram of a response; if it is longer than `limit`, that of one block."""
        limits = self.limits
        size = len(message.payload)
        request = ticket.request
        block = ticket.block2 if message.code < codes.BAD_REQUEST or request is None else None
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
            # not where each byte counts: a short question of an unverified address
            if limit > SHORT and message.get(coap.ETAG) is None:
                message.add(coap.ETAG, crc32(message.payload).to_bytes(4, "big"))
            self._keep(now_ms, body)
        return cut(message, offset(block), min(block & 7, limits.block_szx), limit)

    def _answer(self, now_ms: int, ticket: Ticket, message: coap.Message) -> None:
        """Send a response. If it is too long for an unverified address, send a ping first
        (RFC 7252 s.4.3); if that is reset send it whole, else a block that is short enough.
        """
        data = self._fit(now_ms, ticket, message, self.limits.datagram)
        room = self.room(ticket)
        if len(data) > room:
            data = self._fit(now_ms, ticket, message, room - 4)  # a ping
            fits = data[1] == message.code < codes.BAD_REQUEST and not ticket.group
            if fits and (mid := self._mid(now_ms, ticket)) >= 0:
                self._fly(now_ms, ticket, mid, EMPTY)
                # again if the request would be, too: libcoap resets one ping in 250 ms
                ticket.tries = 1 if ticket.type == coap.CON else 0
                ticket.pause = 3 * self.limits.ack_timeout_ms // 20
                self._arm(ticket, now_ms + 2 * ticket.pause)
                ticket.held = data
                ticket.state = PINGED
                return
            data = self._fit(now_ms, ticket, message, room)
        self._reply(now_ms, ticket, data)

    def _wait_no_more(self, ticket: Ticket) -> None:
        """Send the response that waits for the reset of a ping."""
        if ticket.state == PINGED:
            ticket.tries = 0
            self._ticket_due(self._now, ticket)

    def _after_ping(self, now_ms: int, ticket: Ticket) -> None:
        """Send a response whose ping was reset or not; whole if it was and the body is kept."""
        data = ticket.held
        ticket.held = b""
        self._landed(ticket)
        for body in self.bodies:
            whole = body.message
            if ticket.size < self.limits.datagram or body.key[0] != ticket.address:
                continue
            if whole and whole.mid == ticket.asked and whole.token == ticket.token:
                data = self._fit(now_ms, ticket, whole, self.room(ticket))
        self._reply(now_ms, ticket, data)

    def _reply(self, now_ms: int, ticket: Ticket, data: bytes) -> None:
        """Send the datagram of a response, on the acknowledgement if that is still due."""
        ticket.due = None
        ticket.state = NOTHING
        if ticket.observe is None:
            ticket.request = None
        if ticket.type == coap.CON and not ticket.reply:
            ticket.reply = data
            self._put(ticket.address, data)
        elif ticket.group:
            self._hold(ticket, data, now_ms + self.limits.leisure_ms * self._number() // 65535)
        else:
            self._transmit(now_ms, ticket, data)

    def _transmit(self, now_ms: int, ticket: Ticket, data: bytes) -> None:
        """Send a separate response, under a message id of ours."""
        limits = self.limits
        self._landed(ticket)
        ticket.state = NOTHING
        mid = self._mid(now_ms, ticket)
        if mid < 0:
            self._hold(ticket, data, now_ms + 100)
            return
        if ticket.observe == 0 and not self._affords(ticket.address, len(data)):
            # sent after a ping is answered, which raises the amplification limit
            ticket.held = data
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

    def _ticket_due(self, now_ms: int, ticket: Ticket) -> None:
        """Handle the timer of a ticket."""
        data = ticket.held
        if ticket.state == APPLICATION:
            ticket.reply = self._empty(coap.ACK, ticket.address, ticket.asked)
        elif ticket.state == PINGED:
            (self._again if ticket.tries else self._after_ping)(now_ms, ticket)
        elif ticket.state == LATER:
            ticket.held = b""
            self._transmit(now_ms, ticket, data)
        elif ticket.tries:
            waiting = data or ticket.data
            following = data
            if self._affords(ticket.address, len(waiting)):
                waiting = b""
            else:  # first a ping, see _transmit
                following = EMPTY if ticket.data[1] else b""
            if following and (mid := self._mid(now_ms, ticket)) >= 0:
                # a newer notification replaces it, with the tries left (RFC 7641 s.4.5.2)
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
        """Handle the acknowledgement of a ticket's message or ping, and send the next one."""
        if ticket.state in (ACKNOWLEDGED, PINGED):
            # It gets whole notifications now, as not every observer supports blocks, each of which
            # it has to acknowledge. Of several ids one is easier to guess, so each allows less.
            ticket.size = self.limits.datagram
            flying = [address for address, _ in self.flight].count(ticket.address)
            self._earn(ticket.address, 2 * ticket.size // flying)
            self._landed(ticket)
            if ticket.state == ACKNOWLEDGED:
                ticket.state = LATER if ticket.held else NOTHING
            if ticket.held:
                self._ticket_due(now_ms, ticket)
