"""A CoAP endpoint without a socket: turns datagrams into requests, answers and observations, and
back.

One object in layers, a file each: reliability (ids, timers), blockwise (bodies), client (own
requests), responses (answers under way, observers), duplicates, and here incoming requests and the
public methods. The layers inherit instead of delegating, which saves a board flash and objects.
"""

import heapq

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.blockwise import Body, fits, key_of, offset
from mesh.core.coap.client import Request
from mesh.core.coap.duplicates import Seen
from mesh.core.coap.ticket import APPLICATION, Ticket
from mesh.core.codec.formats import COSE
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Requested

# options that the endpoint acts on, and the attribute of a ticket for each
_NOTED = {
    coap.OBSERVE: "observe",
    coap.BLOCK1: "block1",
    coap.BLOCK2: "block2",
    coap.NO_RESPONSE: "quiet",
}


OURS = (b"peer", b"peers", b"time", b"feeds", b"sensors", b"actuators", b"updates")


def _is_stray(message: coap.Message) -> bool:
    """Whether a request may have come by a group and not be meant for us. Not one that is signed,
    or confirmable (RFC 7252 s.8.1) and for one of our paths.
    """
    path = message.get(coap.URI_PATH)
    ours = message.type == coap.CON and (path in OURS or path == b".well-known")
    return not ours and message.uint(coap.CONTENT_FORMAT) != COSE


