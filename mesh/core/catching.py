"""What is missing at the end of feeds: somebody has it, and is asked for it."""

from mesh.core import coap
from mesh.core.asks import request_for
from mesh.core.errors import RemoteError
from mesh.core.links import AGAIN_MS, BEFORE, NAMED
from mesh.core.ranges import is_count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.asks import Ask
    from mesh.core.events import Answer
    from mesh.core.feeds import Feeds
    from mesh.core.limits import Limits
    from mesh.core.links import Link
    from mesh.core.replicating import Replicating

UNHEARD = (0, 0x9D, 0xA3)  # no answer; too many questions; busy


class Catching:
    """Who is said to have more than we do. One question at a time to each link."""

    def __init__(self, replicating: "Replicating", feeds: "Feeds", limits: "Limits") -> None:
        self._replicating = replicating
        self._feeds = feeds
        self._limits = limits
        # author -> [seq that somebody has, when to ask for it, [who has it]]
        self.table: dict[bytes, list[Any]] = {}

    def lack(self, now_ms: int, author: bytes, seq: int, link: "Link") -> None:
        row = self.table.get(author)
        if row is None:
            if len(self.table) >= self._limits.peers:
                return
            due_ms = now_ms + self._replicating.links.number(self._limits.graft_ms)
            row = self.table[author] = [seq, due_ms, []]
            self._replicating.due_ms = min(self._replicating.due_ms or due_ms, due_ms)
        row[0] = max(row[0], seq)
        if link.peer not in row[2]:
            row[2].append(link.peer)

    def tick(self, now_ms: int) -> None:
        asked: dict[bytes, dict[bytes, int]] = {}
        for author in sorted(self.table):
            seq, due_ms, peers = self.table[author]
            if self._feeds.next_seq(author) > seq or not peers:
                del self.table[author]
            elif now_ms < due_ms:
                self._replicating.due_ms = min(self._replicating.due_ms or due_ms, due_ms)
            else:
                wishes = asked.setdefault(peers[0], {})
                if len(wishes) < NAMED:
                    wishes[author] = max(1, self._feeds.next_seq(author))
        for peer in sorted(asked):
            link = self._replicating.links.table.get(peer)
            if link is None:
                self._not_from(peer, asked[peer])
            elif not link.fetching:
                self._fetch(now_ms, link, asked[peer])

    def _fetch(self, now_ms: int, link: "Link", wishes: "dict[bytes, int]") -> None:
        message = request_for(coap.FETCH, ["feeds"], self._replicating.query())
        link.fetching = (
            self._replicating.ask(now_ms, link, message, wishes, self._fetched) is not None
        )

    def _fetched(self, now_ms: int, ask: "Ask", answer: "Answer") -> None:
        link = self._replicating.links.table.get(ask.peer)
        if link is None:
            return
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
        self._not_from(link.peer, in_vain)
        self.tick(now_ms)

    def _once_more(self, now_ms: int, link: "Link", wishes: "dict[bytes, int]") -> None:
        """The question or the answer was lost: soon it is asked again, of another if there is one,
        as whoever told of something tells it once.
        """
        for author in wishes:
            row = self.table.get(author)
            if row is not None and link.peer in row[2]:
                row[1] = now_ms + AGAIN_MS
                row[2].remove(link.peer)
                row[2].append(link.peer)
            feed = self._feeds.foreign.get(author)
            if feed is not None and feed.dug and feed.dug[0] == link.peer:
                feed.dug = None
                link.cursor, link.stale = 0, True  # it tells of all again, and so of this

    def _not_from(self, peer: bytes, authors: "Any") -> None:  # noqa: ANN401
        for author in authors:
            row = self.table.get(author)
            if row is not None and peer in row[2]:
                row[2].remove(peer)

    def dig(self, now_ms: int, link: "Link", author: bytes, seq: int) -> None:
        """Ask for what is before a contradiction: the histories may have parted earlier."""
        feed = self._feeds.foreign.get(author)
        if feed is None or feed.first_seq >= seq or feed.dug == (link.peer, seq):
            return
        if link.fetching:
            link.cursor, link.stale = 0, True  # it tells of all again, and so of this
            return
        feed.dug = (link.peer, seq)
        self._fetch(now_ms, link, {author: max(feed.first_seq, seq - BEFORE)})

    def told_forks(self, now_ms: int, link: "Link", forks: "dict[object, Any]") -> None:
        """Ask for proof of what is said of authors whom we keep."""
        replicating = self._replicating
        doubted = [
            author
            for author, seq in forks.items()
            if isinstance(author, bytes) and is_count(seq) and self._doubts(author, seq)
        ]
        if doubted and not link.proving:
            message = request_for(coap.FETCH, ["feeds"], ["evidence"] + replicating.query())
            number = replicating.ask(now_ms, link, message, doubted[:NAMED], self._proven)
            link.proving = number is not None

    def _doubts(self, author: bytes, seq: int) -> bool:
        """Whether it would be news that a feed forked there: also that it is our own."""
        feeds = self._feeds
        if author == feeds.own.author:
            return not feeds.accused
        feed = feeds.foreign.get(author)
        return bool(feeds.wants(author)) and (feed is None or not feed.fork or seq < feed.fork[0])

    def _proven(self, now_ms: int, ask: "Ask", answer: "Answer") -> None:
        link = self._replicating.links.table.get(ask.peer)
        if link is None:
            return
        link.proving = False
        if answer.code in UNHEARD or not answer.signed:
            link.cursor, link.stale = 0, True  # it tells of all forks again
            return
        if answer.code != coap.CONTENT:
            return
        try:
            pairs: Any = self._replicating.decode(answer.payload)
            for author in pairs if isinstance(pairs, dict) else ():
                if isinstance(author, bytes):
                    self._feeds.prove(author, pairs[author])
        except RemoteError as error:
            self._replicating.lied(now_ms, link, ask, error)
