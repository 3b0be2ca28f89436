"""A desktop's part as a witness: it writes what it has seen of others' feeds (`seen`), and has
those that forked kept as far as chosen peers, itself among them, have witnessed them.
"""

from mesh.core.errors import LocalError
from mesh.core.full import seen
from mesh.core.full.agreeing import SPAN
from mesh.core.kinds.accepting import BUILT_IN
from mesh.core.relations import key, mark, pact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.feed.feed import Feed
    from mesh.core.node import Node

# kinds of entries, on a desktop
KINDS = BUILT_IN | {seen.NAME: seen, pact.NAME: pact, mark.NAME: mark, key.NAME: key}
LOOK_MS = 5000  # from one look at feeds that forked to the next
AGAIN_MS = 60_000  # until all are asked again for what is missing of a witnessed past
SLOW_MS = 21_600_000  # after which one entry more is enough to be told
MET = 2  # what is wanted of strangers less than that is told of nobody


class Witnessing:
    """Writes `seen` in its own time. chosen(peer): whether a peer's word counts."""

    def __init__(self, node: "Node", chosen: "Callable[[bytes], Any]") -> None:
        self._node = node
        feeds: Any = node.peer.feeds
        feeds.choose(chosen)
        self._feeds = feeds
        self._limits = node.limits
        self._said: dict[bytes, tuple[int, int]] = {}  # author: up to where, and when
        self.due_ms = LOOK_MS
        self._seek_ms = AGAIN_MS
        self._write_ms = node.limits.seen_ms
        node.add(self)

    def tick(self, now_ms: int) -> None:
        """Do what is due."""
        if now_ms < self.due_ms:
            return
        self.due_ms = now_ms + LOOK_MS
        if self._feeds.archive is None:
            return
        self._feeds.look()
        if now_ms >= self._seek_ms:
            self._seek_ms = now_ms + AGAIN_MS
            self._feeds.seek()
        if now_ms >= self._write_ms:
            self._write_ms = now_ms + self._limits.seen_ms
            self._write(now_ms)

    def _write(self, now_ms: int) -> None:
        """Tell of those feeds that have grown most since they were told of."""
        foreign = self._feeds.foreign
        self._said = {who: said for who, said in self._said.items() if who in foreign}
        found = [row for feed in foreign.values() if (row := self._grown(now_ms, feed))]
        found = sorted(found, reverse=True)[: seen.MOST]
        if not found:
            return
        try:
            self._node.write(now_ms, seen.NAME, [list(row[1:]) for row in found])
        except LocalError:
            return  # the own feed has ended
        for _, author, seq, _ in found:
            self._said[author] = seq, now_ms

    def _grown(self, now_ms: int, feed: "Feed") -> "tuple[int, bytes, int, bytes] | None":
        """By how much a feed has grown, and what is to be told of it; None if it is nothing."""
        author: bytes = feed.author
        end = feed.next_seq - 1
        if feed.fork or not feed.head or self._feeds.wants(author) < MET:
            return None
        if author not in self._said:
            self._said[author] = self._told_before(author), now_ms
        last, when_ms = self._said[author]
        # seqs of a start begin above a multiple of 2^32: the roundest of all, and no entry
        last = max(last, end >> SPAN << SPAN)
        is_slow = now_ms - when_ms >= SLOW_MS
        at = seen.roundest(max(last, feed.first_seq - 2), end)
        if not at or (end - last < self._limits.seen_entries and not is_slow):
            return None
        return end - last, author, at, feed.link_at(at)

    def _told_before(self, author: bytes) -> int:
        """Up to which seq of an author former starts told."""
        own = self._node.peer.id
        told: list[int] = [seq for _, seq, _ in self._feeds.archive.seen(author, own)]
        return max(told, default=0)
