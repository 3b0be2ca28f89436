"""Requests in, answers out: the server half of a node, with its observers."""

from mesh.core import coap
from mesh.core.errors import RemoteError, Stale
from mesh.core.events import Refused
from mesh.core.listener import Listener
from mesh.core.primitives import NO_ROOM
from mesh.core.replies import APPLICATION
from mesh.core.represent import CBOR, SENML_CBOR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.endpoint import Endpoint
    from mesh.core.events import Requested
    from mesh.core.gate import Gate
    from mesh.core.message import Opened
    from mesh.core.peer import Peer
    from mesh.core.replies import Ticket
    from mesh.core.telling import Telling

COSE = 18
METHODS = (coap.GET, coap.POST, coap.PUT, coap.FETCH)


class Watcher:
    """One observer (RFC 7641), of whom the endpoint keeps limits.observers.

    `opened`: its request if answers are to be signed. Those of /feeds are Telling's.
    """

    def __init__(
        self,
        path: list[str],
        accept: "int | None",
        opened: "Opened | None",
    ) -> None:
        self.path = path
        self.accept = accept
        self.opened = opened


class Serving:
    """Answers what the endpoint hands up, and tells observers what changed.

    emit(event) gets Refused; seen(now_ms, sender, source) is called for each signer.
    """

    def __init__(
        self,
        peer: "Peer",
        gate: "Gate",
        endpoint: "Endpoint",
        emit: "Callable[[object], None]",
        seen: "Callable[[int, bytes, tuple[str, int]], None]",
        telling: "Telling",
    ) -> None:
        self._peer = peer
        self._gate = gate
        self._endpoint = endpoint
        self._watchers: dict[Ticket, Watcher] = {}
        self.telling = telling
        self._emit = emit
        self._seen = seen

    def requested(self, now_ms: int, event: "Requested") -> None:
        """Answer one request, unless that was done."""
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
                raise RemoteError("too long to be sent", 0x86, "ask for less, or for CBOR (60)")
        except RemoteError as error:
            reply = self._refuse(now_ms, event, opened, error)
        self._send(now_ms, event, reply)

    def _send(self, now_ms: int, event: "Requested", reply: "coap.Message | None") -> None:
        if reply is None:
            self._endpoint.forget(event.ticket)
        else:
            self._endpoint.respond(now_ms, event.ticket, reply)
        if event.ticket.observe != 0:
            self.gone(event.ticket)  # it came to no observation

    def _reply(
        self, now_ms: int, event: "Requested", opened: "Opened | None"
    ) -> "coap.Message | None":
        request = event.message
        if request.code not in METHODS:  # whoever asks (RFC 7252 s.5.8)
            raise RemoteError("unknown method", coap.NOT_ALLOWED)
        if opened is None:
            reply = self.open_reply(now_ms, request)
            if event.group and not reply.payload:
                return None
            observe = self._observe(now_ms, event, None)
            if observe is not None:
                reply.add(coap.OBSERVE, observe)
            return reply
        if request.code == coap.PUT:  # who may not, takes no place among those who may
            self._peer.check_put(request.path(), opened.sender)
        value: Any = self._gate.body(now_ms, request, opened)
        accept = request.uint(coap.ACCEPT)
        asker = Listener(opened.sender, opened.counter, event.ticket)
        code, content_format, payload = self._peer.answer(
            now_ms, request, accept, opened.sender, value, asker
        )
        observe = self._observe(now_ms, event, opened, asker)
        reply = self._gate.sealed(opened, code, content_format, payload, observe)
        self._age(now_ms, request.path(), reply, opened.sender)
        return reply

    def failed(self, now_ms: int, event: "Requested", why: str) -> None:
        """Answer by 5.00 what came to a fault of ours; signed, unless that is what fails. What
        there was no memory for is as if it had not come: whoever sent it sends it again.
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
            error = RemoteError("a fault of this peer", 0xA0, "what it told its holder says more")
            reply = None if event.group else self._gate.refusal(now_ms, opened, error)
            if reply is None:
                self._endpoint.ignore(now_ms, ticket)
            else:
                self._endpoint.respond(now_ms, ticket, reply)
        if ticket.observe != 0:
            self.gone(ticket)

    def open_reply(self, now_ms: int, request: "coap.Message") -> "coap.Message":
        """Answer an unsigned GET; with Accept 18 by what proves itself. RemoteError if not."""
        accept = request.uint(coap.ACCEPT)
        proof = accept == COSE
        if proof:
            self._gate.purses.pay(now_ms, None)
            # what is signed for all must say the same to all, so it is always CBOR
            accept = SENML_CBOR if request.path()[:1] == ["sensors"] else CBOR
        code, content_format, payload = self._peer.answer(now_ms, request, accept, None, None)
        if proof:
            payload = self._gate.proof(content_format, payload)
            content_format = COSE
        reply = coap.Message(code, payload)
        if content_format is not None:
            reply.add(coap.CONTENT_FORMAT, content_format)
        self._age(now_ms, request.path(), reply, None)
        return reply

    def _age(
        self, now_ms: int, path: list[str], message: "coap.Message", who: "bytes | None"
    ) -> None:
        """Say in Max-Age when the next reading is due: without it, 60 s would be meant."""
        if path[:1] == ["sensors"]:
            peer = self._peer
            shown = [peer.sensors[name] for name in path[1:] or peer.names("sensors", who)]
            left = [s.taken_ms + s.every_ms - now_ms for s in shown if s.value is not None]
            if left:
                message.add(coap.MAX_AGE, max(0, min(left) + 999) // 1000)

    def _observe(
        self,
        now_ms: int,
        event: "Requested",
        opened: "Opened | None",
        asker: "Listener | None" = None,
    ) -> "int | None":
        """Take in an asker that wants to observe and may; gives its first Observe number."""
        if not self._endpoint.observable(event.ticket):
            return None
        path = event.message.path()
        if asker is not None and asker.answered:
            return self.telling.open(now_ms, asker)  # not signed: runs prove themselves
        if len(path) != 2 or path[0] != "sensors":
            return None
        watcher = Watcher(path, event.message.uint(coap.ACCEPT), opened)
        self._watchers[event.ticket] = watcher
        return self._endpoint.order()

    def _refuse(
        self, now_ms: int, event: "Requested", opened: "Opened | None", error: RemoteError
    ) -> "coap.Message | None":
        if event.ticket.stray:
            return None
        if not isinstance(error, Stale) or error.echo is None:  # else it may well come back
            sender = opened.sender if opened is not None else None
            if not self._peer.contacts.places.is_own(event.source):  # else: asked for another
                self._peer.refused += 1
                self._emit(Refused(event.source, sender, error.code, error.detail))
            if event.group:
                return None
        return self._gate.refusal(now_ms, opened, error)

    def gone(self, ticket: "Ticket") -> None:
        """An observer left or does not answer any more."""
        self._watchers.pop(ticket, None)
        self.telling.close(ticket)

    def sensor_changed(self, now_ms: int, name: str) -> None:
        """Tell all who observe a sensor. Bytes that are the same for several are made once."""
        proofs: list[bytes] = []
        for ticket, watcher in list(self._watchers.items()):
            if watcher.path != ["sensors", name]:
                continue
            why = self._peer.kit.guard("observer", self._notify, now_ms, ticket, watcher, proofs)
            if why and why != NO_ROOM:
                self.gone(ticket)
                self._endpoint.end(ticket)

    def _notify(
        self, now_ms: int, ticket: "Ticket", watcher: Watcher, proofs: "list[bytes]"
    ) -> None:
        accept = watcher.accept
        content_format, payload = self._peer.readings(
            now_ms,
            watcher.path,
            SENML_CBOR if accept == COSE else accept,
            watcher.opened is None,
        )
        if accept == COSE:
            if not proofs:
                proofs.append(self._gate.proof(content_format, payload))
            content_format, payload = COSE, proofs[0]
        number = self._endpoint.order()
        opened = watcher.opened
        if opened is not None:
            message = self._gate.sealed(opened, coap.CONTENT, content_format, payload, number)
        else:
            message = coap.Message(coap.CONTENT, payload).add(coap.OBSERVE, number)
            message.add(coap.CONTENT_FORMAT, content_format)
        self._age(now_ms, watcher.path, message, None)
        if not self._endpoint.notify(now_ms, ticket, message):
            self.gone(ticket)
