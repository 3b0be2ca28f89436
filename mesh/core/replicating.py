"""Keeping up with what others wrote: what links tell, what is missing, and who has it.

Of each author one link sends runs at once, the others tell its heads a little later: a tree for
each author, which mends itself, as in Plumtree (Leitao et al. 2007): a head without its run makes
its source the one that sends runs, and a run that comes twice unmakes the later one.
"""

from mesh.core import coap
from mesh.core.asks import Ask, request_for
from mesh.core.contacts import UP
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed import Fork
from mesh.core.links import AGAIN_MS, BEFORE, IDLE_CHECKS, NAMED, Link, Links
from mesh.core.primitives import NO_ROOM
from mesh.core.ranges import is_count
from mesh.core.represent import CBOR
from mesh.core.run import claim
from mesh.core.telling import OTHERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.asks import Asks
    from mesh.core.catching import Catching
    from mesh.core.events import Answer
    from mesh.core.feeds import Feeds
    from mesh.core.limits import Limits
    from mesh.core.primitives import Kit

LIES = 3  # signed, and more than it told of what holds: then a link is given up for a time
LONGEST_MS = 3_600_000  # for which a link is given up; each time for twice as long
BOARD_BODY = 4096


class Replicating:
    """Links, and questions for what is missing; few at a time for each link. refused(now_ms, peer,
    source, error) is called for what does not hold.
    """

    def __init__(
        self,
        kit: "Kit",
        asks: "Asks",
        feeds: "Feeds",
        links: Links,
        limits: "Limits",
        refused: "Callable[..., None]",
    ) -> None:
        self._kit = kit
        self.decode = kit.decode
        self._asks = asks
        self._feeds = feeds
        self.links = links
        links.dropped = self._dropped
        self.keeps = links.keeps  # the feeds of others too
        self._contacts = links.contacts
        self._limits = limits
        self._refused = refused
        self._pause_ms = limits.check_ms // 4
        self.parents: dict[bytes, bytes] = {}  # author -> the link that sends its runs
        self._catching: Catching | None = None
        self._filling: Any = None  # what fills gaps, once there is one
        self.due_ms: int | None = None
        feeds.gapped = self._gapped

    @property
    def catching(self) -> "Catching":
        """What fetches what others tell of, from when it is first needed."""
        if self._catching is None:
            from mesh.core.catching import Catching  # noqa: PLC0415 - heap only where it is used

            self._catching = Catching(self, self._feeds, self._limits)
        return self._catching

    def tick(self, now_ms: int) -> None:
        """Do what is due."""
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
            self.due_ms = None  # until somebody comes

    def moved(self, now_ms: int) -> None:
        """Our address is another: what links tell goes to the old one, unless asked anew."""
        for link in self.links.live():
            self._asks.cancel(now_ms, link.number)
            link.number = -1
        self.due_ms = now_ms

    def _register(self, now_ms: int, link: Link) -> None:
        wishes = self._wishes(link)
        if not wishes:
            self.links.end(now_ms, link, self._limits.check_ms)
            return
        self._asks.cancel(now_ms, link.number)
        link.number = -1
        message = request_for(coap.FETCH, ["feeds"], self.query(), observe=True)
        number = self.ask(now_ms, link, message, wishes, self._answered)
        if number is not None:
            link.number, link.stale, link.asked_ms, link.doubts = number, False, now_ms, 0
            link.named = {a for a in wishes if a and wishes[a] is not None}

    def _wishes(self, link: Link) -> "dict[bytes, int | None]":
        """{author: next seq} of those whose runs a link is to send, and what else to tell."""
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
            wishes.setdefault(OTHERS, None)  # be told of forks at least
        return wishes

    def _wanted(self, link: Link) -> "list[bytes]":
        """Whose feeds a link may have for us, itself first."""
        found = {link.peer}
        if link.keeps:
            found |= set(self._feeds.foreign)
            found |= {c.peer for c in self._contacts.listed() if self.links.names(c)}
        return [a for a in [link.peer] + sorted(found - {link.peer}) if self._feeds.wants(a)]

    def graft(self, author: bytes, link: Link) -> None:
        """Have a link send the runs of an author, and its former one only tell of them."""
        former = self.links.table.get(self.parents.get(author, b""))
        if former is not None and former is not link and author in former.named:
            former.stale = True
        self.parents[author] = link.peer
        if author not in link.named:
            link.stale = True

    def query(self) -> "list[str]":
        """How much we can take at once, if it is more than a board can."""
        body = self._limits.body
        return [f"max={min(body - 1000, 99_999)}"] if body > BOARD_BODY else []

    def ask(
        self,
        now_ms: int,
        link: Link,
        message: "coap.Message",
        body: object,
        done: "Callable[[int, Ask, Answer], None]",
    ) -> "int | None":
        """Put a question to a link; its number, or None if there is no room for it now."""
        contact = self._contacts.get(link.peer)
        if contact is None or contact.address is None:
            return None
        ask = Ask(link.peer, contact.address, (CBOR, self._kit.encode(body)), done)
        ask.about = body
        try:
            return int(self._asks.put(now_ms, ask, message))
        except LocalError:
            return None  # every exchange is in use; the next tick tries again

    def _answered(self, now_ms: int, ask: Ask, answer: "Answer") -> None:
        link = self.links.table.get(ask.peer)
        if link is None or link.number != ask.number:
            return
        link.stale |= not answer.more  # anybody may have said that it ended
        if not answer.more and answer.signed:
            refused = answer.code == coap.CONTENT and link.at_random  # it has no place for us
            self.links.end(now_ms, link, self._limits.check_ms if refused else self._pause_ms)
        self.news(now_ms, link, ask, answer)

    def news(self, now_ms: int, link: Link, ask: Ask, answer: "Answer") -> int:
        """Take what a link told, whatever was asked; how many entries are new."""
        to: Any = self.lied if answer.signed else self._doubted, []
        if answer.code != coap.CONTENT:
            return 0
        try:
            if answer.error is not None:
                raise RemoteError(answer.error, 0x81)
            told: Any = self._kit.decode(answer.payload)
            if not isinstance(told, list):
                raise RemoteError("not an array of news")
        except RemoteError as error:
            to[0](now_ms, link, ask, error)
            return 0
        for item in told:
            if self._kit.guard("news", self._take_one, now_ms, link, ask, item, to) == NO_ROOM:
                raise MemoryError  # all of it comes again
        if answer.signed or sum(to[1]):
            link.heard_ms = now_ms
        return int(sum(to[1]))

    def _take_one(self, now_ms: int, link: Link, ask: Ask, item: "Any", to: "Any") -> None:  # noqa: ANN401
        """Take one thing told; `to`: who is blamed, and the list of how many entries are new."""
        try:
            to[1].append(self._take(now_ms, link, item))
        except Fork as fork:
            self._refused(now_ms, item[0], ask.address, fork)
            self.catching.dig(now_ms, link, item[0], fork.seq)
        except RemoteError as error:
            to[0](now_ms, link, ask, error)

    def _doubted(self, now_ms: int, link: Link, ask: Ask, error: RemoteError) -> None:
        """What nobody signed may be forged or damaged: the answer to the next question is."""
        self._refused(now_ms, None, ask.address, error)
        link.cursor, link.stale = 0, True
        link.doubts += 1
        if link.doubts == LIES:  # each costs a check: no more of them until it is asked anew
            self._asks.cancel(now_ms, link.number)

    def lied(self, now_ms: int, link: Link, ask: Ask, error: RemoteError) -> None:
        """A link signed what does not hold. It is left alone, each time for longer."""
        self._refused(now_ms, link.peer, ask.address, error)
        link.lies += error.code != 0xA3
        contact = self._contacts.get(link.peer)
        if link.lies >= LIES and not link.ended and contact is not None:
            self._asks.cancel(now_ms, link.number)
            if now_ms > contact.shun_until_ms + LONGEST_MS:  # it was well behaved for so long
                contact.shun_ms = self._limits.check_ms * IDLE_CHECKS // 2
            contact.shun_ms = min(contact.shun_ms * 2, LONGEST_MS)
            contact.shun_until_ms = now_ms + contact.shun_ms
            self.links.end(now_ms, link, contact.shun_ms)

    def _take(self, now_ms: int, link: Link, item: "Any") -> int:  # noqa: ANN401 - from outside
        if isinstance(item, list):
            return self._take_run(now_ms, link, item)
        if isinstance(item, bytes):
            self._told_head(now_ms, link, item)
        elif isinstance(item, dict):
            self.catching.told_forks(now_ms, link, item)
        elif is_count(item):
            link.cursor = item
        else:
            raise RemoteError("no news")
        return 0

    def _take_run(self, now_ms: int, link: Link, run: "list[Any]") -> int:
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

    def _told_head(self, now_ms: int, link: Link, head: bytes) -> None:
        """Somebody has a feed up to there, it says: whether it is true shows when it is asked."""
        (author, seq, end), feeds = claim(self._kit, head), self._feeds
        if author is None or author == feeds.own.author or not feeds.wants(author):
            return
        feed = feeds.foreign.get(author)
        if feed is None or seq >= feed.next_seq:
            if feed is None or not feed.fork or feed.next_seq < feed.fork[0]:
                self.catching.lack(now_ms, author, seq, link)
            else:  # perhaps of a history that parted from ours earlier
                self.catching.dig(now_ms, link, author, feed.fork[0])
        elif feed.first_seq - 1 <= seq < feed.end_seq:
            mine = feed.statement(seq)
            if feed.link_at(seq) == end:
                if seq == feed.end_seq - 1 and link.peer not in feed.known:
                    feed.known += (link.peer,)
            elif mine is not None and feeds.prove(author, [mine, head]):
                self.catching.dig(now_ms, link, author, seq)

    def _gapped(self, author: bytes) -> None:
        if self._filling is None:
            if self._feeds.archive is None and self._limits.foreign_tail <= BEFORE:
                return  # no room for what came before: the newest is worth more
            from mesh.core.filling import Filling  # noqa: PLC0415 - desktops only

            self._filling = Filling(self, self._feeds, self._limits)
        self._filling.gapped(author)

    def _dropped(self, now_ms: int, link: Link) -> None:
        if link.number >= 0:
            self._asks.cancel(now_ms, link.number)
        for author in [a for a in self.parents if self.parents[a] == link.peer]:
            del self.parents[author]
