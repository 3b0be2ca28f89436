"""Archived feeds whose past stays: a fork takes away nothing that chosen peers witnessed.

Of an archive more is used here than in mesh.core.full.archived: seen(author, by) -> [(seq of the
entry, seq, link)], what a witness said of an author, in that order; trace(author, seq,
link) -> (seq, link), down to where the entries that are held lead to that link; and took(author,
run, True) for a run that is certain: what contradicts it is taken out.
"""

from mesh.core.errors import LocalError
from mesh.core.feed.chain import author_of, check_head, walk
from mesh.core.feed.feed import Fork
from mesh.core.feed.feeds import NO_HOOKS
from mesh.core.full.agreeing import agreed
from mesh.core.full.archived import Archived
from mesh.core.full.trail import Trail
from mesh.core.kit import nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from mesh.core.feed.chain import Run
    from mesh.core.feed.feed import Feed
    from mesh.core.kit import Identity, Kit
    from mesh.core.limits import Limits

TRIES = 8  # witnessed links that are looked for, from the highest down


class Witnessed(Archived):
    """Feeds of which those that forked are held as far as chosen peers witnessed them."""

    chosen: "Callable[[bytes], Any]" = nothing  # whether a peer's word counts: see choose()

    def __init__(
        self,
        kit: "Kit",
        identity: "Identity",
        limits: "Limits",
        boots: int,
        hooks: "tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]" = NO_HOOKS,
    ) -> None:
        super().__init__(kit, identity, limits, boots, hooks)
        self._held: dict[bytes, Trail] = {}  # what is given to others
        self._seeking: dict[bytes, Trail] = {}  # what is asked for
        self._open: set[bytes] = set()  # forked, and to be looked at

    def choose(self, chosen: "Callable[[bytes], Any]") -> None:
        """Have those be witnesses of whom that is true."""
        self.chosen = chosen

    def said_of(self, author: bytes) -> None:
        """Somebody said what it has seen of an author."""
        if (feed := self.foreign.get(author)) is not None and feed.fork:
            self._open.add(author)

    def _evidence(self, author: bytes, a: object, b: object) -> None:
        super()._evidence(author, a, b)  # and of whom it is a witness
        self._open.update([who for who, feed in self.foreign.items() if feed.fork])

    def kept(self, author: bytes) -> "tuple[int, list[bytes]] | None":
        """Up to which seq a feed that forked before is kept, and who witnessed that."""
        trail = self._held.get(author) if author in self.foreign else None
        return (trail.top, trail.who) if trail is not None else None

    def sought(self, author: bytes) -> "tuple[int, int] | None":
        """From and up to which seq of a witnessed past something is missing, if that is known. It
        has to be had from its end on.
        """
        feed, trail = self.foreign.get(author), self._seeking.get(author)
        if feed is None or trail is None or not feed.fork or trail.low < feed.fork[0]:
            return None
        return feed.fork[0], trail.low

    def look(self) -> None:
        """See what was witnessed of those feeds of which there is something new."""
        if not self._open or self.archive is None:
            return
        authors, self._open = self._open, set()
        try:
            self.archive.flush()
        except LocalError:
            self._open.update(authors)
            return
        for author in sorted(authors):
            if (feed := self.foreign.get(author)) is not None and feed.fork:
                self._settle(feed, feed.fork[0])

    def seek(self) -> None:
        """Have all asked once more for what is missing of a witnessed past."""
        for author in sorted(self._seeking):
            if self.sought(author):
                self._gapped(author)

    def _statements(self, author: bytes) -> "Iterator[tuple[bytes, int, bytes]]":
        """What those say who are chosen, before they forked themselves."""
        chosen = [who for who in self.foreign if who != author and self.chosen(who)]
        for who in [self.own.author] + chosen:
            feed = self.foreign.get(who)
            for at, seq, link in self.archive.seen(author, who):
                if feed is None or not feed.fork or at < feed.fork[0]:
                    yield who, seq, link

    def _settle(self, feed: "Feed", fork: int) -> None:
        """Find what is held of the history that counts, and seek the rest of it."""
        author = feed.author
        trails = self._trails(author, fork)
        before = self.kept(author)
        for table in (self._held, self._seeking):
            table.pop(author, None)
            for gone in [who for who in table if who not in self.foreign]:
                del table[gone]
        if trails:
            self._seeking[author] = trails[0]
            if trails[-1].begun:
                self._held[author] = trails[-1]
        if self.sought(author):
            self._gapped(author)
        else:
            self._seeking.pop(author, None)
        if self.kept(author) != before:
            self._note(feed, True, None)

    def _trails(self, author: bytes, fork: int) -> "list[Trail]":
        """To the highest witnessed link, and to lower ones up to one that is held."""
        points = agreed(self._statements(author), fork)
        trails = []
        for at in range(min(len(points), TRIES)):
            trail = Trail(self._kit, author, points[at:], self._limits.body)
            trails.append(trail)
            trail.descend(self.archive)
            if trail.begun:
                break
        return trails

    def next_seq(self, author: bytes) -> int:
        """As of all feeds; of one whose past was witnessed, what is behind that."""
        kept = self.kept(author)
        return kept[0] + 1 if kept else super().next_seq(author)

    def head(self, author: bytes) -> "bytes | None":
        """As of all feeds; of one whose past was witnessed, the head over that."""
        return self._held[author].head if self.kept(author) else super().head(author)

    def stored(self, author: bytes, first: int, most: int) -> "list[object] | None":
        """As of all that are archived; of a witnessed past, as far as it is held."""
        feed, trail = self.foreign.get(author), self._held.get(author)
        if feed is None or trail is None or not feed.fork:
            return super().stored(author, first, most)
        if first > trail.top:
            return None
        if first <= trail.low and trail.low >= feed.fork[0]:
            return super().stored(author, first, most)
        run: Any = self.archive.run(author, max(first, 1), most)
        return run if run is not None and run[1] <= trail.top else None

    def accept(self, now_ms: int, value: object, source: "bytes | None" = None) -> "int | None":
        """As of all feeds; of a forked one also what leads to where it was witnessed."""
        author = author_of(value)
        feed = self.foreign.get(author)
        trail = self._seeking.get(author) or self._held.get(author)
        if feed is None or trail is None or not feed.fork:
            return super().accept(now_ms, value, source)
        run = walk(self._kit, value, self._limits)
        if run.seq < min(feed.fork[0], trail.low):
            return super().accept(now_ms, value, source)
        self._admit(author, value, source)
        check_head(self._kit, author, run.head)
        found = trail.leads(run)
        if found is None:
            raise Fork(feed.fork[0], feed.fork[2])
        return self._lead(now_ms, feed, trail, found, source) if found else 0

    def _lead(
        self, now_ms: int, feed: "Feed", trail: Trail, runs: "list[Run]", source: "bytes | None"
    ) -> int:
        """Keep runs that lead to where a feed was witnessed; how many entries are new."""
        author, fork = feed.author, feed.fork[0] if feed.fork else 0
        gaps = self.archive.missing(author)
        told = []
        for run in reversed(runs):  # from the end on: what goes on behind one that gives way goes
            values = []
            for value in run.values:
                seq = value[0]
                lacked = seq >= fork or True in [low <= seq <= high for low, high in gaps]
                if lacked and seq <= trail.top:
                    values.append(value)
            told.append((values, run))
            self.archive.took(author, run, True)
        trail.descend(self.archive)
        if trail.low < fork:
            self._seeking.pop(author, None)
        if trail.low < fork or author not in self._held:
            self._held[author] = trail
        self._note(feed, True, source)
        for values, run in told:
            self._tell(now_ms, author, values, run)
        return sum([len(values) for values, _ in told])
