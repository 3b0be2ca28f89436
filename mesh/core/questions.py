"""The runtime's own questions to other peers, each known by a number."""

from mesh.core import coap
from mesh.core.asks import Ask, Asks, Outcome
from mesh.core.errors import LocalError
from mesh.core.events import Answer, Answered, Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.contacts import Contacts
    from mesh.core.endpoint import Endpoint
    from mesh.core.peer import Peer


class Questions:
    """Signed ones to peers and unsigned ones to addresses; what comes of them is emitted as Answer."""

    def __init__(
        self,
        asks: "Asks",
        endpoint: "Endpoint",
        contacts: "Contacts",
        peer: "Peer",
        emit: "Callable[[object], None]",
    ) -> None:
        self._asks = asks
        self._endpoint = endpoint
        self._contacts = contacts
        self._peer = peer
        self._emit = emit
        self._plain: set[int] = set()

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
        contact = self._contacts.get(peer)
        if contact is None or contact.address is None:
            raise LocalError("no address of that peer has answered yet")
        ask = Ask(peer, contact.address, message, (content_format, payload), self._done)
        return self._asks.put(now_ms, ask)

    def get(self, now_ms: int, address: "tuple[str, int]", message: "coap.Message") -> int:
        """Ask an address without a signature. LocalError if too much is open."""
        number = self._endpoint.request(now_ms, address, message)
        self._plain.add(number)
        return -number - 1

    def cancel(self, now_ms: int, number: int) -> None:
        """End a question or an observation."""
        if number < 0:
            self._plain.discard(-number - 1)
            self._endpoint.cancel(now_ms, -number - 1)
        else:
            self._asks.cancel(now_ms, number)

    def outcome(self, event: "Answered | Failed") -> None:
        """Take what the endpoint says of an unsigned question."""
        if event.number not in self._plain:
            return
        number = -event.number - 1
        if isinstance(event, Failed):
            more = False
            self._emit(Answer(number, 0, None, b"", False, event.reason, False))
        else:
            more = event.more
            message = event.message
            form = message.uint(coap.CONTENT_FORMAT)
            self._emit(Answer(number, message.code, form, message.payload, False, None, more))
        if not more:
            self._plain.discard(event.number)

    def _done(self, now_ms: int, ask: Ask, outcome: Outcome) -> None:
        if outcome.signed:
            self._peer.verified += 1
            contact = self._contacts.get(ask.peer)
            if contact is not None:
                contact.verified += 1
        elif outcome.code:
            self._peer.refused += 1
        self._emit(
            Answer(
                outcome.number,
                outcome.code,
                outcome.content_format,
                outcome.payload,
                outcome.signed,
                outcome.error,
                outcome.more,
            )
        )
