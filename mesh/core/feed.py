"""A feed as it is held: the newest entries of one author and the heads that vouch for them."""

from mesh.core.errors import LocalError, RemoteError
from mesh.core.run import (
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
from mesh.core.tail import ENTRY_SIZE, FULL, HEAD_SIZE, RUN_SIZE, Tail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mesh.core.primitives import Identity

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
    """Two signed statements of one author disagree at `seq`; `run` is the one that came second."""

    def __init__(self, seq: int, run: object) -> None:
        super().__init__("contradicts what the author signed before")
        self.seq = seq
        self.run = run


class Feed(Tail):
    """The newest entries of one author, at most `tail` of them, and heads that vouch for them.

    One's own feed grows by append() and sign(), another's by accept(). `start` is the seq before
    the first entry, `link` its link if that is not the genesis. To be read: first_seq, the oldest
    entry held; before, the link before it; gap, the first and last seq that were last skipped, or
    None; fork, what ended the feed: (seq, and two statements of the author that disagree there);
    trouble, why entries could not be kept, or nothing.
    """

    trouble = ""
    # keep(first seq held, link before it, entries held, how many of them are new), or OSError: a
    # store, which has what a head covers before the head is signed
    _keep: "Callable[[int, bytes, list[bytes], int], None] | None" = None
    _kept = 0  # the last seq that the store has
    gap: "tuple[int, int] | None" = None
    fork: "tuple[int, object, object] | None" = None
    # who gave us the newest of it, and who else is known to have that; Feeds keeps count
    source: "bytes | None" = None
    known: "tuple[bytes, ...]" = ()
    version = 0
    dug: "tuple[bytes, int] | None" = None  # who was last asked for what is before a fork

    def unknown_to(self, peer: "bytes | None") -> None:
        """Note that a peer may not have the newest: it asks for it, or lost what it had."""
        if peer in self.known:
            self.known = tuple([one for one in self.known if one != peer])

    def begin_at(self, head: bytes) -> None:
        """Vouch for the link before the first entry by a head up to there."""
        self.floor = (self.first_seq - 1, self.before, head)
        self._heads.append((self.first_seq - 1, self.before, head))

    def resume(
        self,
        first: int,
        before: bytes,
        entries: "Iterable[bytes]",
        keep: "Callable[[int, bytes, list[bytes], int], None] | None" = None,
    ) -> None:
        """Go on after entries that a store kept, from seq `first` on; it keeps what comes too."""
        self._begin(first, before)
        for entry in entries:
            self._push(entry, next_link(self._kit, self._link, entry))
        self._keep = keep or self._keep
        self._kept = self.since = self.next_seq - 1

    @property
    def unkept(self) -> int:
        """How many entries the store still has to take; 0 without one."""
        return self.next_seq - 1 - self._kept if self._keep else 0

    def keep(self) -> None:
        """Have the store take what is new. What it cannot take is not signed: see trouble."""
        if self._keep and self.unkept and not self.quiet:
            try:
                self._keep(self.first_seq, self.before, self._entries, self.unkept)
                self._kept = self.next_seq - 1
                self.trouble = ""
            except OSError as error:
                self.trouble = str(error)

    @property
    def next_seq(self) -> int:
        """The seq that comes next."""
        end = self.end_seq
        return min(end, self.fork[0]) if self.fork else end

    def append(self, clock: list[object], kind: str, body: object) -> int:
        """Add an entry to one's own feed; its seq. LocalError if it is none or too large."""
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
        """Sign what was appended, and kept if there is a store; the newest head, or None if there
        is nothing new.

        If that is more than fits in a run, it is signed piece by piece, so that all can be had.
        After a restart only what is wanted, from seq `first` on: an older part when asked for it.
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
        """Heads (seq, link, head) after the seq `start`, up to `last`, each for one run."""
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
        """Take a run of this author, a decoded CBOR value; the entries that are new, if any.

        RemoteError if anything is wrong with it; Fork if it contradicts what is held, and for all
        that come later. The signature is only checked if something depends on it.
        """
        run = walk(self._kit, value, self._limits)
        if run.author != self.author:
            raise RemoteError("a run of another author")
        start, stop = self.join(run)
        entries: list[bytes] = run.entries[start:stop]
        return entries

    def join(self, run: Run) -> "tuple[int, int]":
        """Take a run that walk() gave; which of its entries are new, from and up to.

        As accept(). Behind a gap it begins anew; what touches its beginning is put before it, as
        far as there is room.
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
        """How many entries go before what is held. Fork if a run contradicts that."""
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
        """Begin anew with a run that begins behind a gap."""
        at = run.first - 1
        if run.before == seam(self._kit, run.author, at):
            self.floor = (at, run.before, None)  # nothing is before it
        else:
            self.gap = (last + 1, at)
            if last:
                self.floor = (last, self._link, self.head)
        self._begin(run.first, run.before)

    def _split(self, run: Run, seq: int) -> None:
        """Note that a run contradicts what is held, if it is signed. Fork, or RemoteError."""
        from mesh.core import evidence  # noqa: PLC0415 - heap only where it is used

        check_head(self._kit, run.author, run.head)
        mine = self.statement(seq)
        theirs = evidence.cut(run, seq)
        if mine is not None and (self.fork is None or seq < self.fork[0]):
            self.freeze(seq, mine, theirs)
        raise Fork(seq, theirs)

    def freeze(self, seq: int, a: object, b: object) -> None:
        """End the feed before seq, where two statements of the author, both checked, disagree."""
        self.fork = (seq, a, b)
        if seq < self.first_seq:
            link = genesis(self._kit, self.author)  # all of it may be had anew, up to seq
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
        """The shortest signed statement held that says what the link at seq is, or None."""
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
        """The first seq at which what is held and a run that ends apart from it disagree."""
        seq: int = max(run.first, self.first_seq) - 1
        link = self.link_at(seq)
        while link == _link_in(run, seq):
            link = next_link(self._kit, link, self._entries[seq + 1 - self.first_seq])
            seq += 1
        return seq


def _link_in(run: Run, seq: int) -> bytes:
    link: bytes = run.before if seq < run.first else run.links[seq - run.first]
    return link
