"""Signed requests to other peers: signs requests, verifies responses, repeats them with an
Echo.
"""

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec.formats import COSE
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Answer, Failed
from mesh.core.security.seal import open_response, seal_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from mesh.core.events import Answered
    from mesh.core.kit import Identity, Kit

    class Transport(Protocol):
        """Interface of a transport: a CoAP endpoint over UDP, or a connection over TCP."""

        def request(
            self,
            now_ms: int,
            address: "tuple[str, int]",
            message: "coap.Message",
            *,
            ordered: bool = True,
        ) -> int:
            """Send a request. Gives the number that its outcome will have."""
            ...

        def cancel(self, now_ms: int, number: int) -> None:
            """Forget a request."""

        def unheard(self, event: "Answered") -> None:
            """Undo the receipt of a notification, so that it is sent again if it can be."""


MOST_ECHOES = 2  # one to prove the address, one to open the replay window
# how far to skip if others know higher counters of ours, as after a restore: powers of two
SKIPS = (24, 32, 40)


class Ask:
    """An open signed request, with what is needed to repeat it."""

    # the request; None once it is observed, as it is not repeated then
    message: "coap.Message | None" = None
    digest = b""
    echoes = 0
    order = -1  # the newest Observe number in a signed notification
    hello = False  # sent by fetch()
    number = 0  # what put() gave; it stays when the request is repeated

    def __init__(
        self,
        peer: bytes,
        address: "tuple[str, int]",
        body: "tuple[int | None, bytes]",
        done: "Callable[[int, Ask, Answer], None]",
        about: object = None,
    ) -> None:
        self.peer = peer
        self.address = address
        self.body = body
        self.done = done
        self.about = about  # anything the caller needs in `done`


