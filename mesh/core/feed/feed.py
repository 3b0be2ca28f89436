"""One author's feed as it is held: its newest entries and the signed heads that cover them."""

from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.chain import (
    Run,
    check_head,
    genesis,
    make_entry,
    next_link,
    open_head,
    read_entry,
    read_run,
    seal_head,
    seam,
    walk,
)
from mesh.core.feed.tail import ENTRY_SIZE, FULL, HEAD_SIZE, RUN_SIZE, Tail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mesh.core.kit import Identity

__all__ = (
    "Feed",
    "Fork",
    "Run",
    "genesis",
    "make_entry",
    "next_link",
    "open_head",
    "read_entry",
    "read_run",
    "seal_head",
)


class Fork(RemoteError):
    """Raised if a run contradicts what its author signed before: at `seq` they differ; `run`
    proves it.
    """

    def __init__(self, seq: int, run: object) -> None:
        super().__init__("contradicts what the author signed before")
        self.seq = seq
        self.run = run


class Feed(Tail):
    """One author's feed: its newest entries, at most `tail` of them, and the heads that cover
    them.

    One's own feed grows by append() and sign(), another's by accept(). `start` is the seq before
    the first entry, `link` its link if that is not the genesis. To be read: first_seq, the oldest
    entry held; before, the link before it; gap, the first and last seq that were last skipped, or
    None; fork, what ended the feed: (seq, and two statements of the author that disagree there);
    trouble, why entries could not be kept, or nothing.
    """

    # The store: keep(first seq held, link before it, entries held, how many of them are new), or
    # OSError. Entries are stored before a head that covers them is signed.
    _keep: "Callable[[int, bytes, list[bytes], int], None] | None" = None
    _kept = 0  # the last seq in the store
    gap: "tuple[int, int] | None" = None
    fork: "tuple[int, object, object] | None" = None
    # the peer that gave us the newest entries, and the peers known to have them (see Feeds)
    source: "bytes | None" = None
    known: "tuple[bytes, ...]" = ()
    version = 0

    def known_to(self, peer: bytes) -> None:
        """Note that a peer has the newest entries."""
        if peer not in self.known:
            self.known += (peer,)

    def unknown_to(self, peer: "bytes | None") -> None:
        """Note that a peer may lack the newest entries: it asks for them, or has lost them."""
        if peer in self.known:
            self.known = tuple([one for one in self.known if one != peer])

    def resume(
        self,
        first: int,
        before: bytes,
        entries: "Iterable[bytes]",
        keep: "Callable[[int, bytes, list[bytes], int], None] | None" = None,
    ) -> None:
        """Load entries from a store, the first of which has seq `first`; `keep` stores later
        ones.
        """
        self._begin(first, before)
        for entry in entries:
            self._push(entry, next_link(self._kit, self._link, entry))
        self._keep = keep or self._keep
        self._kept = self.since = self.next_seq - 1

    @property
    def unkept(self) -> int:
        """How many entries are not stored yet; 0 without a store."""
        return self.next_seq - 1 - self._kept if self._keep else 0

    def keep(self) -> None:
        """Store new entries. On failure they are not signed, and `trouble` has the reason."""
        if self._keep and self.unkept and not self.quiet:
            try:
                self._keep(self.first_seq, self.before, self._entries, self.unkept)
                self._kept = self.next_seq - 1
                self.trouble = ""
            except OSError as error:
                self.trouble = str(error)

    @property
    def next_seq(self) -> int:
        """The seq that the next entry will have."""
        end = self.end_seq
        return min(end, self.fork[0]) if self.fork else end

    def append(self, clock: list[object], kind: str, body: object) -> int:
        """Add an entry to one's own feed and give its seq. LocalError if it is invalid or too
        large.
        """
        if self.fork:
            raise LocalError("this feed has forked", "somebody else has the key: make a new one")
        if self.is_full:
            raise LocalError(FULL)
        seq = self.next_seq
        entry = make_entry(self._kit, seq, clock, kind, body)
        if len(entry) > self._limits.entry:
            raise LocalError("entry too large")
        self._push(entry, next_link(self._kit, self._link, entry))
        return seq

    def sign(self, identity: "Identity", first: int = 0) -> "bytes | None":
        """Sign new entries (those that are stored, if there is a store). Gives the newest head, or
        None if nothing is new. One head for each part that fits in a run, so that all can be sent.
        After a restart, entries before seq `first` are not signed again until they are asked for.
        """
        if self.quiet:
            return None
        last = self.first_seq - 1 + max(0, len(self._entries) - self.unkept)
        first = max(first, self.first_seq)
        if self._heads:
            at = self._heads[-1][0]
            low = self._fitting(self._heads[0][0], self._limits.run - HEAD_SIZE)
            if low > first:
                old = self._pieces(identity, self.first_seq - 1, low - 1)
                self._heads = list(old) + self._heads
        else:
            at = max(self.first_seq - 1, min(first, last) - 1)
        if at >= last:
            return None
        for head in self._pieces(identity, at, last):
            self._add_head(*head)
        return self.head

    def _pieces(
        self, identity: "Identity", start: int, last: int
    ) -> "Iterator[tuple[int, bytes, bytes]]":
        """Heads (seq, link, head) from after `start` up to `last`, one for each run."""
        seq = start
        room = 0
        ends = []
        for at in range(seq + 1 - self.first_seq, last + 1 - self.first_seq):
            size = len(self._entries[at]) + ENTRY_SIZE
            room -= size
            if room < 0:
                if seq > start:
                    ends.append(seq)
                room = self._limits.run - RUN_SIZE - HEAD_SIZE - size
            seq += 1
        ends.append(seq)
        for end in ends:
            link = self.link_at(end)
            yield end, link, seal_head(identity, end, link)

    def accept(self, value: object) -> list[bytes]:
        """Verify a run of this author, a decoded CBOR value, and add it. Gives its new entries.
        RemoteError if it is invalid; Fork if it contradicts what is held, or comes after a fork.
        The signature is only checked if there is something to add.
        """
        run = walk(self._kit, value, self._limits)
        if run.author != self.author:
            raise RemoteError("a run of another author")
        start, stop = self.join(run)
        entries: list[bytes] = run.entries[start:stop]
        return entries

    def join(self, run: Run) -> "tuple[int, int]":
        """Add a run that walk() gave. Gives the range of its new entries, as [from, to). Errors as
        in accept(). After a gap, what was held is replaced; older entries that adjoin what is held
        are put before it, as far as there is room.
        """
        fork = self.fork
        if fork and run.first >= fork[0]:
            raise Fork(fork[0], fork[2])
        last = self.end_seq - 1
        older = self._older(run, last)
        if (run.seq <= last or (fork and last >= fork[0] - 1)) and older <= 0:
            return 0, 0
        check_head(self._kit, run.author, run.head)
        if older > 0:
            stop = self.first_seq - run.first
            self._prepend(run, stop - older, stop)
            return stop - older, stop
        if run.first > last + 1:
            self._leap(run, last)
            last = run.first - 1
        start = last + 1 - run.first
        for at in range(start, len(run.entries)):
            self._push(run.entries[at], run.links[at])
        self._add_head(run.seq, run.links[-1], run.head)
        return start, len(run.entries) - max(0, self.end_seq - self.next_seq)

    def _older(self, run: Run, last: int) -> int:
        """How many entries of a run go before what is held. Fork if the run contradicts that."""
        common = min(run.seq, last)
        meets = common >= max(run.first, self.first_seq) - 1
        if meets and _link_in(run, common) != self.link_at(common):
            self._split(run, self._parting(run))
        floor, link, head = self.floor
        if head and run.first - 1 <= floor <= run.seq and _link_in(run, floor) != link:
            self._split(run, floor)
        if not meets or run.seq > last:
            return 0
        older: int = min(self.first_seq - max(run.first, floor + 1), self.spare)
        return older

    def _leap(self, run: Run, last: int) -> None:
        """Replace what is held by a run that comes after a gap."""
        at = run.first - 1
        if run.before == seam(self._kit, run.author, at):
            self.floor = (at, run.before, None)  # the author has nothing before it
        else:
            self.gap = (last + 1, at)
            if last:
                self.floor = (last, self._link, self.head)
        self._begin(run.first, run.before)

    def _split(self, run: Run, seq: int) -> None:
        """Record a fork, if the contradicting run is signed. Always raises Fork, or
        RemoteError.
        """
        from mesh.core.feed.fork_proof import cut  # noqa: PLC0415 - heap only where it is used

        check_head(self._kit, run.author, run.head)
        mine = self.statement(seq)
        theirs = cut(run, seq)
        if mine is not None and (self.fork is None or seq < self.fork[0]):
            self.freeze(seq, mine, theirs)
        raise Fork(seq, theirs)

    def freeze(self, seq: int, a: object, b: object) -> None:
        """End the feed before seq, at which two verified statements of the author contradict."""
        self.fork = (seq, a, b)
        if seq < self.first_seq:
            # it may be fetched anew from its beginning, up to seq
            link = genesis(self._kit, self.author)
            self._begin(1, link)
            self.floor = (0, link, None)
        heads = self._heads
        while len(heads) > 1 and heads[-2][0] >= seq - 1:
            heads.pop()
        if heads and heads[-1][0] < self.end_seq - 1:
            self._link = heads[-1][1]
            self._entries = self._entries[: heads[-1][0] + 1 - self.first_seq]
            self._size = sum([len(entry) for entry in self._entries])

    def statement(self, seq: int) -> object:
        """The shortest signed statement held that proves the link at seq, or None."""
        if seq == self.floor[0] and self.floor[2]:
            return self.floor[2]
        for at, _, head in self._heads:
            if at == seq:
                return head
            if at > seq:
                first = max(seq, self.first_seq)
                entries = self._entries[first - self.first_seq : at + 1 - self.first_seq]
                return [self.author, first, self.link_at(first - 1), entries, head]
        return None

    def _parting(self, run: Run) -> int:
        """The first seq at which a run differs from what is held, if their last links differ."""
        seq: int = max(run.first, self.first_seq) - 1
        link = self.link_at(seq)
        while link == _link_in(run, seq):
            link = next_link(self._kit, link, self._entries[seq + 1 - self.first_seq])
            seq += 1
        return seq


def _link_in(run: Run, seq: int) -> bytes:
    link: bytes = run.before if seq < run.first else run.links[seq - run.first]
    return link
