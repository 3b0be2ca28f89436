"""Feeds with an archive behind them, on a desktop with a store: whole feeds are kept.

An archive has heads() -> {author: (next seq, link of the last entry, head up to it)}, proofs() ->
{author: (a, b)}, took(author, run), run(author, first, most bytes), missing(author) -> [(first,
last)], evidence(author, a, b) and flush(), which may raise LocalError. It may have admit(author,
size, teller, asked=), called before anything is checked, which raises RemoteError if there is no
room. hide(author, first, last): run() no longer gives these entries.
"""

from mesh.core import codes
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.chain import MORE, author_of, check_head, walk
from mesh.core.feed.feed import Feed, Fork
from mesh.core.feed.feeds import MOST_RUNS, Feeds
from mesh.core.kit import nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.feed.chain import Run

STRANGE_TAIL = 64  # entries in memory of an author that was never met, as the archive has the rest


class ArchivedFeed(Feed):
    """Another author's feed, of which an archive has the first entries."""

    def begin_at(self, head: bytes) -> None:
        """Set a head that proves the link before the first entry."""
        self.floor = (self.first_seq - 1, self.before, head)
        self._heads.append((self.first_seq - 1, self.before, head))


class Archived(Feeds):
    """Feeds with an archive, once resume() has given them one."""

    # (author): the seqs of a witnessed past that are missing: see Witnessed
    sought: "Callable[[bytes], tuple[int, int] | None]" = nothing
    _archived = 0  # the last own seq in the archive

    def resume(self, archive: "Any") -> None:  # noqa: ANN401 - no class of the core's
        """Load the feeds from an archive, those first that are wanted most. Gaps are filled
        again.
        """
        self.archive = archive
        self._archived = self.own.first_seq - 1
        heads = archive.heads()
        proofs = archive.proofs()
        for author in sorted(heads, key=lambda author: (-self.wants(author), author)):
            if author != self.own.author and len(self.foreign) < self._limits.peers:
                next_seq, link, head = heads[author]
                self._begin(author, next_seq - 1, link, head)
                if self.wants(author) and archive.missing(author):
                    self._gapped(author)
        for author in sorted(proofs):
            try:
                self.prove(author, list(proofs[author]))
            except RemoteError:
                continue  # not a proof by the present rules

    def _begin(self, author: bytes, last: int, link: bytes, head: bytes) -> None:
        """Continue a feed of which the archive has all entries up to `last`."""
        feed = self._new(author, last, link)
        feed.begin_at(head)
        self._keep(feed, None)

    def _new(self, author: bytes, start: int = 0, link: "bytes | None" = None) -> ArchivedFeed:
        limits = self._limits
        feed = ArchivedFeed(self._kit, author, limits.foreign_tail, start, link, limits)
        is_strange = self.archive is not None and self.wants(author) < 2
        feed.within(limits.foreign_bytes, STRANGE_TAIL if is_strange else limits.foreign_tail)
        return feed

    def forget(self, author: bytes) -> None:
        """Remove a feed that the archive dropped."""
        self.foreign.pop(author, None)

    def keep(self, now_ms: int) -> "int | None":
        """As in Feeds; what was stored is signed at once."""
        waiting = self.own.unkept
        due_ms = super().keep(now_ms)
        if self.archive is not None and self.own.unkept < waiting:
            self._sign(self.own.next_seq)
        return due_ms

    def _sign(self, first: int) -> None:
        super()._sign(first)
        if self.archive is None:
            return
        while (value := self.own.run(self._archived + 1, self._limits.run)) is not None:
            run = walk(self._kit, value, self._limits)
            self._archived = run.seq
            self.archive.took(run.author, run)

    def run(self, author: bytes, first: int) -> "list[object] | None":
        """A run of an author from seq `first` on, or None if there is nothing new."""
        found = super().run(author, first)
        if self.get(author) is None:
            return found
        return self.stored(author, first, self._limits.run) or found

    def stored(self, author: bytes, first: int, most: int) -> "list[object] | None":
        """A run of at most so many bytes out of the archive, if the tail does not have it."""
        feed = self.get(author)
        if self.archive is None or (feed is not None and first >= feed.first_seq):
            return None
        run: list[object] | None = self.archive.run(author, max(first, 1), most)
        return run

    def take(self, now_ms: int, value: object, who: "bytes | None" = None) -> dict[bytes, int]:
        """As in Feeds; what is reported as held is on the disk."""
        if self.archive is None:
            return super().take(now_ms, value, who)
        if isinstance(value, list) and len(value) <= MOST_RUNS:
            self._offered(value, who)
        held = super().take(now_ms, value, who)
        try:
            self.archive.flush()
        except LocalError as error:
            why = "cannot be kept now: " + error.detail
            raise RemoteError(why, codes.UNAVAILABLE, "offer it later") from None
        return held

    def _offered(self, runs: "list[Any]", who: "bytes | None") -> None:
        """RemoteError unless the archive has room for these runs, which were not requested."""
        for run in runs:
            author = author_of(run)
            if author != self.own.author and self.wants(author):
                self._let_in(author, run, who, False)

    def _admit(self, author: bytes, value: object, teller: "bytes | None") -> None:
        """RemoteError unless the archive has room for a run that was requested of `teller`.
        Without a teller it was offered, and admitted before.
        """
        if teller is not None:
            self._let_in(author, value, teller, True)

    def _let_in(self, author: bytes, value: object, teller: "bytes | None", asked: bool) -> None:
        rule = getattr(self.archive, "admit", None)
        if rule is not None:
            size = MORE
            if isinstance(value, list) and len(value) > 4 and isinstance(value[3], list):
                size += sum([len(entry) for entry in value[3] if isinstance(entry, bytes)])
            rule(author, size, teller, asked=asked)

    def _took(self, author: bytes, run: "Run") -> None:
        if self.archive is not None:
            self.archive.took(author, run)

    def _evidence(self, author: bytes, a: object, b: object) -> None:
        if self.archive is not None:
            self.archive.evidence(author, a, b)
            if (feed := self.foreign.get(author)) is not None:
                self._refill(feed)

    def _refill(self, feed: "Feed") -> None:
        """Load the newest entries from before a fork out of the archive, as far as there is room,
        for a feed whose entries in memory came after the fork.
        """
        end: int = feed.fork[0] if feed.fork else 0
        first = max(feed.next_seq, end - self._limits.foreign_tail)
        try:
            while self.archive is not None and first < end:
                run: Any = self.archive.run(feed.author, first, self._limits.run)
                if run is None or run[1] >= end:
                    return
                feed.join(walk(self._kit, run, self._limits))
                if feed.next_seq <= first:
                    return
                first = feed.next_seq
        except (RemoteError, LocalError):
            # the archive has the other branch, or is damaged: other peers may have the entries
            return

    def _older(self, feed: "Feed", run: "Run") -> "list[Any]":
        """The entries of a run, from before those in memory, that the archive lacks. Fork if the
        run contradicts the archive.
        """
        if self.archive is None or run.first >= feed.first_seq:
            return []
        gaps = self.archive.missing(run.author)
        values = [v for v in run.values if True in [low <= v[0] <= high for low, high in gaps]]
        if values:
            check_head(self._kit, run.author, run.head)
        else:
            self._compare(run)
        return values

    def _compare(self, run: "Run") -> None:
        """Raise Fork if a signed run contradicts the archive."""
        kept = self.archive.run(run.author, run.first, self._limits.run)
        if kept is None or kept[1] != run.first:
            return
        try:
            links = walk(self._kit, kept, self._limits).links
        except RemoteError:
            return  # the archive is damaged, which is no fault of the sender
        most = min(len(links), len(run.links))
        if kept[2] != run.before or links[:most] != run.links[:most]:
            theirs = [run.author, run.first, run.before, run.entries, run.head]
            self.prove(run.author, [kept, theirs])
            raise Fork(run.first, theirs)
