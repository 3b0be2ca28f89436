"""Requests in, answers out: the server half of a node, with its observers."""

from mesh.core import coap
from mesh.core.errors import RemoteError, Stale
from mesh.core.events import Refused
from mesh.core.represent import CBOR
from mesh.core.watchers import Watcher, Watchers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.endpoint import Endpoint
    from mesh.core.events import Requested
    from mesh.core.gate import Gate
    from mesh.core.message import Opened
    from mesh.core.peer import Peer

COSE = 18


class Serving:
    """Answers what the endpoint hands up. emit(event) gets Refused; seen(now_ms, sender, source) each signer."""

    def __init__(
        self,
        peer: "Peer",
        gate: "Gate",
        endpoint: "Endpoint",
        emit: "Callable[[object], None]",
        seen: "Callable[[int, bytes, tuple[str, int]], None]",
    ) -> None:
        self._peer = peer
        self._gate = gate
        self._endpoint = endpoint
        self.watchers = Watchers()
        self._emit = emit
        self._seen = seen

    def requested(self, now_ms: int, event: "Requested") -> None:
        """Answer one request."""
        path = event.message.all(coap.URI_PATH)
        if event.group and path != [b".well-known", b"core"]:
            self._endpoint.ignore(now_ms, event.ticket)
            return
        opened = None
        try:
            opened = self._gate.open(now_ms, event)
            if opened is not None:
                self._peer.verified += 1
                self._seen(now_ms, opened.sender, event.source)
            reply = self._reply(now_ms, event, opened)
            if reply is not None and len(reply.payload) > self._endpoint.limits.body:
                raise RemoteError("too long to be sent", 0x86, "ask for less, or for CBOR (60)")
        except RemoteError as error:
            reply = self._refuse(now_ms, event, opened, error)
        if reply is None:
            self._endpoint.ignore(now_ms, event.ticket)
        else:
            self._endpoint.respond(now_ms, event.ticket, reply)
        if event.ticket.observe != 0:
            self.watchers.drop(event.ticket)  # it came to no observation

    def _reply(
        self, now_ms: int, event: "Requested", opened: "Opened | None"
    ) -> "coap.Message | None":
        request = event.message
        if opened is None:
            if request.code != coap.GET:
                raise RemoteError("not signed", 0x81, "sign it (docs/protocol.md, section 4)")
            reply = self.open_reply(now_ms, request)
            if event.group and not reply.payload:
                return None
            observe = self._observe(event, None, None)
            if observe is not None:
                reply.add(coap.OBSERVE, observe)
            return reply
        self._gate.check_fresh(now_ms, request, opened)
        value = self._gate.decoded(opened)
        code, content_format, payload = self._peer.answer(now_ms, request, opened.sender, value)
        observe = self._observe(event, opened, value)
        return self._gate.sealed(opened, code, content_format, payload, observe)

    def open_reply(self, now_ms: int, request: "coap.Message") -> "coap.Message":
        """Answer an unsigned GET; with Accept 18 by what proves itself. RemoteError says why not."""
        accept = request.uint(coap.ACCEPT)
        proof = accept == COSE
        if proof:
            # what is signed for all must say the same to all, so it is always CBOR
            request.drop(coap.ACCEPT)
            request.add(coap.ACCEPT, self._own_format(request))
        code, content_format, payload = self._peer.answer(now_ms, request, None, None)
        if proof:
            request.drop(coap.ACCEPT)
            request.add(coap.ACCEPT, COSE)
            return self._gate.represented(content_format, payload)
        reply = coap.Message(code, payload)
        if content_format is not None:
            reply.add(coap.CONTENT_FORMAT, content_format)
        return reply

    def _own_format(self, request: "coap.Message") -> int:
        return 112 if request.path()[:1] == ["sensors"] else CBOR

    def _observe(self, event: "Requested", opened: "Opened | None", value: object) -> "int | None":
        """Take the asker in as an observer if it wants that and may; gives its first Observe number."""
        request = event.message
        if not self._endpoint.observable(event.ticket):
            return None
        path = request.path()
        wanted = None
        if path == ["feeds"] and opened is not None and isinstance(value, dict):
            wanted = {author: self._after(author, first) for author, first in value.items()}
        elif len(path) != 2 or path[0] != "sensors":
            return None
        watcher = Watcher(request, opened, wanted)
        self.watchers.add(event.ticket, watcher)
        return watcher.next_number()

    def _after(self, author: bytes, first: int) -> int:
        """Which seq comes after the run from `first` on."""
        run: "list[Any] | None" = self._peer.feeds.run(author, first)
        return run[1] + len(run[3]) if run else first

    def _refuse(
        self, now_ms: int, event: "Requested", opened: "Opened | None", error: RemoteError
    ) -> "coap.Message | None":
        if isinstance(error, Stale) and error.echo is not None:
            # no refusal yet: it may well come back with the Echo
            return (
                self._gate.refusal(opened, error)
                if opened
                else self._gate.unsigned_refusal(now_ms, error)
            )
        self._peer.refused += 1
        sender = opened.sender if opened is not None else None
        self._emit(Refused(event.source, sender, error.code, error.detail))
        if event.group:
            return None
        if opened is not None:
            return self._gate.refusal(opened, error)
        return self._gate.unsigned_refusal(now_ms, error)

    def gone(self, ticket: object) -> None:
        """An observer left or does not answer any more."""
        self.watchers.drop(ticket)

    def sensor_changed(self, now_ms: int, name: str) -> None:
        """Tell everybody who observes a sensor. Bytes that are the same for several are made once."""
        proof = b""
        for ticket, watcher in self.watchers.of(["sensors", name]):
            accept = watcher.request.uint(coap.ACCEPT)
            content_format, payload = self._peer.readings(
                now_ms, watcher.path, 112 if accept == COSE else accept, watcher.opened is None
            )
            number = watcher.next_number()
            if watcher.opened is not None:
                message = self._gate.sealed(
                    watcher.opened, coap.CONTENT, content_format, payload, number
                )
            else:
                if accept == COSE:
                    if not proof:
                        proof = self._gate.represented(content_format, payload).payload
                    content_format, payload = COSE, proof
                message = coap.Message(coap.CONTENT, payload)
                message.add(coap.OBSERVE, number)
                message.add(coap.CONTENT_FORMAT, content_format)
            self._notify(now_ms, ticket, message)

    def feed_changed(self, now_ms: int, author: bytes) -> bool:
        """Send each observer of a feed the run that it lacks; whether one still lacks more."""
        more = False
        for ticket, watcher in self.watchers.of(["feeds"]):
            if watcher.wanted is None or author not in watcher.wanted:
                continue
            run: "list[Any] | None" = self._peer.feeds.run(author, watcher.wanted[author])
            if run is None:
                continue
            watcher.wanted[author] = after = run[1] + len(run[3])
            more = more or self._peer.feeds.run(author, after) is not None
            message = coap.Message(coap.CONTENT, self._peer.kit.encode([run]))
            message.add(coap.OBSERVE, watcher.next_number())
            message.add(coap.CONTENT_FORMAT, CBOR)
            self._notify(now_ms, ticket, message)
        return more

    def _notify(self, now_ms: int, ticket: object, message: "coap.Message") -> None:
        if not self._endpoint.notify(now_ms, ticket, message):
            self.watchers.drop(ticket)
