"""A CoAP endpoint without a socket: datagrams to requests, answers and observations, and back.

The message layer is in reliability.py, our requests in asking.py, those of others in answering.py, bodies
in blocks.py.
"""

from mesh.core.answering import Answering, Ticket
from mesh.core.asking import Asking, Request
from mesh.core.coap import ACK, CON, NON, OBSERVE, parse
from mesh.core.errors import RemoteError
from mesh.core.reliability import Remote, Wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.coap import Message
    from mesh.core.limits import Limits
    from mesh.core.reliability import Address


class Endpoint:
    """Both halves behind one door. A runtime passes in datagrams and the time (ms, never falling),
    then takes next_send and next_event until None, then waits until wake_at or a datagram.

    An address is (IP text, port). random(n) -> n unpredictable bytes: for tokens, ids and jitter.
    """

    def __init__(self, limits: "Limits", random: "Callable[[int], bytes]") -> None:
        self._wire = Wire(limits, random)
        self._asking = Asking(self._wire)
        self._answering = Answering(self._wire)

    def receive(self, now_ms: int, source: "Address", data: bytes, group: bool = False) -> None:
        """Take a datagram; `group`: it was sent to a multicast address. Nothing in it raises."""
        wire = self._wire
        wire.now = now_ms
        try:
            message = parse(data)
        except RemoteError:
            if len(data) >= 4 and data[0] >> 4 == 4 and not group:
                wire.reset(now_ms, source, data[2] << 8 | data[3])
            return
        code = message.code
        if 0 < code < 32:
            self._answering.request(now_ms, source, message, len(data), group)
        elif group:
            return
        elif code:
            self._response(now_ms, source, message)
        elif message.type == CON:
            wire.reset(now_ms, source, message.mid)
        elif message.type == ACK:
            if not self._asking.acked(now_ms, source, message.mid):
                self._answering.acked(now_ms, source, message.mid)
        elif not self._asking.reset(now_ms, source, message.mid):
            self._answering.reset(source, message.mid)

    def tick(self, now_ms: int) -> None:
        """Do what is due."""
        wire = self._wire
        wire.now = now_ms
        while (item := wire.expired(now_ms)) is not None:
            if isinstance(item, Request):
                self._asking.expire(now_ms, item)
            elif isinstance(item, Ticket):
                self._answering.expire(now_ms, item)
            elif isinstance(item, Remote):
                self._asking.pump(now_ms, item)

    def wake_at(self) -> int | None:
        """When tick is to be called next, or None."""
        return self._wire.wake_at()

    def next_send(self) -> "tuple[Address, bytes] | None":
        """The next (address, datagram) to send, or None."""
        out = self._wire.out
        return out.pop(0) if out else None

    def next_event(self) -> "tuple[object, ...] | None":
        """The next Requested, Answered, Failed or ObserverGone, or None."""
        events = self._wire.events
        return events.pop(0) if events else None

    def request(
        self,
        now_ms: int,
        address: "Address",
        message: "Message",
        confirmable: bool = True,
        group_ms: int = 0,
    ) -> int:
        """Send a request; its number. It ends by one Answered with more=False, or one Failed.

        The message (code, options, payload) now belongs to the endpoint. Observe 0 in it asks for
        notifications: Answered with more=True each, until more=False. group_ms: `address` is a multicast
        address, answers of that time are each Answered with more=True, then Failed("done").
        More than limits.nstart to one address wait in line. LocalError when limits.outgoing is reached.
        """
        self._wire.now = now_ms
        message.type = CON if confirmable and not group_ms else NON
        return self._asking.request(now_ms, address, message, group_ms)

    def cancel(self, now_ms: int, number: int) -> None:
        """Forget a request of ours, without an event. Further notifications are answered by a reset."""
        self._asking.cancel(now_ms, number)

    def respond(self, now_ms: int, ticket: Ticket, message: "Message") -> None:
        """Answer a Requested; LocalError if that was done before, or for more than limits.body bytes.

        The message (code, options, payload) now belongs to the endpoint. Observe in a 2.xx answer opens the
        observation that was asked for, if there is room (see observable); otherwise it is taken out.
        """
        self._answering.respond(now_ms, ticket, message)

    def ignore(self, now_ms: int, ticket: Ticket) -> None:
        """Leave a Requested without an answer; a confirmable one is acknowledged all the same."""
        self._answering.ignore(now_ms, ticket)

    def observable(self, ticket: Ticket) -> bool:
        """Whether an answer with Observe would open an observation: it was asked for, and there is room."""
        return self._answering.observable(ticket)

    def notify(self, now_ms: int, ticket: Ticket, message: "Message") -> bool:
        """Send an observer a newer representation; False if that observer is gone.

        The caller puts the Observe option. What is no 2.xx ends the observation (RFC 7641 s.4.2).
        """
        return self._answering.notify(now_ms, ticket, message)

    def end(self, ticket: Ticket) -> None:
        """End an observation from here, without an event."""
        self._answering.end(ticket)

    def prove(self, address: "Address") -> None:
        """Take an address as its user's own: no amplification limit any more."""
        self._wire.remote(self._wire.now, address).proven = True

    def proven(self, address: "Address") -> bool:
        """Whether prove was called for it, or it answered a request of ours."""
        return self._wire.proven(address)

    def _response(self, now_ms: int, source: "Address", message: "Message") -> None:
        type = message.type
        if type == CON and self._answering.duplicate(now_ms, source, message):
            return
        if self._asking.response(now_ms, source, message):
            if type == CON:
                self._answering.acknowledge(now_ms, source, message)
        elif type == CON or (type == NON and message.get(OBSERVE) is not None):
            self._wire.reset(now_ms, source, message.mid)
