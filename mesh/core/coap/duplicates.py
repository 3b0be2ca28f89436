"""Deduplication of requests (RFC 7252 s.4.5), and recovery when memory runs out."""

from collections import deque

from mesh.core.coap import message as coap
from mesh.core.coap.responses import Replies
from mesh.core.coap.ticket import APPLICATION, LATER, NOTHING, Ticket
from mesh.core.kit import nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.coap.reliability import Known, Random
    from mesh.core.events import Answered
    from mesh.core.limits import Limits


class Seen(Replies):
    """The deduplication layer: recent tickets, at most limits.exchanges.

    Those of unverified addresses are kept apart, so that a flood of strangers evicts none of known
    peers.
    """

    def __init__(
        self, limits: "Limits", random: "Random", order: int = 0, known: "Known" = nothing
    ) -> None:
        super().__init__(limits, random, order, known)
        self.seen: dict[tuple[tuple[str, int], int], Ticket] = {}
        # oldest first, of unverified and of verified addresses
        # (MicroPython's deque requires an iterable and a size.)
        size = limits.exchanges
        self._order: tuple[deque[Ticket], deque[Ticket]] = (deque((), size), deque((), size))

    def ignore(self, now_ms: int, ticket: Ticket) -> None:
        """Close a ticket without a response. A confirmable request is acknowledged all the
        same.
        """
        if ticket.state == APPLICATION:
            if ticket.type == coap.CON and not ticket.reply:
                ticket.reply = self._empty(coap.ACK, ticket.address, ticket.asked)
            ticket.state = NOTHING
            ticket.request = ticket.observe = ticket.due = None

    def forget(self, ticket: Ticket) -> None:
        """Remove a ticket. If the request comes again, it is handled as new."""
        self.seen.pop(ticket.key, None)
        if self.observers.get((ticket.address, ticket.token)) is ticket:
            self.observers.pop((ticket.address, ticket.token))
        self._landed(ticket)
        ticket.state = NOTHING
        ticket.request = ticket.observe = None

    def unheard(self, event: "Answered") -> None:
        """Undo the receipt of a notification that could not be handled, so that it is sent
        again.
        """
        ticket = self.seen.get((event.source, event.message.sum))
        if ticket is not None:
            self.forget(ticket)
            self._out = [sending for sending in self._out if sending[1] is not ticket.reply]

    def put_back(self, event: tuple[object, ...]) -> None:
        """Put an event back, as the next one."""
        self._events.insert(0, event)

    def recover(self, now_ms: int) -> None:
        """Clean up after memory ran out, once there are no more events: forget requests that
        nobody will answer, send queued ones, and fail those with nothing under way.
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
        """Free memory: drop bodies kept for later blocks, and tickets, observations and addresses
        of strangers.
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
        """Whether this message came before. A duplicate CON gets the same reply again (RFC 7252
        s.4.5).

        Compared by CRC-32, not by id alone: a forger could use the id that its owner uses next.
        """
        ticket = self.seen.get((source, message.sum))
        if ticket is None or ticket.until <= now_ms:
            return False
        if ticket.reply and message.type == coap.CON:
            self._put(source, ticket.reply)
        return True

    def _remember(self, now_ms: int, ticket: Ticket) -> None:
        """Keep a ticket to recognise duplicates, in place of the oldest."""
        limits = self.limits
        order = self._order[self.proven(ticket.address)]
        while order and (order[0].until <= now_ms or len(order) >= limits.exchanges // 2):
            old = order.popleft()
            if self.seen.get(old.key) is old:
                del self.seen[old.key]
            self._wait_no_more(old)
            if old.state == APPLICATION or (old.state == LATER and old.observe is None):
                old.due = None
        ticket.until = now_ms + limits.exchange_lifetime_ms
        order.append(ticket)
        self.seen[ticket.key] = ticket
