"""The transports of a desktop: the endpoint (CoAP over UDP), and others such as TCP.

What answers requests (mesh.core.resources.server, mesh.core.replication.publisher) refers to them
by tickets. Another transport makes a Call, a ticket too, of each request; its answers go to the
call, which sends them the way that the request came.
"""

import abc

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.blockwise import Body, key_of
from mesh.core.coap.endpoint import Endpoint
from mesh.core.coap.message import Message
from mesh.core.coap.ticket import APPLICATION, NOTHING, Ticket
from mesh.core.errors import LocalError
from mesh.core.events import ObserverGone, Requested


class Stream(tuple[str, int]):
    """The address of a connection: (IP text, port), not equal to any other address, not even the
    same one over UDP. `peer`: the contact that uses it, which has signed a request there.
    """

    peer: bytes | None = None

    def used_by(self, peer: bytes) -> None:
        """Set the peer. The first contact that signed a request counts."""
        self.peer = self.peer or peer

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return id(self)


class Call(Ticket, abc.ABC):
    """A request by another transport than UDP, until its answer, and as long as it observes.

    A transport implements put, left, room, largest, idle, watchable, watch and unwatch.
    """

    def __init__(self, source: Stream, message: Message) -> None:
        super().__init__(source, message, 0, False)
        self.body_key = key_of(source, message), message.payload  # key of its answer's blocks

    @abc.abstractmethod
    def put(self, message: Message, *, first: bool) -> bool:
        """Send an answer, or as much of it as fits. Whether all was sent. `first`: the response to
        the request, not a notification.
        """

    @abc.abstractmethod
    def left(self) -> None:
        """Close the call without an answer."""

    @abc.abstractmethod
    def room(self) -> int:
        """The most bytes of a notification."""

    @abc.abstractmethod
    def largest(self) -> int:
        """The most bytes of a message."""

    @abc.abstractmethod
    def idle(self) -> bool:
        """Whether all that was sent before was accepted by the connection."""

    @abc.abstractmethod
    def watchable(self) -> bool:
        """Whether there is room for another observation."""

    @abc.abstractmethod
    def watch(self) -> None:
        """Begin an observation."""

    @abc.abstractmethod
    def unwatch(self) -> None:
        """End the observation."""

    # common to all transports

    def answers(self, message: Message) -> None:
        """Mark as answered by this message, which may begin an observation (RFC 7641 s.4.1)."""
        if self.state != APPLICATION:
            raise LocalError("answered before")
        self.state = NOTHING
        observes = self.observe == 0 and message.get(coap.OBSERVE) is not None
        if observes and message.code >> 5 == codes.SUCCESS and self.watchable():
            self.watch()
            return
        self.observe = None
        message.drop(coap.OBSERVE)

    def done(self) -> bool:
        """Close the call. Whether it was an observation."""
        observed = self.state != APPLICATION and self.observe == 0
        self.state = NOTHING
        self.observe = None
        if observed:
            self.unwatch()
        return observed


class Kept(Body):
    """A whole answer, of which a block was sent."""

    def __init__(self, call: Call, message: Message) -> None:
        super().__init__(*call.body_key)
        self.message = Message(message.code, message.payload)
        self.message.options.extend(o for o in message.options if o[0] != coap.OBSERVE)


class Transports(Endpoint):
    """The endpoint of a desktop: UDP, and the calls of other transports."""

    def came(self, now_ms: int, call: Call, message: Message) -> None:
        """Handle a request of another transport: queue an event, or answer it here."""
        self._now = now_ms
        critical = coap.sift(message)
        if critical is None and (message.uint(coap.BLOCK1) or 0) & ~7:
            critical = coap.BLOCK1  # streams need no block-wise requests
        code = codes.BAD_OPTION if critical is not None else self._noted(call, message)
        # BAD_REQUEST means SZX 7, which is valid over TCP (RFC 8323 s.6)
        if code and code != codes.BAD_REQUEST:
            self._refuse(now_ms, call, code, critical)
        elif self._new(now_ms, call, message):
            self._events.append(Requested(call, call.address, message, False))

    def lost(self, call: Call) -> None:
        """Close a call whose connection ended."""
        if call.done():
            self._events.append(ObserverGone(call, "closed"))

    def proven(self, address: tuple[str, int]) -> bool:
        """As in Endpoint; the address of a connection is always verified."""
        return isinstance(address, Stream) or super().proven(address)

    def respond(self, now_ms: int, ticket: Ticket, message: Message) -> None:
        """As in Endpoint, by the transport of the request."""
        if not isinstance(ticket, Call):
            super().respond(now_ms, ticket, message)
        elif ticket.quiet >> (message.code >> 5) - 1 & 1:
            self.ignore(now_ms, ticket)
        else:
            ticket.answers(message)
            self._pass(now_ms, ticket, message, first=True)

    def notify(self, now_ms: int, ticket: Ticket, message: Message, confirm: bool = False) -> bool:
        """As in Endpoint."""
        if not isinstance(ticket, Call):
            return super().notify(now_ms, ticket, message, confirm)
        if ticket.observe != 0 or ticket.state == APPLICATION:
            return False
        self._pass(now_ms, ticket, message, first=False)
        if message.code >> 5 != codes.SUCCESS:  # it ends the observation (RFC 7641 s.4.2)
            ticket.done()
        return True

    def ignore(self, now_ms: int, ticket: Ticket) -> None:
        """As in Endpoint."""
        if not isinstance(ticket, Call):
            super().ignore(now_ms, ticket)
        elif ticket.state == APPLICATION:
            ticket.done()
            ticket.left()

    def forget(self, ticket: Ticket) -> None:
        """As in Endpoint."""
        if not isinstance(ticket, Call):
            super().forget(ticket)
        # over TCP it does not come again by itself, so an answer asks for that
        elif ticket.state == APPLICATION:
            self.respond(self._now, ticket, Message(codes.TOO_MANY).add(coap.MAX_AGE, 1))

    def end(self, ticket: Ticket) -> None:
        """As in Endpoint."""
        if isinstance(ticket, Call):
            ticket.done()
        else:
            super().end(ticket)

    def idle(self, ticket: Ticket) -> bool:
        """As in Endpoint."""
        return ticket.idle() if isinstance(ticket, Call) else super().idle(ticket)

    def room(self, ticket: Ticket) -> int:
        """As in Endpoint."""
        return ticket.room() if isinstance(ticket, Call) else super().room(ticket)

    def observable(self, ticket: Ticket) -> bool:
        """As in Endpoint."""
        if isinstance(ticket, Call):
            return ticket.observe == 0 and ticket.watchable()
        return super().observable(ticket)

    def _pass(self, now_ms: int, call: Call, message: Message, *, first: bool) -> None:
        if not call.put(message, first=first):
            self._keep(now_ms, Kept(call, message))
