"""The feeds that a peer holds: its own, and the tails of those it wants."""

from mesh.core.errors import RemoteError
from mesh.core.events import Forked
from mesh.core.feed import Feed, Fork
from mesh.core.primitives import NO_ROOM, nothing
from mesh.core.ranges import BOOTS, END
from mesh.core.run import MORE, author_of, check_head, check_wishes, seam, size_of, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.limits import Limits
    from mesh.core.primitives import Identity, Kit
    from mesh.core.run import Run

STRANGE_TAIL = 64  # of who was never met, where an archive has the rest
MOST_RUNS = 8  # offered at once
NO_HOOKS = (nothing, nothing, nothing)  # it keeps nothing of others


class Feeds:
    """Own feed and foreign tails, capped at limits.peers of them.

    hooks: wants(author) decides what is kept, 0 if it is not, and the higher the longer;
    heard(now_ms, author, values) is called for entries newly accepted, as read_entry gives them;
    emit(event) for Forked, the proof of a lie. changed(author), when there is news of a feed, is
    set by Telling, and gapped(author), when entries are missing before what is held, by
    Replicating, where there are such: both are made of these feeds.
    """

    # what keeps more than the tails, see resume(); None on boards
    archive: "Any" = None
    _storing: "Any" = None  # mesh.core.archived, where there is one
    _archived = 0  # the last own seq that it was given
    accused = 0  # the seq from which on, as is proven, our own key was used twice

    def __init__(
        self,
        kit: "Kit",
        identity: "Identity",
        limits: "Limits",
        boots: int,
        hooks: "tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]" = NO_HOOKS,
    ) -> None:
        self._kit = kit
        self._identity = identity
        self._limits = limits
        self.wants, self.heard, self.emit = hooks
        self.changed: Callable[[bytes], None] = nothing
        self.gapped: Callable[[bytes], None] = nothing
        # Unless a store knows better: go on where no seq can have been used (protocol.md s.6)
        start = boots << 32 if boots < BOOTS else END - 1  # and there is none
        link = seam(kit, identity.public, start)
        self.own = Feed(kit, identity.public, limits.tail, start, link, limits)
        self.own.within(limits.tail_bytes)
        self.foreign: dict[bytes, Feed] = {}
        self.due_ms = 0  # the own feed's store is not used before
        # counts all changes; no other start of ours had this one, so cursors of old mean nothing
        self.version = self.since = boots % BOOTS << 32

    def resume(self, archive: "Any") -> None:  # noqa: ANN401 - no class of the core's
        """Go on from what an archive holds; it has the older entries (see mesh.core.archived)."""
        from mesh.core import archived  # noqa: PLC0415 - desktops only

        self.archive, self._storing = archive, archived
        self._archived = self.own.first_seq - 1
        archived.resume(self, self._limits)

    def begin(self, author: bytes, last: int, link: bytes, head: bytes) -> None:
        """Go on with a feed of which an archive has all up to an entry."""
        feed = self._new(author, last, link)
        feed.begin_at(head)
        self._keep(feed, None)

    def _new(self, author: bytes, start: int = 0, link: "bytes | None" = None) -> Feed:
        tail = self._limits.foreign_tail
        if self.archive is not None and self.wants(author) < 2:
            tail = min(tail, STRANGE_TAIL)
        feed = Feed(self._kit, author, tail, start, link, self._limits)
        feed.within(self._limits.foreign_bytes)
        return feed

    def keep(self, now_ms: int) -> "int | None":
        """Have the own feed's store take what is new, at most once in limits.head_ms: flash wears
        out. When to try again if something is left, or None.
        """
        own = self.own
        if own.quiet:
            return None
        if own.unkept and now_ms >= self.due_ms:
            self.due_ms = now_ms + self._limits.head_ms
            own.keep()
            if self.archive is not None:
                self._sign(own.next_seq)  # it signs what it keeps: that is so from now on
        return self.due_ms if own.unkept else None

    def grown(self) -> None:
        """Have those told who want to know that the own feed has something new."""
        self._note(self.own, True, None)

    def get(self, author: bytes) -> "Feed | None":
        """The feed of an author, if anything of it is held."""
        return self.own if author == self.own.author else self.foreign.get(author)

    def next_seq(self, author: bytes) -> int:
        """Which seq of an author comes next; 0 if nothing of it is held."""
        return feed.next_seq if (feed := self.get(author)) else 0

    def authors(self) -> list[bytes]:  # oneself first
        return [self.own.author] + sorted(self.foreign)

    def head(self, author: bytes) -> "bytes | None":
        """The newest head of a feed, the own one signed now if need be."""
        feed = self.get(author)
        if feed is self.own:
            self._sign(self.own.next_seq)
        return feed.head if feed else None

    def heads(self) -> list[bytes]:
        """Heads of all feeds held, as many as fit in a body."""
        heads = [head for author in self.authors() if (head := self.head(author))]
        return heads[: self._limits.body // 160]

    def _sign(self, first: int) -> None:
        own = self.own
        own.sign(self._identity, first)
        if self.archive is None:
            return
        while (value := own.run(self._archived + 1, self._limits.run)) is not None:
            run = walk(self._kit, value, self._limits)
            self._archived = run.seq
            self.archive.took(run.author, run)

    def runs(self, wanted: object, room: int = 4096) -> list[object]:
        """Answer {author: first wanted seq} by runs, about `room` bytes; else RemoteError."""
        check_wishes(wanted)
        left = min(room, self._limits.body) - MORE
        runs: list[object] = []
        for author in sorted(wanted):  # type: ignore[call-overload]
            first = wanted[author]  # type: ignore[index]
            while first is not None and author and left > 0:
                run: Any = self.run(author, first)
                if run is None:
                    break
                left -= size_of(run)
                if left > 0 or not runs:
                    runs.append(run)
                first = run[1] + len(run[3])
        return runs

    def run(self, author: bytes, first: int) -> "list[object] | None":
        """Give the run of an author from `first` on, or None if there is nothing new."""
        if (feed := self.get(author)) is None:
            return None
        if feed is self.own:
            self._sign(first)
        if self.archive is not None and first < feed.first_seq:
            older: list[object] | None = self.archive.run(author, max(first, 1), self._limits.run)
            if older is not None:
                return older
        return feed.run(first, self._limits.run)

    def take(self, now_ms: int, value: object, who: "bytes | None" = None) -> dict[bytes, int]:
        """Take an array of runs that `who` offers; how far each feed is held now. RemoteError."""
        if not isinstance(value, list) or len(value) > MOST_RUNS:
            raise RemoteError(f"not an array of at most {MOST_RUNS} runs")
        if self.archive is not None:
            self._storing.offered(self, value, who)
        held = {}
        for run in value:
            if self.accept(now_ms, run) is not None:
                held[run[0]] = self.next_seq(run[0]) - 1
        if self.archive is not None:
            self._storing.flush(self)
        return held

    def accept(self, now_ms: int, value: object, source: "bytes | None" = None) -> "int | None":
        """Take a run that a peer gave; how many entries are new, None if unwanted. RemoteError."""
        author = author_of(value)
        rank = 0 if author == self.own.author else self.wants(author)
        if not rank:
            return None
        self._admit(author, value, source)
        run = walk(self._kit, value, self._limits)
        feed = self.foreign.get(author) or self._new(author)
        gap = feed.gap
        start, stop = self._join(feed, run)
        older = stop <= start and self._older(feed, run)
        values = older or run.values[start:stop]
        if author not in self.foreign:
            self._keep(feed, source, rank)
        if older:
            check_head(self._kit, author, run.head)
        elif run.seq >= feed.end_seq - 1:
            self._note(feed, stop > start, source)
        if not values:
            return 0
        if self.archive is not None:
            self.archive.took(author, run)
        if feed.gap is not gap:
            self.gapped(author)
        self._tell(now_ms, author, values)
        return len(values)

    def _admit(self, author: bytes, value: object, teller: "bytes | None") -> None:
        if self.archive is not None:
            self._storing.admit(self, author, value, teller)

    def _tell(self, now_ms: int, author: bytes, values: "list[Any]") -> None:
        if self._kit.guard("entries", self.heard, now_ms, author, values) == NO_ROOM:
            self._kit.guard("entries", self.heard, now_ms, author, values)  # they come only once

    def _older(self, feed: Feed, run: "Run") -> "list[Any]":
        """What the archive, if there is one, lacks of a run from before a tail."""
        if self.archive is None or run.first >= feed.first_seq:
            return []
        return self._storing.missing(self, run, self._kit, self._limits)  # type: ignore[no-any-return]

    def _join(self, feed: Feed, run: "Run") -> "tuple[int, int]":
        fork = feed.fork
        try:
            return feed.join(run)
        except Fork:
            if feed.fork is not fork:
                self._forked(feed)
            raise

    def _note(self, feed: Feed, is_new: bool, source: "bytes | None") -> None:
        """Count a change, and note who has the newest."""
        if is_new:
            self.version += 1
            feed.version = self.version
            feed.source = source
            feed.known = ()
            self.changed(feed.author)
        if source is not None and source not in feed.known:
            feed.known += (source,)

    def _keep(self, feed: Feed, source: "bytes | None", rank: int = 1) -> None:
        """Make room for a feed whose author is proven to be one; RemoteError if there is none.

        Who is wanted less goes first. Of those whom we never met, one that came from the peer who
        gave us most of them: so nobody fills the table with authors of their making.
        """
        foreign = self.foreign
        if len(foreign) >= self._limits.peers:
            given: dict[bytes | None, int] = {source: 1}
            rows = []
            for author in foreign:
                low = self.wants(author)
                if low <= rank:
                    by = foreign[author].source
                    given[by] = given.get(by, 0) + 1
                    rows.append((low, by, author))
            worst = [(-low, given[by], self._kit.random(2), who) for low, by, who in rows]
            victim = max(worst) if worst else None
            if victim is None or (-victim[0] == rank and victim[1] <= given[source]):
                raise RemoteError("no room for another feed", 0xA3)
            del foreign[victim[3]]
        feed.source = source
        foreign[feed.author] = feed

    def prove(self, author: bytes, pair: object) -> bool:
        """Take evidence against an author: whether it is news. RemoteError if it is none."""
        from mesh.core import evidence  # noqa: PLC0415 - heap only where it is used

        feed = self.foreign.get(author)
        is_own = author == self.own.author
        rank = 0 if is_own else self.wants(author)
        if (feed is None and not rank and not is_own) or (is_own and self.accused):
            return False
        if feed is None and rank:
            self._admit(author, pair, author)
        seq = evidence.fork_of(self._kit, author, pair, self._limits)
        if is_own:
            self.accused = seq
            if self.archive is not None:
                self.archive.evidence(author, pair[0], pair[1])  # type: ignore[index]
            self.emit(Forked(author, seq))
            return False
        if feed is None:
            feed = self._new(author)
            self._keep(feed, None, rank)
        if feed.fork and feed.fork[0] <= seq:
            return False
        feed.freeze(seq, pair[0], pair[1])  # type: ignore[index]
        self._forked(feed)
        return True

    def _forked(self, feed: Feed) -> None:
        if self.foreign.get(feed.author) is feed and feed.fork:
            seq, a, b = feed.fork
            if self.archive is not None:
                self.archive.evidence(feed.author, a, b)
                self._storing.refill(self, feed, self._kit, self._limits)
            self.emit(Forked(feed.author, seq))
            self._note(feed, True, None)
