"""Backfill: fetches entries missing inside feeds, from several peers at once."""

from mesh.core.coap import message as coap
from mesh.core.replication.catch_up import UNHEARD
from mesh.core.replication.peer_link import query
from mesh.core.security.signed_client import request_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.events import Answer
    from mesh.core.feed.feeds import Feeds
    from mesh.core.limits import Limits
    from mesh.core.replication.peer_link import Link, Replicator
    from mesh.core.security.signed_client import Ask

WIDEST = 1 << 31  # a wider gap is not split: between two starts of an author most seqs are unused
STEP = 64


class Gap:
    """The gap in one author's feed: which peers are being asked, and which have nothing of it."""

    step = STEP  # how far before the first entry held to begin, without an archive

    def __init__(self) -> None:
        self.asked: dict[bytes, int] = {}  # peer -> first seq requested
        self.without: set[bytes] = set()


class Backfill:
    """The table of feeds with gaps, at most limits.peers."""

    def __init__(self, replicating: "Replicator", feeds: "Feeds", limits: "Limits") -> None:
        self._replicating = replicating
        self._feeds = feeds
        self._limits = limits
        self._gaps: dict[bytes, Gap] = {}

    def gapped(self, author: bytes) -> None:
        """Note that an author's feed has a gap, or that peers may have the missing entries now."""
        if author in self._gaps:
            self._gaps[author].without.clear()
        elif len(self._gaps) < self._limits.peers:
            self._gaps[author] = Gap()

    def tick(self, now_ms: int) -> None:
        """Request missing entries of all links that are not busy with that."""
        for author in sorted(self._gaps):
            gap = self._gaps[author]
            if not self._missing(author):
                if not gap.asked:
                    del self._gaps[author]
                continue
            for link in self._replicating.links.live():
                may = link.keeps or link.peer == author
                if may and not link.filling and link.peer not in gap.without:
                    self._ask(now_ms, author, gap, link)

    def _missing(self, author: bytes) -> "list[tuple[int, int]]":
        feeds = self._feeds
        feed = feeds.foreign.get(author)
        if feed is None:
            return []
        if feeds.archive is not None:
            archived: Any = feeds
            if (sought := archived.sought(author)) is not None:
                return [sought]
            spans: list[tuple[int, int]] = feeds.archive.missing(author)
            return [s for s in spans if not feed.fork or s[0] < feed.fork[0]]
        low = feed.floor[0] + 1
        return [] if feed.spare < 1 or feed.first_seq <= low else [(low, feed.first_seq - 1)]

    def _from_its_end(self, author: bytes) -> bool:
        """Whether what is missing has to be had from its end on."""
        feeds: Any = self._feeds
        return feeds.archive is None or feeds.sought(author) is not None

    def _ask(self, now_ms: int, author: bytes, gap: Gap, link: "Link") -> None:
        first = self._start(author, gap)
        if first is None:
            return
        message = request_for(coap.FETCH, ["feeds"], query(self._limits))
        wishes = {author: first}
        if self._replicating.ask(now_ms, link, message, wishes, self._filled) is not None:
            gap.asked[link.peer] = first
            link.filling = True

    def _start(self, author: bytes, gap: Gap) -> "int | None":
        """The seq from which to request next, or None if enough requests are under way."""
        spans = self._missing(author)
        taken = list(gap.asked.values())
        if self._from_its_end(author):
            return None if taken else max(spans[-1][0], spans[-1][1] + 1 - gap.step)
        for low, high in spans:
            if True not in [low <= first <= high for first in taken]:
                return low
        wide = [(high - low, low) for low, high in spans if 2 * STEP < high - low < WIDEST]
        if not wide:
            return None
        width, low = max(wide)  # split the widest part
        inside = sorted([first for first in taken if low <= first <= low + width])
        edges = inside + [low + width]
        best = max([(edges[i + 1] - edges[i], edges[i]) for i in range(len(inside))])
        return best[1] + best[0] // 2 if best[0] >= 2 * STEP else None

    def _filled(self, now_ms: int, ask: "Ask", answer: "Answer") -> None:
        replicating = self._replicating
        link = replicating.links.table.get(ask.peer)
        wishes: Any = ask.about
        author = min(wishes)
        gap = self._gaps.get(author)
        if link is not None:
            link.filling = False
        if gap is None:
            return
        gap.asked.pop(ask.peer, None)
        if answer.code in UNHEARD or not answer.signed:
            return  # the next tick asks again
        new = 0
        if link is not None:
            new = replicating.news(now_ms, link, ask, answer)
        if new:
            gap.step = min(gap.step * 2, 4096)
        elif gap.step > 1 and self._from_its_end(author):
            gap.step //= 4
        else:
            gap.without.add(ask.peer)
            gap.step = STEP
        self.tick(now_ms)
