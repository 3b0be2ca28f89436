"""Who has no link is asked itself, in a circle, for what it wrote.

A peer links to few of many, and hears of the others through these. Who came first, and who says
that it keeps all, may be one and the same under many keys, and tell nothing: so nobody depends on
others alone.
"""

from mesh.core import coap
from mesh.core.asks import request_for
from mesh.core.links import Link
from mesh.core.telling import OTHERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.asks import Ask
    from mesh.core.contacts import Contact
    from mesh.core.events import Answer
    from mesh.core.feeds import Feeds
    from mesh.core.limits import Limits
    from mesh.core.replicating import Replicating

MOST = 4  # questions in a row, while there is more
SOONER = 8  # a part of the pause
AT_ONCE = 16  # feeds asked for by one of them


class Rounds:
    """One question at a time, and a peer every `limits.check_ms` / 2."""

    def __init__(self, replicating: "Replicating", feeds: "Feeds", limits: "Limits") -> None:
        self._replicating = replicating
        self._feeds = feeds
        self._pause_ms = limits.check_ms // 2
        self._due_ms = 0
        self._last = b""  # whose turn it was
        self._left = 0
        self._cursors: dict[bytes, int] = {}  # how far each told us what others wrote

    def tick(self, now_ms: int, waiting: "list[Contact]") -> None:
        """Ask the next one of those who have no link; they are ordered by id."""
        if now_ms < self._due_ms:
            return
        self._due_ms = now_ms + self._pause_ms
        contact = ([c for c in waiting if c.peer > self._last] or waiting)[0]
        self._last = contact.peer
        self._left = MOST
        self._cursors = {c.peer: self._cursors.get(c.peer, 0) for c in waiting}
        wishes = {contact.peer: self._feeds.next_seq(contact.peer)}
        if contact.keeps:
            wishes[OTHERS] = self._cursors[contact.peer]
        link = Link(contact, at_random=False)  # none of the table: what the answer is judged by
        link.cursor = self._cursors[contact.peer]
        self._ask(now_ms, link, wishes)

    def _ask(self, now_ms: int, link: Link, wishes: "dict[bytes, int]") -> None:
        self._left -= 1
        message = request_for(coap.FETCH, ["feeds"])  # no more than a board can take
        self._replicating.ask(
            now_ms,
            link,
            message,
            wishes,
            lambda at_ms, ask, answer: self._answered(at_ms, link, ask, answer),
        )

    def _answered(self, now_ms: int, link: Link, ask: "Ask", answer: "Answer") -> None:
        """Ask for what else it has: more of what it told, and whose heads it told."""
        if not answer.signed:
            return
        replicating, next_seq = self._replicating, self._feeds.next_seq
        new = replicating.news(now_ms, link, ask, answer)
        if link.peer in self._cursors and not link.proving:
            self._cursors[link.peer] = link.cursor
        lacking = replicating.catching.table
        told = [a for a in sorted(lacking) if link.peer in lacking[a][2]]
        more = {author: max(1, next_seq(author)) for author in told[:AT_ONCE]}
        if new:  # that nobody told us of: perhaps somebody withholds it, so all are asked sooner
            self._due_ms = min(self._due_ms, now_ms + self._pause_ms // SOONER)
            more[link.peer] = next_seq(link.peer)
        if more and self._left > 0:
            self._ask(now_ms, link, more)
