"""What came lately, for its duplicates (RFC 7252 s.4.5); and what happens without memory."""

from collections import deque

from mesh.core import coap
from mesh.core.replies import APPLICATION, LATER, NOTHING, Replies, Ticket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.events import Answered
    from mesh.core.limits import Limits


class Seen(Replies):
    """The layer that keeps limits.exchanges tickets: strangers' apart, so that no flood makes
    those of others forgotten.
    """

    def __init__(self, limits: "Limits", random: "Callable[[int], bytes]", order: int = 0) -> None:
        super().__init__(limits, random, order)
        self.seen: dict[tuple[tuple[str, int], int], Ticket] = {}
        # oldest first, of strangers and of proven addresses
        # (MicroPython's deque wants what to begin with, and a size.)
        size = limits.exchanges
        self._order: tuple[deque[Ticket], deque[Ticket]] = (deque((), size), deque((), size))

    def ignore(self, now_ms: int, ticket: Ticket) -> None:
        """Leave a Requested without an answer; a confirmable one is acknowledged all the same."""
        if ticket.state == APPLICATION:
            if ticket.type == coap.CON and not ticket.reply:
                ticket.reply = self._empty(coap.ACK, ticket.address, ticket.asked)
            ticket.state = NOTHING
            ticket.request = ticket.observe = ticket.due = None

    def forget(self, ticket: Ticket) -> None:
        """Leave a Requested as if it had not come: if it comes again it is new."""
        self.seen.pop((ticket.address, ticket.asked), None)
        if self.observers.get((ticket.address, ticket.token)) is ticket:
            self.observers.pop((ticket.address, ticket.token))
        self._landed(ticket)
        ticket.state = NOTHING
        ticket.request = ticket.observe = None

    def unheard(self, event: "Answered") -> None:
        """Take back the acknowledgement of a notification that could not be taken in: it comes
        again.
        """
        ticket = self.seen.get((event.source, event.message.mid))
        if ticket is not None:
            self.forget(ticket)
            self._out = [sending for sending in self._out if sending[1] is not ticket.reply]

    def put_back(self, event: tuple[object, ...]) -> None:
        """Have an event come out next once more."""
        self._events.insert(0, event)

    def recover(self, now_ms: int) -> None:
        """Set right what a lack of memory left half done, once there are no more events: forget
        what nobody will answer, send what waits, and give up what nothing is under way for.
        """
        for ticket in list(self.seen.values()):
            if ticket.state == APPLICATION:
                self.forget(ticket)
        for remote in list(self.remotes.values()):
            if remote.line:
                self._pump(now_ms, remote)
        for request in list(self.open.values()):
            at = self.remotes.get(request.address)
            waits = at is not None and at.line and request in at.line
            if request.due is None and request.token != request.watch and not waits:
                self._fail(now_ms, request, "no memory")

    def shed(self, now_ms: int) -> None:
        """Forget what is least needed: bodies for later blocks; of strangers tickets, observations
        and addresses.
        """
        self.bodies = []
        for ticket in list(self.observers.values()):
            if not self.proven(ticket.address):
                self._gone(ticket, "no memory")
        strangers = self._order[0]
        while strangers:
            ticket = strangers.popleft()
            if ticket.observe is None:
                self.forget(ticket)
        for address, remote in list(self.remotes.items()):
            if not (remote.proven or remote.busy or remote.line):
                del self.remotes[address]

    def _duplicate(self, now_ms: int, source: tuple[str, int], message: coap.Message) -> bool:
        """Whether this message came before: a CON gets the same reply again (RFC 7252 s.4.5)."""
        ticket = self.seen.get((source, message.mid))
        if ticket is None or ticket.until <= now_ms:
            return False
        if ticket.reply and message.type == coap.CON:
            self._put(source, ticket.reply)
        return True

    def _remember(self, now_ms: int, ticket: Ticket) -> None:
        """Keep a ticket for its duplicates; the oldest goes for it."""
        limits = self.limits
        order = self._order[self.proven(ticket.address)]
        while order and (order[0].until <= now_ms or len(order) >= limits.exchanges // 2):
            old = order.popleft()
            key = (old.address, old.asked)
            if self.seen.get(key) is old:
                del self.seen[key]
            if old.state == APPLICATION or (old.state == LATER and old.observe is None):
                old.due = None
        ticket.until = now_ms + limits.exchange_lifetime_ms
        order.append(ticket)
        self.seen[(ticket.address, ticket.asked)] = ticket