class Endpoint(Seen):
    """A CoAP endpoint, sans-I/O. Its driver passes in datagrams and the time (ms, never falling),
    drains next_send and next_event until None, then waits until wake_at or the next datagram.

    random(n) -> n unpredictable bytes, for tokens, ids and jitter. An address is (IP text, port).
    order: the Observe number to begin with; known(address): the peer that was verified
    there, or None. Also: request, cancel (client.py); notify, end,
    observable (responses.py); prove, proven, wake_at (reliability.py).
    """

    def receive(
        self,
        now_ms: int,
        source: tuple[str, int],
        data: bytes,
        group: bool = False,
        mixed: bool = False,
    ) -> None:
        """Handle a datagram. It raises no error of the sender.

        `group`: it was sent to a multicast address; `mixed`: maybe so, as one socket receives
        both. Then errors are not reported, as it may be of another protocol (RFC 7252 s.8.2).
        """
        self._now = now_ms
        if self.proven(source):
            mixed = False
        else:  # an acknowledgement or reset needs no reply, and may be guessed
            self._earn((source[0], 0), 3 * len(data) if data[:1] < b"\x60" else 0)
        try:
            message = coap.parse(data)
        except RemoteError:
            if len(data) >= 4 and data[0] >> 4 == 4 and not (group or mixed):
                self._reset(now_ms, source, data[2] << 8 | data[3])
            return
        code = message.code
        if 0 < code < 32:
            ticket = Ticket(source, message, len(data), group)
            ticket.stray = mixed and _is_stray(message)
            try:
                self._requested(now_ms, ticket, message)
            except MemoryError:  # not acknowledged and not remembered, so it is sent again
                self.forget(ticket)
                raise
        elif group:
            return
        elif code:
            self._answered(now_ms, source, message, mixed)
        else:
            self._bare(now_ms, source, message)

    def tick(self, now_ms: int) -> None:
        """Do what is due."""
        self._now = now_ms
        if self.bodies:
            self._purge(now_ms)
        while (due := self.wake_at()) is not None and due <= now_ms:
            entry = heapq.heappop(self._heap)
            item = entry[2]
            item.due = None
            try:
                if isinstance(item, Request):
                    self._request_due(now_ms, item)
                elif isinstance(item, Ticket):
                    self._ticket_due(now_ms, item)
            except MemoryError:  # it stays due
                heapq.heappush(self._heap, entry)
                item.due = entry[0]
                raise

    def next_send(self) -> tuple[tuple[str, int], bytes] | None:
        """The next (address, datagram) to send, or None."""
        return self._out.pop(0) if self._out else None

    def next_event(self) -> tuple[object, ...] | None:
        """The next Requested, Answered, Failed or ObserverGone, or None."""
        return self._events.pop(0) if self._events else None

    def respond(self, now_ms: int, ticket: Ticket, message: coap.Message) -> None:
        """Answer a Requested. LocalError if it was answered, or for more than limits.body bytes.

        The message (code, options, payload) now belongs to the endpoint. Observe in a 2.xx begins
        the observation that was requested, if there is room (see observable()); else it is
        removed.
        """
        if ticket.state != APPLICATION or len(message.payload) > self.limits.body:
            raise LocalError("answered, or too long")
        if ticket.quiet >> (message.code >> 5) - 1 & 1:
            self.ignore(now_ms, ticket)
            return
        if ticket.block1 is not None:
            message.add(coap.BLOCK1, ticket.block1)
        if ticket.observe == 0:
            self._register(now_ms, ticket, message)
        piggybacked = ticket.type == coap.CON and not ticket.reply
        message.type = coap.ACK if piggybacked else ticket.type
        message.mid = ticket.asked
        message.token = ticket.token
        self._answer(now_ms, ticket, message)

    def _bare(self, now_ms: int, source: tuple[str, int], message: coap.Message) -> None:
        """Handle an empty message: acknowledgement, reset or ping (RFC 7252 s.4.2, s.4.3)."""
        item = self.flight.get((source, message.mid))
        if message.type == coap.CON:
            self._reset(now_ms, source, message.mid)
        elif isinstance(item, Request):
            if message.type != coap.RST:  # a separate response follows (s.5.2.2)
                self._land(now_ms, item)
                self._arm(item, now_ms + self.limits.exchange_lifetime_ms)
            elif not item.tries:  # after the last try: a reset may be forged
                self._fail(now_ms, item, "reset")
        elif isinstance(item, Ticket):
            if message.type == coap.RST and item.data[1:2] != b"\0":
                if item.patient and item.tries:
                    return
                self._landed(item)
                self._gone(item, "reset")
            else:
                self._acked(now_ms, item)

    def _answered(
        self, now_ms: int, source: tuple[str, int], message: coap.Message, mixed: bool
    ) -> None:
        """Handle a response. A confirmable one is acknowledged, and so are its duplicates."""
        type = message.type
        if type == coap.CON and self._duplicate(now_ms, source, message):
            return
        if self._response(now_ms, source, message):
            if type == coap.CON:
                ticket = Ticket(source, message, 0, False)
                self._remember(now_ms, ticket)
                self.ignore(now_ms, ticket)
        elif type == coap.CON or (not mixed and message.get(coap.OBSERVE) is not None):
            self._reset(now_ms, source, message.mid)

    def _requested(self, now_ms: int, ticket: Ticket, message: coap.Message) -> None:
        """Handle a request: queue a Requested, unless it can be answered here."""
        confirmable = message.type == coap.CON
        if (ticket.group and confirmable) or self._duplicate(now_ms, ticket.address, message):
            return
        critical = coap.sift(message)
        code = codes.BAD_OPTION if critical is not None else self._noted(ticket, message)
        if code:
            if (confirmable or critical is None) and self._may_refuse(now_ms):
                self._remember(now_ms, ticket)
                self._refuse(now_ms, ticket, code, critical)
            return
        self._remember(now_ms, ticket)
        if confirmable:
            self._arm(ticket, now_ms + self.limits.ack_timeout_ms // 2)
        whole = ticket.block1 is None or self._whole(now_ms, ticket, message, ticket.block1)
        if whole and self._new(now_ms, ticket, message):
            self._events.append(Requested(ticket, ticket.address, message, ticket.group))

    def _noted(self, ticket: Ticket, message: coap.Message) -> int:
        """Copy the options that we act on to the ticket. The code of an error, or 0."""
        for number, value in message.options:
            if number in _NOTED:
                setattr(ticket, _NOTED[number], int.from_bytes(value, "big"))
            elif number in (coap.PROXY_URI, coap.PROXY_SCHEME):
                return codes.NO_PROXY  # RFC 7252 s.5.10.2
        if (ticket.block1 or 0) & 7 == 7 or (ticket.block2 or 0) & 7 == 7:
            return codes.BAD_REQUEST  # RFC 7959 s.2.2
        return 0

    def _refuse(self, now_ms: int, ticket: Ticket, code: int, what: int | None = None) -> None:
        """Answer with a code, and `what` as its text. A stray request gets no error."""
        if ticket.stray and code >= codes.BAD_REQUEST:
            self.forget(ticket)
            return
        answer = coap.Message(code)
        if code == codes.TOO_LARGE:
            answer.add(coap.SIZE1, self.limits.body)
        elif what is not None:
            answer.payload = str(what).encode()
        ticket.observe = None
        if code != codes.CONTINUE:
            ticket.block1 = None
        self.respond(now_ms, ticket, answer)

    def _whole(self, now_ms: int, ticket: Ticket, message: coap.Message, block: int) -> bool:
        """Whether a request's body is complete (RFC 7959 s.2.5). If not, the request is answered
        here.
        """
        body = self._find(now_ms, ticket.address, message, None) if block >> 4 else None
        if body is None:
            body = Body(key_of(ticket.address, message), None)
        data = body.data
        payload = message.payload
        code = 0
        if offset(block) != len(data):
            code = codes.INCOMPLETE
        elif not fits(block, len(data), payload):
            code = codes.BAD_REQUEST
        elif max(len(data) + len(payload), message.uint(coap.SIZE1) or 0) > self.limits.body:
            code = codes.TOO_LARGE
        else:
            data.extend(payload)
            if block & 8:
                code = codes.CONTINUE
                self._keep(now_ms, body)
            else:
                message.payload = bytes(data)
                message.drop(coap.BLOCK1)
        if not code or code == codes.TOO_LARGE:
            self._purge(now_ms, body)
        if code:
            self._refuse(now_ms, ticket, code)
        return not code

    def _new(self, now_ms: int, ticket: Ticket, message: coap.Message) -> bool:
        """Whether the application has to answer: not if it asks for a later block of a cached
        body.
        """
        address = ticket.address
        read = message.code in (coap.GET, coap.FETCH)
        if ticket.group or not read:
            ticket.observe = None
        if (ticket.block2 or 0) >> 4:
            body = self._find(now_ms, address, message, message.payload)
            if body and body.message:
                # a client that asks for a block with Observe (node's coap does) takes the last
                # block's Observe number for the whole, and without one may drop later
                # notifications
                if ticket.observe is None:
                    body.message.drop(coap.OBSERVE)
                ticket.observe = None
                self._keep(now_ms, body)
                ticket.request = None
                self.respond(now_ms, ticket, body.message)
                return False
            ticket.observe = None
            asks = message.code == coap.GET or (read and message.payload)
            if not asks or not self.proven(address):
                self._refuse(now_ms, ticket, codes.INCOMPLETE)
                return False
        if ticket.observe:
            ticket.observe = None
            old = self.observers.get((address, ticket.token))
            if old:
                self._gone(old, "deregistered")
        return True
