"""Asking other peers: sealed requests out, opened answers in, Echo answered."""

from mesh.core import coap
from mesh.core.errors import LocalError, RemoteError
from mesh.core.message import open_response, seal_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.endpoint import Endpoint
    from mesh.core.events import Answered
    from mesh.core.primitives import Identity, Kit

MOST_ECHOES = 2  # one to prove the address, one to open the replay window


class Outcome:
    """What came of an ask. code 0: no answer. `error` None or a text; `signed` by the peer asked."""

    def __init__(
        self,
        number: int,
        code: int,
        content_format: "int | None" = None,
        payload: bytes = b"",
        signed: bool = False,
    ) -> None:
        self.number = number
        self.code = code
        self.content_format = content_format
        self.payload = payload
        self.signed = signed
        self.error: str | None = None
        self.more = False


class Ask:
    """One question under way, with all that is needed to put it again."""

    def __init__(
        self,
        peer: bytes,
        address: "tuple[str, int]",
        message: "coap.Message",
        body: "tuple[int | None, bytes]",
        done: "Callable[[int, Ask, Outcome], None]",
    ) -> None:
        self.peer = peer
        self.address = address
        self.message = message
        self.body = body
        self.done = done
        self.digest = b""
        self.echoes = 0
        self.number = 0  # what the asker knows it by, also after it was put again


class Asks:
    """Questions of ours that are open. The endpoint caps their number (limits.outgoing)."""

    def __init__(self, kit: "Kit", identity: "Identity", endpoint: "Endpoint") -> None:
        self._kit = kit
        self._identity = identity
        self._endpoint = endpoint
        self._open: dict[int, Ask] = {}  # exchange number -> ask
        self._refused: "Callable[[int, Ask, str], None] | None" = None

    def put(self, now_ms: int, ask: Ask) -> int:
        """Sign and send a question; ask.done(now_ms, ask, outcome) is called for each answer. LocalError if full."""
        number = self._send(now_ms, ask)
        ask.number = number
        return number

    def _send(self, now_ms: int, ask: Ask) -> int:
        content_format, payload = ask.body
        message = ask.message
        ask.digest = seal_request(
            self._kit, self._identity, ask.peer, message, content_format, payload
        )
        number = self._endpoint.request(now_ms, ask.address, message)
        self._open[number] = ask
        return number

    def cancel(self, now_ms: int, number: int) -> None:
        """Forget a question."""
        for exchange, ask in self._open.items():
            if ask.number == number:
                self._endpoint.cancel(now_ms, exchange)
                self._open.pop(exchange)
                return

    def knows(self, exchange: int) -> bool:
        """Whether an exchange of the endpoint is one of these."""
        return exchange in self._open

    def failed(self, now_ms: int, exchange: int, reason: str) -> None:
        """Pass on that no answer will come."""
        ask = self._open.pop(exchange)
        outcome = Outcome(ask.number, 0)
        outcome.error = reason
        ask.done(now_ms, ask, outcome)

    def answered(self, now_ms: int, event: "Answered") -> None:
        """Check an answer against the question and pass it on, or put the question again for an Echo."""
        ask = self._open[event.number]
        message = event.message
        if not event.more:
            self._open.pop(event.number)
        outcome = self._opened(ask, message)
        outcome.more = event.more
        if message.code == coap.UNAUTHORIZED and not event.more and self._again(now_ms, ask, message):
            return
        ask.done(now_ms, ask, outcome)

    def _opened(self, ask: Ask, message: "coap.Message") -> Outcome:
        code = message.code
        if message.uint(coap.CONTENT_FORMAT) != 18:
            outcome = Outcome(ask.number, code, message.uint(coap.CONTENT_FORMAT), message.payload)
            if code >= 0x80:
                outcome.error = "refused without a signature: " + _words(message.payload)
            return outcome
        try:
            content_format, payload = open_response(
                self._kit, ask.peer, self._identity.public, ask.digest, message
            )
        except RemoteError as error:
            outcome = Outcome(ask.number, code)
            outcome.error = "forged answer: " + error.detail
            return outcome
        outcome = Outcome(ask.number, code, content_format, payload, True)
        if code >= 0x80:
            outcome.error = self._detail(payload)
        return outcome

    def _detail(self, payload: bytes) -> str:
        try:
            problem = self._kit.decode(payload)
        except RemoteError:
            return "refused"
        detail = problem.get(-2) if isinstance(problem, dict) else None
        return detail if isinstance(detail, str) else "refused"

    def _again(self, now_ms: int, ask: Ask, message: "coap.Message") -> bool:
        echo = message.get(coap.ECHO)
        if echo is None or ask.echoes >= MOST_ECHOES:
            return False
        ask.echoes += 1
        ask.message.drop(coap.ECHO)
        ask.message.drop(coap.CONTENT_FORMAT)
        ask.message.add(coap.ECHO, echo)
        try:
            self._send(now_ms, ask)
        except LocalError:
            return False
        return True


def _words(payload: bytes) -> str:
    try:
        return str(payload[:120], "utf-8") or "no reason given"
    except UnicodeError:
        return "no reason given"


def request_for(
    code: int, path: list[str], query: "list[str] | tuple[str, ...]" = (), observe: bool = False
) -> "coap.Message":
    """Build the message of a question, still without a body."""
    message = coap.Message(code)
    if observe:
        message.add(coap.OBSERVE, 0)
    for part in path:
        message.add(coap.URI_PATH, part)
    for part in query:
        message.add(coap.URI_QUERY, part)
    return message
