"""Gaps in feeds, filled from whoever has the entries: several at once, each asked for a part."""

from mesh.core import coap
from mesh.core.asks import request_for
from mesh.core.catching import UNHEARD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.asks import Ask
    from mesh.core.events import Answer
    from mesh.core.feeds import Feeds
    from mesh.core.limits import Limits
    from mesh.core.links import Link
    from mesh.core.replicating import Replicating

WIDEST = 1 << 31  # between two starts of an author there may be nothing at all: no use in parts
STEP = 64


class Gap:
    """What is missing of one author: who is asked for it, and who has none of it."""

    step = STEP  # how far before what is held to ask, without an archive

    def __init__(self) -> None:
        self.asked: dict[bytes, int] = {}  # peer -> from where on
        self.without: set[bytes] = set()


class Filling:
    """The gaps, at most limits.peers of them."""

    def __init__(self, replicating: "Replicating", feeds: "Feeds", limits: "Limits") -> None:
        self._replicating = replicating
        self._feeds = feeds
        self._limits = limits
        self._gaps: dict[bytes, Gap] = {}

    def gapped(self, author: bytes) -> None:
        """Note that something is missing of an author, or that it may be had now."""
        if author in self._gaps:
            self._gaps[author].without.clear()
        elif len(self._gaps) < self._limits.peers:
            self._gaps[author] = Gap()

    def tick(self, now_ms: int) -> None:
        """Ask whoever is not being asked."""
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
            spans: list[tuple[int, int]] = feeds.archive.missing(author)
            return [s for s in spans if not feed.fork or s[0] < feed.fork[0]]
        low = feed.floor[0] + 1
        return [] if feed.spare < 1 or feed.first_seq <= low else [(low, feed.first_seq - 1)]

    def _ask(self, now_ms: int, author: bytes, gap: Gap, link: "Link") -> None:
        first = self._start(author, gap)
        if first is None:
            return
        message = request_for(coap.FETCH, ["feeds"], self._replicating.query())
        wishes = {author: first}
        if self._replicating.ask(now_ms, link, message, wishes, self._filled) is not None:
            gap.asked[link.peer] = first
            link.filling = True

    def _start(self, author: bytes, gap: Gap) -> "int | None":
        """From where on the next one is to be asked, or None if enough are asked."""
        spans = self._missing(author)
        taken = list(gap.asked.values())
        if self._feeds.archive is None:
            return None if taken else max(spans[-1][0], spans[-1][1] + 1 - gap.step)
        for low, high in spans:
            if True not in [low <= first <= high for first in taken]:
                return low
        wide = [(high - low, low) for low, high in spans if 2 * STEP < high - low < WIDEST]
        if not wide:
            return None
        width, low = max(wide)  # in one part more
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
        elif gap.step > 1 and self._feeds.archive is None:
            gap.step //= 4
        else:
            gap.without.add(ask.peer)
            gap.step = STEP
        self.tick(now_ms)
