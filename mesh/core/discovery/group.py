"""Discovery beyond DNS-SD: CoAP group discovery, and bootstrap addresses without an id."""

from mesh.core import peer_id
from mesh.core.coap import message as coap
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Failed
from mesh.core.security.signed_client import request_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.coap.endpoint import Endpoint
    from mesh.core.discovery.contacts import Contacts
    from mesh.core.events import Answered

GROUP = ("224.0.1.187", 5683)  # All CoAP Nodes (RFC 7252 s.12.8)
FIRST_MS = 300
GROUP_MS = 2000  # how long to wait for answers: leisure and round trip


class GroupSearch:
    """Group discovery: sends GET /.well-known/core?rt=othermesh.peer to the group, or to one
    address.
    """

    def __init__(self, endpoint: "Endpoint", contacts: "Contacts", query_ms: int) -> None:
        self._endpoint = endpoint
        self._contacts = contacts
        self._query_ms = query_ms
        self.open: dict[int, str] = {}  # number of the exchange -> how
        self._pause_ms = FIRST_MS
        self._group_ms: int | None = None  # when to query the group
        self._givens: Any = None  # Givens, created when first needed
        self.due_ms: int | None = None

    def start(self, now_ms: int, group: bool) -> None:
        """Begin; with `group` also query the group, ever more rarely."""
        self._pause_ms = FIRST_MS
        self._group_ms = now_ms + FIRST_MS if group else None
        self._look(self._group_ms)

    def _look(self, due_ms: "int | None") -> None:
        if due_ms is not None and (self.due_ms is None or due_ms < self.due_ms):
            self.due_ms = due_ms

    def moved(self, now_ms: int) -> None:
        """Query the group as often as in the beginning, if it is queried at all."""
        if self._group_ms is not None:
            self.start(now_ms, True)

    def tick(self, now_ms: int) -> None:
        """Send the queries that are due."""
        if self.due_ms is None or now_ms < self.due_ms:
            return
        if self._group_ms is not None and now_ms >= self._group_ms:
            self._pause_ms = min(self._pause_ms * 4, self._query_ms)
            self._group_ms = now_ms + self._pause_ms
            self.at(now_ms, GROUP, "group")
        self.due_ms = self._givens and self._givens.tick(now_ms, self._contacts)
        self._look(self._group_ms)

    def given(self, now_ms: int, address: "tuple[str, int]") -> None:
        """Query an address given by hand, repeatedly, as long as no peer is up there."""
        if self._givens is None:
            from mesh.core.discovery.givens import Givens  # noqa: PLC0415 - heap only where it is used

            self._givens = Givens(self.at)
        self._givens.add(now_ms, address)
        self.due_ms = now_ms
        self.tick(now_ms)

    def at(self, now_ms: int, address: "tuple[str, int]", how: str) -> None:
        """Ask an address which peer is there."""
        message = request_for(coap.GET, [".well-known", "core"], ["rt=othermesh.peer"])
        wait_ms = GROUP_MS if address == GROUP else 0
        try:
            number = self._endpoint.request(now_ms, address, message, wait_ms == 0, wait_ms)
        except LocalError:
            return  # all exchanges are in use; it is queried again later
        self.open[number] = how

    def outcome(self, now_ms: int, event: "Answered | Failed") -> bool:
        """Handle an answer as a hint where a peer may be. False if it answers none of these
        queries.
        """
        how = self.open.get(event.number)
        if how is None:
            return False
        if isinstance(event, Failed):  # no answer, or the end of the group request
            self.open.pop(event.number)
            return True
        if not event.more:
            self.open.pop(event.number)
        peer = _peer_in(event.message.payload)
        if peer:
            self._contacts.add(now_ms, peer, event.source, how)
        return True


def _peer_in(payload: bytes) -> bytes:
    """The peer id in an answer to GET /.well-known/core?rt=othermesh.peer, or b""."""
    try:
        text = str(payload[:1024], "utf-8")
        at = text.find('ep="') + 4
        return peer_id.from_text(text[at : at + 52])
    except (UnicodeError, RemoteError):
        return b""
