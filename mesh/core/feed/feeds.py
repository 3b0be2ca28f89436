"""The table of feeds that a peer holds: its own, and the newest entries of others it wants."""

from mesh.core import codes
from mesh.core.errors import RemoteError
from mesh.core.events import Forked
from mesh.core.feed.chain import MORE, author_of, read_wishes, seam, size_of, walk
from mesh.core.feed.feed import Feed, Fork
from mesh.core.feed.tail import ENTRY_SIZE, HEAD_SIZE
from mesh.core.kit import NO_ROOM, nothing
from mesh.core.ranges import BOOTS, END

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.feed.chain import Run
    from mesh.core.kit import Identity, Kit
    from mesh.core.limits import Limits

MOST_RUNS = 8  # runs in one offer (POST)
NO_HOOKS = (nothing, nothing, nothing)  # of a peer that keeps no feeds of others


class Feeds:
    """The own feed, and the newest entries of at most limits.peers other feeds.

    hooks: wants(author) -> priority with which a feed is kept, 0: not at all; heard(now_ms,
    author, values) gets newly accepted entries, as read_entry() gives them; emit(event) gets
    Forked.
    """

    archive: "Any" = None  # a store of whole feeds: see mesh.core.full.archived
    # hooks of the archive: admission, older entries, entries accepted, fork proofs
    _admit: "Callable[..., Any]" = nothing
    _older: "Callable[..., Any]" = nothing
    _took: "Callable[..., Any]" = nothing
    _evidence: "Callable[..., Any]" = nothing
    accused = 0  # the seq at which our own key was proven to have signed twice, or 0

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
        self._changed: Callable[[bytes], None] = nothing
        self._gapped: Callable[[bytes], None] = nothing
        # unless a store has the feed: begin where no seq can have been used (protocol.md s.6)
        start = boots << 32 if boots < BOOTS else END - 1  # BOOTS starts: no seq is left
        link = seam(kit, identity.public, start)
        self.own = Feed(kit, identity.public, limits.tail, start, link, limits)
        self.own.within(limits.tail_bytes)
        self.foreign: dict[bytes, Feed] = {}
        self._due_ms = 0  # when the own feed may be stored next
        # counts changes, from a number unique to this start, so that cursors of former ones are
        # void
        self.version = self.since = boots % BOOTS << 32

    def tell(self, changed: "Callable[[bytes], None]") -> None:
        """Have changed(author) called from now on, on news of a feed."""
        self._changed = changed

    def tell_gaps(self, gapped: "Callable[[bytes], None]") -> None:
        """Have gapped(author) called from now on, on entries missing before what is held."""
        self._gapped = gapped

    def _new(self, author: bytes, start: int = 0, link: "bytes | None" = None) -> Feed:
        limits = self._limits
        feed = Feed(self._kit, author, limits.foreign_tail, start, link, limits)
        feed.within(limits.foreign_bytes)
        return feed

    def keep(self, now_ms: int) -> "int | None":
        """Store new entries of the own feed, at most once in limits.head_ms: flash wears out.

        Gives when to try again, if some are left, or None.
        """
        own = self.own
        if own.quiet:
            return None
        if own.unkept and now_ms >= self._due_ms:
            self._due_ms = now_ms + self._limits.head_ms
            own.keep()
        return self._due_ms if own.unkept else None

    def wait(self, until_ms: int) -> None:
        """Store nothing of the own feed before that time."""
        self._due_ms = until_ms

    def grown(self) -> None:
        """Announce that the own feed has new entries."""
        self._note(self.own, True, None)

    def get(self, author: bytes) -> "Feed | None":
        """The feed of an author, or None if nothing of it is held."""
        return self.own if author == self.own.author else self.foreign.get(author)

    def next_seq(self, author: bytes) -> int:
        """The seq after the last held entry of an author; 0 if nothing is held."""
        return feed.next_seq if (feed := self.get(author)) else 0

    def authors(self) -> list[bytes]:  # oneself first
        return [self.own.author] + sorted(self.foreign)

    def head(self, author: bytes) -> "bytes | None":
        """The newest head of a feed. The own one is signed now, if there are new entries."""
        feed = self.get(author)
        if feed is self.own:
            self._sign(self.own.next_seq)
        return feed.head if feed else None

    def heads(self) -> list[bytes]:
        """The newest heads of all feeds held, as many as fit in a body."""
        heads = [head for author in self.authors() if (head := self.head(author))]
        return heads[: self._limits.body // (HEAD_SIZE + ENTRY_SIZE)]

    def _sign(self, first: int) -> None:
        self.own.sign(self._identity, first)

    def runs(self, wanted: object, room: int = 4096) -> list[object]:
        """The runs that answer {author: first wanted seq}, of about `room` bytes. RemoteError if
        the map is malformed.
        """
        wishes = read_wishes(wanted)
        left = min(room, self._limits.body) - MORE
        runs: list[object] = []
        for author in sorted(wishes):
            first = wishes[author]
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
        """A run of an author from seq `first` on, or None if there is nothing new."""
        if (feed := self.get(author)) is None:
            return None
        if feed is self.own:
            self._sign(first)
        return feed.run(first, self._limits.run)

    def take(self, now_ms: int, value: object, who: "bytes | None" = None) -> dict[bytes, int]:
        """Accept the runs that peer `who` offers (POST). Gives {author: last seq held}.
        RemoteError if one is invalid.
        """
        if not isinstance(value, list) or len(value) > MOST_RUNS:
            raise RemoteError(f"not an array of at most {MOST_RUNS} runs")
        held = {}
        for run in value:
            if self.accept(now_ms, run) is not None:
                held[run[0]] = self.next_seq(run[0]) - 1
        return held

    def accept(self, now_ms: int, value: object, source: "bytes | None" = None) -> "int | None":
        """Accept a run from peer `source`. Gives the number of new entries, None if the feed is
        unwanted. RemoteError if it is invalid.
        """
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
        if not older and run.seq >= feed.end_seq - 1:
            self._note(feed, stop > start, source)
        if not values:
            return 0
        self._took(author, run)
        if feed.gap is not gap:
            self._gapped(author)
        self._tell(now_ms, author, values, run)
        return len(values)

    def _tell(self, *told: "Any") -> None:  # noqa: ANN401 - as heard()
        if self._kit.guard("entries", self.heard, *told) == NO_ROOM:
            # a second try: they come only once
            self._kit.guard("entries", self.heard, *told)

    def _join(self, feed: Feed, run: "Run") -> "tuple[int, int]":
        fork = feed.fork
        try:
            return feed.join(run)
        except Fork:
            if feed.fork is not fork:
                self._forked(feed)
            raise

    def _note(self, feed: Feed, is_new: bool, source: "bytes | None") -> None:
        """Count a change of a feed, and note which peer has its newest entries."""
        if is_new:
            self.version += 1
            feed.version = self.version
            feed.source = source
            feed.known = ()
            self._changed(feed.author)
        if source is not None:
            feed.known_to(source)

    def _keep(self, feed: Feed, source: "bytes | None", rank: int = 1) -> None:
        """Put a feed into the table. If that is full, one is evicted; RemoteError if none may be.

        The feed that is wanted least goes first. Among those of strangers it is one from the peer
        that gave us most of them, so that nobody can fill the table with authors of their making.
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
                raise RemoteError("no room for another feed", codes.UNAVAILABLE)
            del foreign[victim[3]]
        feed.source = source
        foreign[feed.author] = feed

    def prove(self, author: bytes, pair: object) -> bool:
        """Verify a fork proof against an author. Whether it is news. RemoteError if it is
        invalid.
        """
        from mesh.core.feed.fork_proof import fork_of  # noqa: PLC0415 - heap only where it is used

        feed = self.foreign.get(author)
        is_own = author == self.own.author
        rank = 0 if is_own else self.wants(author)
        if (feed is None and not rank and not is_own) or (is_own and self.accused):
            return False
        if feed is None and rank:
            self._admit(author, pair, author)
        seq = fork_of(self._kit, author, pair, self._limits)
        if is_own:
            self.accused = seq
            self._evidence(author, pair[0], pair[1])  # type: ignore[index]
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
            self._evidence(feed.author, a, b)
            self.emit(Forked(feed.author, seq))
            self._note(feed, True, None)
