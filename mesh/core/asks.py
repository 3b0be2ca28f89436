"""Asking other peers: sealed requests out, opened answers in, Echo answered."""

from mesh.core import coap
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Answer, Failed
from mesh.core.message import open_response, seal_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.endpoint import Endpoint
    from mesh.core.events import Answered
    from mesh.core.primitives import Identity, Kit

MOST_ECHOES = 2  # one to prove the address, one to open the replay window
# our counters are older than what others remember, as after a restore: bits of each skip ahead
SKIPS = (24, 32, 40)


class Ask:
    """One question under way, with all that is needed to put it again."""

    message: "coap.Message | None" = None  # until it is observed: then it is not put again
    digest = b""
    echoes = 0
    order = -1  # the newest Observe number that was signed
    about: object = None  # whatever the asker wants to find again
    hello = False  # put by fetch()
    number = 0  # what the asker knows it by, also after it was put again

    def __init__(
        self,
        peer: bytes,
        address: "tuple[str, int]",
        body: "tuple[int | None, bytes]",
        done: "Callable[[int, Ask, Answer], None]",
    ) -> None:
        self.peer = peer
        self.address = address
        self.body = body
        self.done = done


class Asks:
    """Questions of ours that are open. The endpoint caps their number (limits.outgoing)."""

    def __init__(self, kit: "Kit", identity: "Identity", endpoint: "Endpoint") -> None:
        self._kit = kit
        self._identity = identity
        self._endpoint = endpoint
        self.open: dict[int, Ask] = {}  # exchange number -> ask
        self._skips = 0

    def put(self, now_ms: int, ask: Ask, message: "coap.Message") -> int:
        """Sign and send a question; ask.done(now_ms, ask, answer) is called for each Answer.

        LocalError if too much is open. An Answer that is not signed may come from anybody there.
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
        """Put the question what is at /name; False while too much is open."""
        try:
            ask = Ask(peer, address, (None, b""), done)
            ask.hello = True
            self.put(now_ms, ask, request_for(coap.FETCH, [name]))
        except LocalError:
            return False
        return True

    def hellos(self) -> int:
        """How many of those are under way."""
        return [ask.hello for ask in self.open.values()].count(True)

    def _send(self, now_ms: int, ask: Ask, message: "coap.Message") -> int:
        ask.digest = seal_request(
            self._kit, self._identity, ask.peer, message, ask.body[0], ask.body[1]
        )
        number = self._endpoint.request(now_ms, ask.address, message, ordered=False)
        message.payload = b""  # on its way; it would be signed anew
        self.open[number] = ask
        return number

    def cancel(self, now_ms: int, number: int) -> None:
        """Forget a question."""
        for exchange, ask in self.open.items():
            if ask.number == number:
                self._endpoint.cancel(now_ms, exchange)
                self.open.pop(exchange)
                return

    def outcome(self, now_ms: int, event: "Answered | Failed") -> bool:
        """Take what came of an exchange: False if it is none of these.

        An answer is checked against the question; if it brings an Echo, the question is put again.
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
                self._endpoint.unheard(event)
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
        """Tell who asked. Without memory for it the question stays open, and fails later."""
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
        signed = content_format == 18
        error = None
        try:
            if signed:
                content_format, payload = open_response(
                    self._kit, ask.peer, self._identity.public, ask.digest, message
                )
            if message.code >= 0x80:
                error = self._reason(payload, signed)
        except RemoteError as wrong:
            content_format, payload, signed = None, b"", False
            error = "forged answer: " + wrong.detail
        return Answer(ask.number, message.code, content_format, payload, signed, error, more)

    def _reason(self, payload: bytes, signed: bool) -> str:
        """What a refusal says: problem details if it is signed, else a short text."""
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
        if message is None or answer.code != coap.UNAUTHORIZED or ask.echoes >= MOST_ECHOES:
            return False
        echo = answer.get(coap.ECHO)
        if echo is None:
            if signed:
                self._skip()  # for those that follow; this one may have been done before
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
        """Go on with counters far ahead, as ours were used: few times, as each costs many."""
        if self._skips < len(SKIPS):
            self._identity.next_counter(1 << SKIPS[self._skips])
            self._skips += 1


def _is_newer(ask: Ask, message: "coap.Message") -> bool:
    """Whether a signed notification is news (RFC 7641 s.3.4): it may have been recorded."""
    order = message.uint(coap.OBSERVE) or 0
    if ask.order >= 0 and not 0 < (order - ask.order & 0xFFFFFF) < 0x800000:
        return False
    ask.order = order
    return True


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
