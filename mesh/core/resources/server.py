"""The server half of a node: requests in, responses out, observers notified."""

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.ticket import APPLICATION
from mesh.core.codec.formats import COSE
from mesh.core.errors import RemoteError, Stale
from mesh.core.events import Refused
from mesh.core.kit import NO_ROOM
from mesh.core.replication.subscriber import Listener
from mesh.core.resources.resource import EACH, READING, Asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.coap.endpoint import Endpoint
    from mesh.core.coap.ticket import Ticket
    from mesh.core.events import Requested
    from mesh.core.replication.publisher import Publisher
    from mesh.core.resources.peer import Answered, Peer
    from mesh.core.security.admission import Gate
    from mesh.core.security.seal import Opened

METHODS = (coap.GET, coap.POST, coap.PUT, coap.FETCH)


class Server:
    """The server: answers requests from the endpoint, and notifies observers of changes.

    emit(event) gets Refused; seen(now_ms, sender, source) is called for each signed request.
    """

    def __init__(
        self,
        peer: "Peer",
        gate: "Gate",
        endpoint: "Endpoint",
        emit: "Callable[[object], None]",
        seen: "Callable[[int, bytes, tuple[str, int]], None]",
        telling: "Publisher",
    ) -> None:
        self._peer = peer
        self._gate = gate
        self._endpoint = endpoint
        # observers (RFC 7641): their request, and, if answers have to be signed, what was opened;
        # the endpoint keeps limits.observers of them. Publisher has those of /feeds.
        self._watchers: dict[Ticket, tuple[Asked, Opened | None]] = {}
        self.telling = telling
        self._emit = emit
        self._seen = seen

    def requested(self, now_ms: int, event: "Requested") -> None:
        """Answer a request, unless it was answered already."""
        if event.ticket.state != APPLICATION:
            return
        path = event.message.all(coap.URI_PATH)
        if event.group and path != [b".well-known", b"core"]:
            self._endpoint.ignore(now_ms, event.ticket)
            return
        opened = None
        try:
            opened = self._gate.open(now_ms, event)
            self._answer(now_ms, event, opened)
        except RemoteError as error:
            self._send(now_ms, event, self._refuse(now_ms, event, None, error))
        except MemoryError:
            if opened is not None:
                self._gate.undo(opened)
            raise

    def _answer(self, now_ms: int, event: "Requested", opened: "Opened | None") -> None:
        try:
            if opened is not None:
                self._peer.verified += 1
                self._seen(now_ms, opened.sender, event.source)
            reply = self._reply(now_ms, event, opened)
            if reply is not None and len(reply.payload) > self._endpoint.limits.body:
                raise RemoteError(
                    "too long to be sent", codes.NOT_ACCEPTABLE, "ask for less, or for CBOR (60)"
                )
        except RemoteError as error:
            reply = self._refuse(now_ms, event, opened, error)
        self._send(now_ms, event, reply)

    def _send(self, now_ms: int, event: "Requested", reply: "coap.Message | None") -> None:
        if reply is None:
            self._endpoint.forget(event.ticket)
        else:
            self._endpoint.respond(now_ms, event.ticket, reply)
        if event.ticket.observe != 0:
            self.gone(event.ticket)  # the observation was not established

    def _reply(
        self, now_ms: int, event: "Requested", opened: "Opened | None"
    ) -> "coap.Message | None":
        peer, request = self._peer, event.message
        if request.code not in METHODS:  # signed or not (RFC 7252 s.5.8)
            raise RemoteError("unknown method", codes.NOT_ALLOWED)
        if opened is None:
            asked = peer.asked(request, None)
            if asked.accept == COSE:
                self._gate.purses.pay(now_ms, None)
        else:
            asker = Listener(opened.sender, opened.counter, event.ticket)
            asked = peer.asked(request, opened.sender, asker)
            # else who lacks access would fill the table of replay windows
            if request.code != coap.POST:
                asked.of.access(peer, asked)
            if request.code not in READING or peer.is_private(asked):
                self._gate.fresh(now_ms, request, opened)
            asked = Asked(*asked[:-1], self._gate.body(opened))
        answer = peer.answer(now_ms, asked)
        if event.group and not answer[2]:
            return None
        observe = self._observe(now_ms, event, asked, opened)
        return self._message(now_ms, asked, opened, answer, observe, [])

    def failed(self, now_ms: int, event: "Requested", why: str) -> None:
        """Answer 5.00 after a fault of ours, signed unless signing is what fails.

        If memory ran out, no answer is sent and the request is forgotten, so that it can be
        repeated.
        """
        guard = self._peer.kit.guard
        if why == NO_ROOM:
            self._endpoint.forget(event.ticket)
            self.gone(event.ticket)
        elif guard("refusal", self._own_fault, now_ms, event, True):
            guard("refusal", self._own_fault, now_ms, event, False)

    def _own_fault(self, now_ms: int, event: "Requested", signed: bool) -> None:
        ticket = event.ticket
        if ticket.state == APPLICATION:
            try:
                opened = self._gate.open(now_ms, event) if signed else None
            except RemoteError:
                opened = None
            error = RemoteError("a fault of this peer", codes.FAULT, "see its log")
            reply = None if event.group else self._gate.refusal(now_ms, opened, error)
            if reply is None:
                self._endpoint.ignore(now_ms, ticket)
            else:
                self._endpoint.respond(now_ms, ticket, reply)
        if ticket.observe != 0:
            self.gone(ticket)

    def _message(
        self,
        now_ms: int,
        asked: "Asked",
        opened: "Opened | None",
        answer: "Answered",
        observe: "int | None",
        proofs: "list[bytes]",
    ) -> "coap.Message":
        """Build a response or a notification. `proofs` caches the signed form for further
        observers.
        """
        code, content_format, payload, due_ms = answer
        if opened is not None:
            message = self._gate.sealed(opened, code, content_format, payload, observe)
        else:
            if asked.accept == COSE:
                if not proofs:
                    proofs.append(self._gate.proof(content_format, payload))
                content_format, payload = COSE, proofs[0]
            message = coap.Message(code, payload)
            if observe is not None:
                message.add(coap.OBSERVE, observe)
            if content_format is not None:
                message.add(coap.CONTENT_FORMAT, content_format)
        if due_ms is not None:  # the default is 60 s (RFC 7252 s.5.10.5)
            message.add(coap.MAX_AGE, max(0, due_ms - now_ms + 999) // 1000)
        return message

    def _observe(
        self, now_ms: int, event: "Requested", asked: "Asked", opened: "Opened | None"
    ) -> "int | None":
        """Register an observation if it was requested and is possible. Returns its first Observe
        number.
        """
        if not self._endpoint.observable(event.ticket):
            return None
        if opened is not None and asked.asker.answered:
            # no signature is needed, as runs are signed
            return self.telling.open(now_ms, asked.asker)
        if asked.of.observable != EACH:
            return None
        self._watchers[event.ticket] = asked, opened
        return self._endpoint.order()

    def _refuse(
        self, now_ms: int, event: "Requested", opened: "Opened | None", error: RemoteError
    ) -> "coap.Message | None":
        if event.ticket.stray:
            return None
        # an answer with Echo is no refusal: it is tried again
        if not isinstance(error, Stale) or error.echo is None:
            sender = opened.sender if opened is not None else None
            # a request of this peer, meant for another
            if not self._peer.contacts.places.is_own(event.source):
                self._peer.refused += 1
                self._emit(Refused(event.source, sender, error.code, error.detail))
            if event.group:
                return None
        return self._gate.refusal(now_ms, opened, error)

    def gone(self, ticket: "Ticket") -> None:
        """Remove an observer that left or does not answer any more."""
        self._watchers.pop(ticket, None)
        self.telling.close(ticket)

    def changed(self, now_ms: int, path: "list[str]") -> None:
        """Notify all observers of a path. Bytes that are the same for several are made once."""
        proofs: list[bytes] = []
        for ticket, watcher in list(self._watchers.items()):
            if watcher[0].path != path:
                continue
            why = self._peer.kit.guard("observer", self._notify, now_ms, ticket, watcher, proofs)
            if why and why != NO_ROOM:
                self.gone(ticket)
                self._endpoint.end(ticket)

    def _notify(
        self,
        now_ms: int,
        ticket: "Ticket",
        watcher: "tuple[Asked, Opened | None]",
        proofs: "list[bytes]",
    ) -> None:
        asked, opened = watcher
        answer = self._peer.answer(now_ms, asked)
        number = self._endpoint.order()
        message = self._message(now_ms, asked, opened, answer, number, proofs)
        if not self._endpoint.notify(now_ms, ticket, message):
            self.gone(ticket)
