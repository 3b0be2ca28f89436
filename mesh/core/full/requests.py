"""Outgoing requests of a desktop's programs, each with a number. Not on boards."""

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import LocalError
from mesh.core.events import Answer, Answered, Failed
from mesh.core.full.turns import Turns
from mesh.core.security.signed_client import Ask

OVERTAKEN = 3  # how often a change is tried again that a later one overtook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.node import Node


class Questions:
    """Requests: signed ones to peers, unsigned ones to addresses. Each ends in an event Answer."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        self._plain: set[int] = set()
        self._turns = Turns(self._unsent)
        node.add(self)

    def ask(
        self,
        now_ms: int,
        peer: bytes,
        message: "coap.Message",
        content_format: "int | None" = None,
        payload: bytes = b"",
        again: "int | None" = None,
    ) -> int:
        """Send a signed request to a peer. LocalError if it has no verified address, or too many
        are open.

        Build `message` with request_for(); with Observe it stays open until cancel(). A change
        waits until former changes of the same resource are answered. `again`: the number of a
        change that this one repeats, for which it does not wait.
        """
        late = OVERTAKEN

        def send(now_ms: int) -> int:
            contact = self._node.contacts.get(peer)
            if contact is None or contact.address is None:
                raise LocalError("no address of that peer has answered yet")
            ask = Ask(peer, contact.address, (content_format, payload), done)
            return self._node.asks.put(now_ms, ask, message)

        def done(now_ms: int, ask: Ask, answer: Answer) -> None:
            nonlocal late
            if answer.signed and answer.code == codes.CONFLICT and late:
                late -= 1  # a change of another resource overtook it, so it is still valid
                if self._turns.once_more(now_ms, answer.number, send):
                    return
            self._done(now_ms, ask, answer)

        what = peer + b"/".join(message.all(coap.URI_PATH))

        if message.code in (coap.GET, coap.FETCH):
            return send(now_ms)
        if again is not None:
            return self._turns.beside(now_ms, again, what, send)
        return self._turns.add(now_ms, what, send)

    def _unsent(self, number: int, why: str) -> None:
        self._node.emit(Answer(number, 0, None, b"", False, why, False))

    def get(self, now_ms: int, address: "tuple[str, int]", message: "coap.Message") -> int:
        """Send an unsigned request to an address. LocalError if too many are open."""
        number = self._node.endpoint.request(now_ms, address, message)
        self._plain.add(number)
        return -number - 1

    def cancel(self, now_ms: int, number: int) -> None:
        """Cancel a request or an observation."""
        if number < 0:
            self._plain.discard(-number - 1)
            self._node.endpoint.cancel(now_ms, -number - 1)
        else:
            self._node.asks.cancel(now_ms, self._turns.cancel(now_ms, number))

    def outcome(self, now_ms: int, event: "Answered | Failed") -> bool:
        """Handle the outcome of an unsigned request. False if it is none of these."""
        if event.number not in self._plain:
            return False
        number = -event.number - 1
        if isinstance(event, Failed):
            more = False
            answer = Answer(number, 0, None, b"", False, event.reason, False)
        else:
            more = event.more
            message = event.message
            form = message.uint(coap.CONTENT_FORMAT)
            answer = Answer(number, message.code, form, message.payload, False, None, more)
        if not more:
            self._plain.discard(event.number)
        self._node.emit(answer)
        return True

    def _done(self, now_ms: int, ask: Ask, answer: Answer) -> None:
        peer = self._node.peer
        if answer.signed:
            peer.judged(ask.peer, True)
        elif answer.code:
            peer.judged(None, False)
        number = answer.number if answer.more else self._turns.ended(now_ms, answer.number)
        self._node.emit(Answer(number, *answer[1:]))
