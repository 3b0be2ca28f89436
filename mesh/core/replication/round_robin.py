"""Polls followed peers that have no link, one after the other, for their own entries.

With many peers, most are heard of through a few links only. These may all belong to one attacker
with many keys, and tell nothing. So no peer depends on others alone.
"""

from mesh.core.coap import message as coap
from mesh.core.replication.peer_link import Link
from mesh.core.replication.publisher import OTHERS
from mesh.core.security.signed_client import request_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.discovery.contact import Contact
    from mesh.core.events import Answer
    from mesh.core.feed.feeds import Feeds
    from mesh.core.limits import Limits
    from mesh.core.replication.peer_link import Replicator
    from mesh.core.security.signed_client import Ask

MOST = 4  # requests in a row to one peer, while it has more
SOONER = 8  # the pause is divided by this, if entries were withheld


class RoundRobin:
    """One request at a time, to another peer every `limits.check_ms` / 2."""

    def __init__(self, replicating: "Replicator", feeds: "Feeds", limits: "Limits") -> None:
        self._replicating = replicating
        self._feeds = feeds
        self._pause_ms = limits.check_ms // 2
        self._due_ms = 0
        self._last = b""  # the last one polled
        self._left = 0
        self._cursors: dict[bytes, int] = {}  # peer: its cursor, see Link

    def tick(self, now_ms: int, waiting: "list[Contact]") -> None:
        """Poll the next peer, if that is due. `waiting` is ordered by id."""
        if now_ms < self._due_ms:
            return
        self._due_ms = now_ms + self._pause_ms
        contact = ([c for c in waiting if c.peer > self._last] or waiting)[0]
        self._last = contact.peer
        self._left = MOST
        self._cursors = {c.peer: self._cursors.get(c.peer, 0) for c in waiting}
        link = Link(contact, at_random=False)  # not in the table of links
        link.cursor = self._cursors[contact.peer]
        self._ask(now_ms, link, {contact.peer: self._feeds.next_seq(contact.peer)})

    def _ask(self, now_ms: int, link: Link, wishes: "dict[bytes, int]") -> None:
        self._left -= 1
        if link.keeps:
            wishes[OTHERS] = self._cursors.get(link.peer, 0)
        message = request_for(coap.FETCH, ["feeds"])  # without max=: no more than a board can take
        self._replicating.ask(
            now_ms,
            link,
            message,
            wishes,
            lambda at_ms, ask, answer: self._answered(at_ms, link, ask, answer),
        )

    def _answered(self, now_ms: int, link: Link, ask: "Ask", answer: "Answer") -> None:
        """Request what else it announced, until an answer brings nothing new; then keep its
        cursor.
        """
        if not answer.signed:
            return
        replicating, next_seq = self._replicating, self._feeds.next_seq
        new = replicating.news(now_ms, link, ask, answer)
        asked: Any = ask.about
        told = replicating.catching.told_by(link.peer)
        # counts entries that came another way meanwhile, too: they took up room in this answer
        got = [a for a in asked if a and next_seq(a) > asked[a]]
        if new:  # nobody had announced these, so perhaps a link withholds them: poll all sooner
            self._due_ms = min(self._due_ms, now_ms + self._pause_ms // SOONER)
        if got or [a for a in told if a not in asked]:
            if self._left > 0:
                more = {author: max(1, next_seq(author)) for author in told}
                more[link.peer] = next_seq(link.peer)
                self._ask(now_ms, link, more)
        elif link.peer in self._cursors and not link.proving:
            self._cursors[link.peer] = link.cursor
