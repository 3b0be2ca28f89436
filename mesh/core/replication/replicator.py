"""Replication of others' feeds: handles what links tell, and requests what is missing.

Of each author one link sends runs at once, the others send its heads a little later: a tree for
each author that repairs itself, as in Plumtree (Leitao et al. 2007). A head whose run did not come
makes its sender the one that sends runs (GRAFT); a run that comes twice prunes the later sender.
"""

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec.formats import CBOR
from mesh.core.discovery.contact import UP
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.chain import claim
from mesh.core.feed.feed import Fork
from mesh.core.kit import NO_ROOM
from mesh.core.ranges import is_count
from mesh.core.replication.peer_link import AGAIN_MS, BEFORE, IDLE_CHECKS, NAMED, query
from mesh.core.replication.publisher import OTHERS
from mesh.core.security.signed_client import Ask, request_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.events import Answer
    from mesh.core.feed.feeds import Feeds
    from mesh.core.kit import Kit
    from mesh.core.limits import Limits
    from mesh.core.replication.catch_up import CatchUp
    from mesh.core.replication.neighbours import Links
    from mesh.core.replication.peer_link import Link
    from mesh.core.security.signed_client import SignedClient

LIES = 3  # signed lies minus signed truths at which a link is dropped for a time


class Replicator:
    """Links, and requests for missing entries, a few at a time for each link. refused(now_ms,
    peer, source, error) is called for what does not pass verification.
    """

    def __init__(
        self,
        kit: "Kit",
        asks: "SignedClient",
        feeds: "Feeds",
        links: "Links",
        limits: "Limits",
        refused: "Callable[..., None]",
    ) -> None:
        self._kit = kit
        self.decode = kit.decode
        self._asks = asks
        self._feeds = feeds
        self.links = links
        links.dropped = self._dropped
        self.keeps = links.keeps  # whether this peer keeps the feeds of all others
        self._contacts = links.contacts
        self._limits = limits
        self._refused = refused
        self._pause_ms = limits.check_ms // 4
        self.parents: dict[bytes, bytes] = {}  # author -> the link that sends its runs
        self._catching: CatchUp | None = None
        self._filling: Any = None  # Backfill, created when the first gap is found
        self.due_ms: int | None = None
        feeds.tell_gaps(self._gapped)

    @property
    def catching(self) -> "CatchUp":
        """The part that fetches announced entries, created when it is first needed."""
        if self._catching is None:
            from mesh.core.replication.catch_up import CatchUp  # noqa: PLC0415 - heap only where it is used

            self._catching = CatchUp(self, self._feeds, self._limits)
        return self._catching

    def tick(self, now_ms: int) -> None:
        """Choose links, register observations, and request what is missing, if that is due."""
        if self.due_ms is None or now_ms < self.due_ms:
            return
        self.due_ms = now_ms + AGAIN_MS
        self.links.choose(now_ms)
        self.links.turn(now_ms, self, self._feeds)
        for link in self.links.live():
            silent = now_ms - max(link.heard_ms, link.asked_ms)
            rested = now_ms - link.asked_ms >= self._pause_ms
            old = link.stale or silent > self._limits.check_ms * IDLE_CHECKS
            if link.number < 0 or (rested and old):
                self._kit.guard("link", self._register, now_ms, link)
        for part in (self._catching, self._filling):
            if part is not None:
                part.tick(now_ms)
        if not self.links.table and not (self._catching and self._catching.table):
            self.due_ms = None  # until a peer is found

    def look(self, due_ms: int) -> None:
        """Have tick() called by that time."""
        self.due_ms = min(self.due_ms or due_ms, due_ms)

    def moved(self, now_ms: int) -> None:
        """Observe all links anew, as notifications go to our former address."""
        for link in self.links.live():
            self._asks.cancel(now_ms, link.number)
            link.number = -1
        self.due_ms = now_ms

    def _register(self, now_ms: int, link: "Link") -> None:
        wishes = self._wishes(link)
        if not wishes:
            self.links.end(now_ms, link, self._limits.check_ms)
            return
        self._asks.cancel(now_ms, link.number)
        link.number = -1
        message = request_for(coap.FETCH, ["feeds"], query(self._limits), observe=True)
        number = self.ask(now_ms, link, message, wishes, self._answered)
        if number is not None:
            link.number, link.stale, link.asked_ms, link.doubts = number, False, now_ms, 0
            link.named = {a for a in wishes if a and wishes[a] is not None}

    def _wishes(self, link: "Link") -> "dict[bytes, int | None]":
        """What to request of a link: {author: next seq} for runs, {author: None} for heads. The
        key OTHERS stands for all other authors.
        """
        feeds, parents = self._feeds, self.parents
        wishes: dict[bytes, int | None] = {}
        if feeds.wants(link.peer):
            self.graft(link.peer, link)
        everything = link.keeps and (self.keeps or self.links.crowded)
        if everything:
            wishes[OTHERS] = link.cursor
        most = min(self._limits.peers, NAMED if link.is_board else 1 << 20)
        for author in self._wanted(link):
            parent = self.links.table.get(parents.get(author, b""))
            if parent is None or parent.ended:
                parents[author] = link.peer
            if parents[author] == link.peer and len(wishes) < most:
                wishes[author] = feeds.next_seq(author)
            elif not (everything and feeds.next_seq(author)) and len(wishes) < most:
                wishes[author] = None
        if wishes:
            wishes.setdefault(OTHERS, None)  # at least to be told of forks
        return wishes

    def _wanted(self, link: "Link") -> "list[bytes]":
        """The authors whose feeds a link may have for us, its own first."""
        found = {link.peer}
        if link.keeps:
            found |= set(self._feeds.foreign)
            found |= {c.peer for c in self._contacts.listed() if self.links.names(c)}
        return [a for a in [link.peer] + sorted(found - {link.peer}) if self._feeds.wants(a)]

    def graft(self, author: bytes, link: "Link") -> None:
        """Make a link the one that sends the runs of an author; its former one sends heads
        only.
        """
        former = self.links.table.get(self.parents.get(author, b""))
        if former is not None and former is not link and author in former.named:
            former.stale = True
        self.parents[author] = link.peer
        if author not in link.named:
            link.stale = True

    def ask(
        self,
        now_ms: int,
        link: "Link",
        message: "coap.Message",
        body: object,
        done: "Callable[[int, Ask, Answer], None]",
    ) -> "int | None":
        """Send a request to a link. Gives its number, or None if there is no room now."""
        contact = self._contacts.get(link.peer)
        if contact is None or contact.address is None:
            return None
        ask = Ask(link.peer, contact.address, (CBOR, self._kit.encode(body)), done, body)
        try:
            return int(self._asks.put(now_ms, ask, message))
        except LocalError:
            return None  # all exchanges are in use; the next tick tries again

    def _answered(self, now_ms: int, ask: Ask, answer: "Answer") -> None:
        link = self.links.table.get(ask.peer)
        if link is None or link.number != ask.number:
            return
        link.stale |= not answer.more  # the end is unsigned, so it may be forged
        if not answer.more and answer.signed:
            # it has no room for an observer
            refused = answer.code == codes.CONTENT and link.at_random
            self.links.end(now_ms, link, self._limits.check_ms if refused else self._pause_ms)
        self.news(now_ms, link, ask, answer)

    def news(self, now_ms: int, link: "Link", ask: Ask, answer: "Answer") -> int:
        """Handle an answer or notification of a link. Gives the number of new entries."""
        to: Any = self.lied if answer.signed else self._doubted, []
        if answer.code != codes.CONTENT:
            return 0
        try:
            if answer.error is not None:
                raise RemoteError(answer.error, codes.UNAUTHORIZED)
            told: Any = self._kit.decode(answer.payload)
            if not isinstance(told, list):
                raise RemoteError("not an array of news")
        except RemoteError as error:
            to[0](now_ms, link, ask, error)
            return 0
        for item in told:
            if self._kit.guard("news", self._take_one, now_ms, link, ask, item, to) == NO_ROOM:
                raise MemoryError  # not acknowledged, so all of it is sent again
        if answer.signed or sum(to[1]):
            link.heard_ms = now_ms
        return int(sum(to[1]))

    def _take_one(self, now_ms: int, link: "Link", ask: Ask, item: "Any", to: "Any") -> None:  # noqa: ANN401
        """Handle one item. `to`: error handler, and list of how many entries were new."""
        try:
            to[1].append(self._take(now_ms, link, item))
        except Fork as fork:
            self._refused(now_ms, item[0], ask.address, fork)
            self.catching.dig(now_ms, link, item[0], fork.seq)
        except RemoteError as error:
            to[0](now_ms, link, ask, error)

    def _doubted(self, now_ms: int, link: "Link", ask: Ask, error: RemoteError) -> None:
        """Observe anew after an invalid unsigned notification: the answer is signed."""
        self._refused(now_ms, None, ask.address, error)
        link.cursor, link.stale = 0, True
        link.doubts += 1
        # each costs a signature check: stop them until the link is observed anew
        if link.doubts == LIES:
            self._asks.cancel(now_ms, link.number)

    def lied(self, now_ms: int, link: "Link", ask: Ask, error: RemoteError) -> None:
        """Handle an invalid item in a signed answer: the link is dropped, each time for longer."""
        self._refused(now_ms, link.peer, ask.address, error)
        link.lies += error.code != codes.UNAVAILABLE
        if link.lies >= LIES and not link.ended and self._contacts.get(link.peer):
            self._asks.cancel(now_ms, link.number)
            self.links.shun(now_ms, link)

    def _take(self, now_ms: int, link: "Link", item: "Any") -> int:  # noqa: ANN401 - from outside
        if isinstance(item, list) and item and isinstance(item[0], bytes):
            return self._take_run(now_ms, link, item)
        if isinstance(item, bytes):
            self._told_head(now_ms, link, item)
        elif isinstance(item, dict):
            self.catching.told_forks(now_ms, link, item)
        elif type(item) is int:
            if not is_count(item):
                raise RemoteError("no news")
            link.cursor = item
        return 0  # other types belong to later versions

    def _take_run(self, now_ms: int, link: "Link", run: "list[Any]") -> int:
        new = self._feeds.accept(now_ms, run, link.peer)
        parent = self.parents.get(author := run[0])
        if new:
            if parent not in self.links.table:
                self.parents[author] = link.peer
            link.lies -= link.lies > 0
            contact = self._contacts.get(author) if author == link.peer else None
            if contact is not None and contact.state == UP:
                self._contacts.heard(now_ms, contact)
        elif new == 0 and author in link.named and parent != link.peer:
            link.stale = True
        return new or 0

    def _told_head(self, now_ms: int, link: "Link", head: bytes) -> None:
        """Compare a head, not verified yet, with what is held; fetch what is missing."""
        (author, seq, end), feeds = claim(self._kit, head), self._feeds
        if author is None or author == feeds.own.author or not feeds.wants(author):
            return
        feed, lacked = feeds.foreign.get(author), feeds.next_seq(author)
        if feed is None or seq >= lacked:
            if feed is None or not feed.fork or lacked < feed.fork[0]:
                self.catching.lack(now_ms, author, seq, link)
            else:  # perhaps of a history that forked earlier
                self.catching.dig(now_ms, link, author, feed.fork[0])
        elif feed.first_seq - 1 <= seq < feed.end_seq:
            mine = feed.statement(seq)
            if feed.link_at(seq) == end:
                if seq == feed.end_seq - 1:
                    feed.known_to(link.peer)
            elif mine is not None and feeds.prove(author, [mine, head]):
                self.catching.dig(now_ms, link, author, seq)

    def _gapped(self, author: bytes) -> None:
        if self._filling is None:
            if self._feeds.archive is None and self._limits.foreign_tail <= BEFORE:
                return  # no room for older entries: newer ones are worth more
            from mesh.core.replication.backfill import Backfill  # noqa: PLC0415 - desktops only

            self._filling = Backfill(self, self._feeds, self._limits)
        self._filling.gapped(author)

    def _dropped(self, now_ms: int, link: "Link") -> None:
        if link.number >= 0:
            self._asks.cancel(now_ms, link.number)
        for author in [a for a in self.parents if self.parents[a] == link.peer]:
            del self.parents[author]
