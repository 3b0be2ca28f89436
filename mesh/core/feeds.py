"""The feeds that a peer holds: its own, and the tails of those it wants."""

from mesh.core.errors import RemoteError
from mesh.core.events import Forked
from mesh.core.feed import Feed, Fork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.limits import Limits
    from mesh.core.primitives import Identity, Kit

MOST_RUNS = 8
NO_WISHES = "not a map of authors to seqs"
HEAD_SIZE = 160  # bytes of a head in an answer, at most


class Feeds:
    """Own feed and foreign tails, capped at limits.peers of them.

    To be set: wants(author) -> bool decides what is kept; heard(now_ms, author, entries) is called
    for entries newly accepted, emit(event) for Forked, the proof of a lie.
    """

    wants: "Callable[[bytes], bool]"
    heard: "Callable[[int, bytes, list[bytes]], None]"
    emit: "Callable[[object], None]"

    def __init__(self, kit: "Kit", identity: "Identity", limits: "Limits", boots: int) -> None:
        self._kit = kit
        self._identity = identity
        self._limits = limits
        # Unless a store knows better: go on where no seq can have been used (protocol.md s.6)
        start = boots << 32
        seam = kit.sha256(b"othermesh feed v1" + identity.public + start.to_bytes(8, "big"))
        self.own = Feed(kit, identity.public, limits.tail, start, seam, limits)
        self.foreign: dict[bytes, Feed] = {}
        self.due_ms = 0  # the own feed's store is not used before

    def keep(self, now_ms: int) -> "int | None":
        """Have the own feed's store take what is new, at most once in limits.head_ms: flash wears
        out. When to try again if something is left, or None.
        """
        own = self.own
        if own.unkept and now_ms >= self.due_ms:
            self.due_ms = now_ms + self._limits.head_ms
            own.keep()
        return self.due_ms if own.unkept else None

    def next_seq(self, author: bytes) -> int:
        """Which seq of an author comes next; 0 if nothing of it is held."""
        feed = self.own if author == self._identity.public else self.foreign.get(author)
        return feed.next_seq if feed else 0

    def heads(self) -> list[bytes]:
        """Heads of all feeds held, the own one signed now if need be."""
        self.own.sign(self._identity, self.own.next_seq)
        feeds = [self.own] + [self.foreign[author] for author in sorted(self.foreign)]
        heads = [feed.head for feed in feeds if feed.head]
        return heads[: self._limits.body // HEAD_SIZE]

    def runs(self, wanted: object) -> list[object]:
        """Answer {author: first wanted seq} by at most MOST_RUNS runs; else RemoteError."""
        if not isinstance(wanted, dict):
            raise RemoteError(NO_WISHES)
        for author, first in wanted.items():
            if (
                not isinstance(author, bytes)
                or isinstance(first, bool)
                or not isinstance(first, int)
            ):
                raise RemoteError(NO_WISHES)
        runs: list[object] = []
        for author in sorted(wanted)[:MOST_RUNS]:
            run = self.run(author, wanted[author])
            if run is not None:
                runs.append(run)
        return runs[: max(1, (self._limits.body - 200) // self._limits.run)]

    def run(self, author: bytes, first: int) -> "list[object] | None":
        """Give the run of an author from `first` on, or None if there is nothing new."""
        feed = self.foreign.get(author)
        if author == self._identity.public:
            feed = self.own
            feed.sign(self._identity, first)
        return feed.run(first, self._limits.run) if feed else None

    def take(self, now_ms: int, value: object) -> dict[bytes, int]:
        """Accept an array of runs; how far each feed is held now. RemoteError if one is false."""
        if not isinstance(value, list) or len(value) > MOST_RUNS:
            raise RemoteError(f"not an array of at most {MOST_RUNS} runs")
        held = {}
        for run in value:
            if not isinstance(run, list) or not run or not isinstance(run[0], bytes):
                raise RemoteError("not a run")
            author = run[0]
            if author != self._identity.public and self.wants(author):
                self._accept(now_ms, author, run)
                held[author] = self.next_seq(author) - 1
        return held

    def _accept(self, now_ms: int, author: bytes, run: list[object]) -> None:
        feed = self.foreign.get(author)
        if feed is None:
            if len(self.foreign) >= self._limits.peers:
                unwanted = [a for a in sorted(self.foreign) if not self.wants(a)]
                if not unwanted:
                    raise RemoteError("no room for another feed", 0xA3)
                del self.foreign[unwanted[0]]
            feed = Feed(self._kit, author, self._limits.foreign_tail, limits=self._limits)
        try:
            entries = feed.accept(run)
        except Fork as fork:
            self.emit(Forked(author, fork.seq))
            raise
        self.foreign[author] = feed
        if entries:
            self.heard(now_ms, author, entries)
