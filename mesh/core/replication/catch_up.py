"""Catch-up: fetches entries that a neighbour has beyond the end of our copy of a feed."""

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import RemoteError
from mesh.core.ranges import is_count
from mesh.core.replication.peer_link import AGAIN_MS, BEFORE, NAMED, query
from mesh.core.security.signed_client import request_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.events import Answer
    from mesh.core.feed.feeds import Feeds
    from mesh.core.limits import Limits
    from mesh.core.replication.peer_link import Link, Replicator
    from mesh.core.security.signed_client import Ask

UNHEARD = (0, codes.TOO_MANY, codes.UNAVAILABLE)  # 0: no answer


class CatchUp:
    """Which peers announced newer entries, and requests for them, one at a time to each link."""

    def __init__(self, replicating: "Replicator", feeds: "Feeds", limits: "Limits") -> None:
        self._replicating = replicating
        self._feeds = feeds
        self._limits = limits
        # author -> [highest seq announced, when to request it, [peers that have it]]
        self.table: dict[bytes, list[Any]] = {}
        # author -> (peer last asked for entries before a fork, seq of the fork)
        self._dug: dict[bytes, tuple[bytes, int]] = {}

    def lack(self, now_ms: int, author: bytes, seq: int, link: "Link") -> None:
        """Note that a link announced entries of an author up to seq."""
        row = self.table.get(author)
        if row is None:
            if len(self.table) >= self._limits.peers:
                return
            due_ms = now_ms + self._replicating.links.number(self._limits.graft_ms)
            row = self.table[author] = [seq, due_ms, []]
            self._replicating.look(due_ms)
        row[0] = max(row[0], seq)
        if link.peer not in row[2]:
            row[2].append(link.peer)

    def tick(self, now_ms: int) -> None:
        """Request announced entries that are due."""
        asked: dict[bytes, dict[bytes, int]] = {}
        for author in sorted(self.table):
            seq, due_ms, peers = self.table[author]
            if self._feeds.next_seq(author) > seq or not peers:
                del self.table[author]
            elif now_ms < due_ms:
                self._replicating.look(due_ms)
            else:
                wishes = asked.setdefault(peers[0], {})
                if len(wishes) < NAMED:
                    wishes[author] = max(1, self._feeds.next_seq(author))
        for peer in sorted(asked):
            link = self._replicating.links.table.get(peer)
            if link is None:
                self._not_from(peer, asked[peer], False)
            elif not link.fetching:
                self._fetch(now_ms, link, asked[peer])

    def told_by(self, peer: bytes) -> "list[bytes]":
        """The authors of whom a peer announced newer entries, as many as one request may have."""
        return [a for a in sorted(self.table) if peer in self.table[a][2]][:NAMED]

    def _fetch(self, now_ms: int, link: "Link", wishes: "dict[bytes, int]") -> None:
        message = request_for(coap.FETCH, ["feeds"], query(self._limits))
        done = lambda at_ms, ask, answer: self._fetched(at_ms, link, ask, answer)  # noqa: E731
        number = self._replicating.ask(now_ms, link, message, wishes, done)
        link.fetching = number is not None

    def _fetched(self, now_ms: int, link: "Link", ask: "Ask", answer: "Answer") -> None:
        link.fetching = False
        self._replicating.news(now_ms, link, ask, answer)
        wishes: Any = ask.about
        if answer.code in UNHEARD or not answer.signed:
            self._once_more(now_ms, link, wishes)
            return
        in_vain = []
        for author in wishes:
            if self._feeds.next_seq(author) > wishes[author]:
                if self._replicating.parents.get(author) != author:
                    self._replicating.graft(author, link)
            else:
                in_vain.append(author)
        self._not_from(link.peer, in_vain, len(in_vain) < len(wishes))
        self.tick(now_ms)

    def _once_more(self, now_ms: int, link: "Link", wishes: "dict[bytes, int]") -> None:
        """Retry after an answer was lost, of another peer if there is one: a link announces each
        thing only once.
        """
        for author in wishes:
            row = self.table.get(author)
            if row is not None and link.peer in row[2]:
                row[1] = now_ms + AGAIN_MS
                row[2].remove(link.peer)
                row[2].append(link.peer)
            if self._dug.get(author, b"")[:1] == (link.peer,):
                del self._dug[author]
                link.cursor, link.stale = 0, True  # so that it announces everything again

    def _not_from(self, peer: bytes, authors: "Any", full: bool) -> None:  # noqa: ANN401
        """Remove a peer that did not have what it announced. After an answer that was `full` of
        other authors it is only put last, as there may have been no room.
        """
        for author in authors:
            row = self.table.get(author)
            if row is not None and peer in row[2]:
                row[2].remove(peer)
                row[2] += [peer] if full else []

    def dig(self, now_ms: int, link: "Link", author: bytes, seq: int) -> None:
        """Fetch entries before a contradiction, as the fork may lie earlier."""
        feed = self._feeds.foreign.get(author)
        if feed is None or feed.first_seq >= seq or self._dug.get(author) == (link.peer, seq):
            return
        if link.fetching:
            link.cursor, link.stale = 0, True  # so that it announces everything again
            return
        known, dug = self._feeds.foreign, self._dug
        self._dug = {one: dug[one] for one in dug if one in known}
        self._dug[author] = (link.peer, seq)
        self._fetch(now_ms, link, {author: max(feed.first_seq, seq - BEFORE)})

    def told_forks(self, now_ms: int, link: "Link", forks: "dict[object, Any]") -> None:
        """Request the proofs of forks that a link announced, of authors that are kept."""
        replicating = self._replicating
        doubted = [
            author
            for author, seq in forks.items()
            if isinstance(author, bytes) and is_count(seq) and self._doubts(author, seq)
        ]
        if doubted and not link.proving:
            message = request_for(coap.FETCH, ["feeds"], ["evidence"] + query(self._limits))
            done = lambda at_ms, ask, answer: self._proven(at_ms, link, ask, answer)  # noqa: E731
            number = replicating.ask(now_ms, link, message, doubted[:NAMED], done)
            link.proving = number is not None

    def _doubts(self, author: bytes, seq: int) -> bool:
        """Whether a fork at seq would be news. One of our own feed counts too."""
        feeds = self._feeds
        if author == feeds.own.author:
            return not feeds.accused
        feed = feeds.foreign.get(author)
        return bool(feeds.wants(author)) and (feed is None or not feed.fork or seq < feed.fork[0])

    def _proven(self, now_ms: int, link: "Link", ask: "Ask", answer: "Answer") -> None:
        link.proving = False
        if answer.code in UNHEARD or not answer.signed:
            link.cursor, link.stale = 0, True  # so that it announces all forks again
            return
        if answer.code != codes.CONTENT:
            return
        try:
            pairs: Any = self._replicating.decode(answer.payload)
            for author in pairs if isinstance(pairs, dict) else ():
                if isinstance(author, bytes):
                    self._feeds.prove(author, pairs[author])
        except RemoteError as error:
            self._replicating.lied(now_ms, link, ask, error)