class SignedClient:
    """Open signed requests. The endpoint caps their number (limits.outgoing)."""

    def __init__(self, kit: "Kit", identity: "Identity", transport: "Transport") -> None:
        self._kit = kit
        self._identity = identity
        self._transport = transport
        self.open: dict[int, Ask] = {}  # number of the exchange -> request
        self._skips = 0

    def put(self, now_ms: int, ask: Ask, message: "coap.Message") -> int:
        """Sign and send a request. ask.done(now_ms, ask, answer) is called for each Answer.

        LocalError if too many are open. An Answer that is not signed may be forged.
        """
        ask.message = message
        ask.number = number = self._send(now_ms, ask, message)
        return number

    def fetch(
        self,
        now_ms: int,
        peer: bytes,
        address: "tuple[str, int]",
        name: str,
        done: "Callable[[int, Ask, Answer], None]",
    ) -> bool:
        """Request /name by FETCH. False if too many requests are open."""
        try:
            ask = Ask(peer, address, (None, b""), done)
            ask.hello = True
            self.put(now_ms, ask, request_for(coap.FETCH, [name]))
        except LocalError:
            return False
        return True

    def hellos(self) -> int:
        """How many requests by fetch() are open."""
        return [ask.hello for ask in self.open.values()].count(True)

    def _send(self, now_ms: int, ask: Ask, message: "coap.Message") -> int:
        ask.digest = seal_request(
            self._kit, self._identity, ask.peer, message, ask.body[0], ask.body[1]
        )
        number = self._transport.request(now_ms, ask.address, message, ordered=False)
        message.payload = b""  # sent; for a repetition it is signed anew
        self.open[number] = ask
        return number

    def cancel(self, now_ms: int, number: int) -> None:
        """Cancel a request."""
        for exchange, ask in self.open.items():
            if ask.number == number:
                self._transport.cancel(now_ms, exchange)
                self.open.pop(exchange)
                return

    def outcome(self, now_ms: int, event: "Answered | Failed") -> bool:
        """Handle the outcome of an exchange. False if the exchange is not one of these.

        A response is verified against its request; if it has an Echo, the request is repeated with
        it.
        """
        ask = self.open.get(event.number)
        if ask is None:
            return False
        if isinstance(event, Failed):
            answer = Answer(ask.number, 0, None, b"", False, event.reason, False)
            self._done(now_ms, event.number, ask, answer)
            return True
        try:
            self._heard(now_ms, ask, event)
        except MemoryError:
            if event.more:
                self._transport.unheard(event)
            raise
        return True

    def _heard(self, now_ms: int, ask: Ask, event: "Answered") -> None:
        answer = self._opened(ask, event.message, event.more)
        if event.more:
            ask.message = None
        if answer.signed and event.more and not _is_newer(ask, event.message):
            return
        if not self._again(now_ms, ask, event.message, answer.signed):
            self._done(now_ms, event.number, ask, answer)
        elif not event.more:
            self.open.pop(event.number)

    def _done(self, now_ms: int, number: int, ask: Ask, answer: Answer) -> None:
        """Call back the caller. If memory runs out, the request stays open and fails later."""
        if not answer.more:
            self.open.pop(number)
        try:
            ask.done(now_ms, ask, answer)
        except MemoryError:
            self.open[number] = ask
            raise

    def _opened(self, ask: Ask, message: "coap.Message", more: bool) -> Answer:
        payload = message.payload
        content_format = message.uint(coap.CONTENT_FORMAT)
        signed = content_format == COSE
        error = None
        try:
            if signed:
                content_format, payload = open_response(
                    self._kit, ask.peer, self._identity.public, ask.digest, message
                )
            if message.code >= codes.BAD_REQUEST:
                error = self._reason(payload, signed)
        except RemoteError as wrong:
            content_format, payload, signed = None, b"", False
            error = "forged answer: " + wrong.detail
        return Answer(ask.number, message.code, content_format, payload, signed, error, more)

    def _reason(self, payload: bytes, signed: bool) -> str:
        """The reason in an error response: problem details if it is signed, else a short text."""
        reason = None
        try:
            if signed:
                problem = self._kit.decode(payload)
                reason = problem.get(-2) if isinstance(problem, dict) else None
            else:
                reason = str(payload[:120], "utf-8")
        except (UnicodeError, RemoteError):
            pass
        if not reason or not isinstance(reason, str):
            reason = "no reason given"
        return reason if signed else "refused without a signature: " + reason

    def _again(self, now_ms: int, ask: Ask, answer: "coap.Message", signed: bool) -> bool:
        message = ask.message
        if message is None or answer.code != codes.UNAUTHORIZED or ask.echoes >= MOST_ECHOES:
            return False
        echo = answer.get(coap.ECHO)
        if echo is None:
            if signed:
                self._skip()  # for later requests; this one may have been carried out
            return False
        ask.echoes += 1
        message.drop(coap.ECHO)
        message.drop(coap.CONTENT_FORMAT)
        message.add(coap.ECHO, echo)
        try:
            self._send(now_ms, ask, message)
        except LocalError:
            return False
        return True

    def _skip(self) -> None:
        """Skip counters, as ours were used before. At most a few times, as each costs many."""
        if self._skips < len(SKIPS):
            self._identity.next_counter(1 << SKIPS[self._skips])
            self._skips += 1


def _is_newer(ask: Ask, message: "coap.Message") -> bool:
    """Whether a signed notification is newer than the last (RFC 7641 s.3.4), so not a replay."""
    order = message.uint(coap.OBSERVE) or 0
    if ask.order >= 0 and not 0 < (order - ask.order & 0xFFFFFF) < 0x800000:
        return False
    ask.order = order
    return True


def request_for(
    code: int, path: list[str], query: "list[str] | tuple[str, ...]" = (), observe: bool = False
) -> "coap.Message":
    """Build a request without a body."""
    message = coap.Message(code)
    if observe:
        message.add(coap.OBSERVE, 0)
    for part in path:
        message.add(coap.URI_PATH, part)
    for part in query:
        message.add(coap.URI_QUERY, part)
    return message
