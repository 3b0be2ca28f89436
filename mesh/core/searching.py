"""Looking for peers beyond DNS-SD: CoAP group discovery and addresses without an id."""

from mesh.core import coap
from mesh.core.errors import LocalError
from mesh.core.greeting import peer_in_links

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.contacts import Contacts
    from mesh.core.endpoint import Endpoint
    from mesh.core.events import Answered
    from mesh.core.limits import Limits

GROUP = ("224.0.1.187", 5683)  # All CoAP Nodes (RFC 7252 s.12.8)
FIRST_MS = 300
GROUP_MS = 2000  # leisure, and the way there and back


class Searching:
    """Asks GET /.well-known/core?rt=othermesh.peer of the group, or of one address."""

    def __init__(self, endpoint: "Endpoint", contacts: "Contacts", limits: "Limits") -> None:
        self._endpoint = endpoint
        self._contacts = contacts
        self._limits = limits
        self._open: dict[int, str] = {}  # exchange number -> how
        self._pause_ms = FIRST_MS
        self.group = False
        self.due_ms: int | None = None

    def start(self, now_ms: int, group: bool) -> None:
        """Begin; with `group` the group is asked now and then, more rarely as time goes on."""
        self.group = group
        self._pause_ms = FIRST_MS
        self.due_ms = now_ms + FIRST_MS if group else None

    def tick(self, now_ms: int) -> None:
        """Ask the group if it is time."""
        if self.due_ms is None or now_ms < self.due_ms:
            return
        self._pause_ms = min(self._pause_ms * 4, self._limits.query_ms)
        self.due_ms = now_ms + self._pause_ms
        self.at(now_ms, GROUP, "group")

    def at(self, now_ms: int, address: "tuple[str, int]", how: str) -> None:
        """Ask an address who is there."""
        message = coap.Message(coap.GET)
        message.add(coap.URI_PATH, ".well-known").add(coap.URI_PATH, "core")
        message.add(coap.URI_QUERY, "rt=othermesh.peer")
        wait_ms = GROUP_MS if address == GROUP else 0
        try:
            number = self._endpoint.request(now_ms, address, message, wait_ms == 0, wait_ms)
        except LocalError:
            return  # every exchange is in use; the next time comes
        self._open[number] = how

    def knows(self, exchange: int) -> bool:
        """Whether an exchange of the endpoint is one of these."""
        return exchange in self._open

    def answered(self, now_ms: int, event: "Answered") -> None:
        """Take an answer as a hint where a peer may be."""
        how = self._open[event.number] if event.more else self._open.pop(event.number)
        peer = peer_in_links(event.message.payload)
        if peer is not None:
            self._contacts.add(now_ms, peer, event.source, how)

    def failed(self, now_ms: int, exchange: int, reason: str) -> None:
        """Nobody there, or the time for answers is over."""
        self._open.pop(exchange)
