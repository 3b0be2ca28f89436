"""A desktop's own questions to other peers, each known by a number. Boards need none of this."""

from mesh.core import coap
from mesh.core.asks import Ask
from mesh.core.errors import LocalError
from mesh.core.events import Answer, Answered, Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.node import Node


class Questions:
    """Signed ones to peers, unsigned ones to addresses; the event Answer tells what came of it."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        self._plain: set[int] = set()
        node.askers.append(self)

    def ask(
        self,
        now_ms: int,
        peer: bytes,
        message: "coap.Message",
        content_format: "int | None" = None,
        payload: bytes = b"",
    ) -> int:
        """Ask a peer, signed. LocalError if no address of it has answered yet or too much is open.

        Build `message` with asks.request_for(); with Observe it stays open until cancel().
        """
        contact = self._node.contacts.get(peer)
        if contact is None or contact.address is None:
            raise LocalError("no address of that peer has answered yet")
        ask = Ask(peer, contact.address, (content_format, payload), self._done)
        return self._node.asks.put(now_ms, ask, message)

    def get(self, now_ms: int, address: "tuple[str, int]", message: "coap.Message") -> int:
        """Ask an address without a signature. LocalError if too much is open."""
        number = self._node.endpoint.request(now_ms, address, message)
        self._plain.add(number)
        return -number - 1

    def cancel(self, now_ms: int, number: int) -> None:
        """End a question or an observation."""
        if number < 0:
            self._plain.discard(-number - 1)
            self._node.endpoint.cancel(now_ms, -number - 1)
        else:
            self._node.asks.cancel(now_ms, number)

    def outcome(self, now_ms: int, event: "Answered | Failed") -> bool:
        """Take what the endpoint says of an unsigned question; False if it is none of these."""
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
            peer.verified += 1
            contact = self._node.contacts.get(ask.peer)
            if contact is not None:
                contact.verified += 1
        elif answer.code:
            peer.refused += 1
        self._node.emit(answer)
