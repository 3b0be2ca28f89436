"""A feed as it is held: the newest entries of one author and the heads that vouch for them."""

from mesh.core.errors import LocalError, RemoteError
from mesh.core.limits import Limits
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
    walk,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mesh.core.primitives import Identity, Kit

_RUN_SIZE = 90  # bytes of a run besides its head and its entries, at most
_HEAD_SIZE = 154  # bytes of a head, at most
_ENTRY_SIZE = 3  # bytes of an entry's own CBOR head, at most

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


class Feed:
    """The newest entries of one author, at most `tail` of them, and heads that vouch for them.

    One's own feed grows by append() and sign(), another's by accept(). `start` is the seq before
    the first entry, `link` its link if that is not the genesis. To be read: first_seq, the oldest
    entry held; before, the link before it; gap, the first and last seq that were last skipped, or
    None; fork, the seq and run of the contradiction that ended the feed, or None; trouble, why
    entries could not be kept, or nothing.
    """

    trouble = ""
    # keep(first seq held, link before it, entries held, how many of them are new), or OSError: a
    # store, which has what a head covers before the head is signed
    _keep: "Callable[[int, bytes, list[bytes], int], None] | None" = None
    _kept = 0  # the last seq that the store has

    def __init__(
        self,
        kit: "Kit",
        author: bytes,
        tail: int,
        start: int = 0,
        link: "bytes | None" = None,
        limits: Limits | None = None,
    ) -> None:
        self.author = author
        self.gap: tuple[int, int] | None = None
        self.fork: tuple[int, object] | None = None
        self._kit = kit
        self._tail = tail
        self._limits = limits or Limits()
        self._begin(start + 1, link or genesis(kit, author))

    def _begin(self, first: int, before: bytes) -> None:
        self.first_seq = first
        self.before = before  # the link before the first entry held
        self._link = before  # the link of the last one
        self._entries: list[bytes] = []
        self._heads: list[tuple[int, bytes, bytes]] = []  # seq, link, head; ascending

    def resume(
        self,
        first: int,
        before: bytes,
        entries: "Iterable[bytes]",
        keep: "Callable[[int, bytes, list[bytes], int], None]",
    ) -> None:
        """Go on after entries that a store kept, from seq `first` on; it keeps what comes too."""
        self._begin(first, before)
        for entry in entries:
            self._extend([entry], next_link(self._kit, self._link, entry))
        self._keep = keep
        self._kept = self.next_seq - 1

    @property
    def unkept(self) -> int:
        """How many entries the store still has to take; 0 without one."""
        return self.next_seq - 1 - self._kept if self._keep else 0

    def keep(self) -> None:
        """Have the store take what is new. What it cannot take is not signed: see trouble."""
        if self._keep and self.unkept:
            try:
                self._keep(self.first_seq, self.before, self._entries, self.unkept)
                self._kept = self.next_seq - 1
                self.trouble = ""
            except OSError as error:
                self.trouble = str(error)

    @property
    def next_seq(self) -> int:
        """The seq that comes next."""
        return self.first_seq + len(self._entries)

    @property
    def newest(self) -> "bytes | None":
        """The last entry."""
        return self._entries[-1] if self._entries else None

    @property
    def head(self) -> "bytes | None":
        """The newest head."""
        return self._heads[-1][2] if self._heads else None

    def append(self, clock: list[object], kind: str, body: object) -> int:
        """Add an entry to one's own feed; its seq. LocalError if it is none or too large."""
        if self.fork:
            raise LocalError("this feed has forked", "somebody else has the key: make a new one")
        seq = self.next_seq
        entry = make_entry(self._kit, seq, clock, kind, body)
        if len(entry) > self._limits.entry:
            raise LocalError("entry too large")
        self._extend([entry], next_link(self._kit, self._link, entry))
        return seq

    def sign(self, identity: "Identity", first: int = 0) -> "bytes | None":
        """Sign what was appended, and kept if there is a store; the newest head, or None if there
        is nothing new.

        If that is more than fits in a run, it is signed piece by piece, so that all can be had.
        After a restart only what is wanted, from seq `first` on: an older part when asked for it.
        """
        last = self.first_seq - 1 + max(0, len(self._entries) - self.unkept)
        first = max(first, self.first_seq)
        if self._heads:
            at, link, _ = self._heads[-1]
            low = self._fitting(self._heads[0][0], self._limits.run - _HEAD_SIZE)
            if low > first:
                old = self._pieces(identity, (self.first_seq - 1, self.before), low - 1)
                self._heads = list(old) + self._heads
        else:
            at = max(self.first_seq - 1, min(first, last) - 1)
            link = self._link_at(at)
        if at >= last:
            return None
        for head in self._pieces(identity, (at, link), last):
            self._add_head(*head)
        return self.head

    def _pieces(
        self, identity: "Identity", start: "tuple[int, bytes]", last: int
    ) -> "Iterator[tuple[int, bytes, bytes]]":
        """Heads (seq, link, head) after a seq and its link, up to `last`, each for one run."""
        seq, link = start
        room = 0
        for entry in self._entries[seq + 1 - self.first_seq : last + 1 - self.first_seq]:
            size = len(entry) + _ENTRY_SIZE
            room -= size
            if room < 0:
                if seq > start[0]:
                    yield seq, link, seal_head(identity, seq, link)
                room = self._limits.run - _RUN_SIZE - _HEAD_SIZE - size
            link = next_link(self._kit, link, entry)
            seq += 1
        yield seq, link, seal_head(identity, seq, link)

    def run(self, first_seq: int, max_bytes: int) -> "list[object] | None":
        """A run of at most max_bytes from first_seq on, or from the first entry held.

        It ends at the last head up to which everything fits: ask for the rest from there. If not
        even the next head is so near, the oldest entries are left out. None if nothing is signed.
        """
        start = max(first_seq, self.first_seq)
        chosen = None
        for seq, _, head in self._heads:
            if seq >= start:
                low = self._fitting(seq, max_bytes - len(head))
                if low > start and chosen:
                    break
                chosen = (max(low, start), seq, head)
        if chosen is None or chosen[0] > chosen[1]:
            return None
        first, seq, head = chosen
        at = first - self.first_seq
        entries = self._entries[at : seq + 1 - self.first_seq]
        return [self.author, first, self._link_at(first - 1), entries, head]

    def accept(self, value: object) -> list[bytes]:
        """Take a run of this author, a decoded CBOR value; the entries that are new, if any.

        RemoteError if anything is wrong with it; Fork if it contradicts what is held, and for all
        that come later. The signature is only checked if something depends on it.
        """
        if self.fork:
            raise Fork(self.fork[0], self.fork[1])
        run = walk(self._kit, value, self._limits)
        if run.author != self.author:
            raise RemoteError("a run of another author")
        last = self.next_seq - 1
        common = min(run.seq, last)
        apart = common >= max(run.first, self.first_seq) - 1 and (
            _link_in(run, common) != self._link_at(common)
        )
        if run.seq <= last and not apart:
            return []
        check_head(self._kit, run.author, run.head)
        if apart:
            self.fork = (self._parting(run), value)
            raise Fork(self.fork[0], value)
        if run.first > last + 1:
            self.gap = (last + 1, run.first - 1)
            self._begin(run.first, run.before)
            last = run.first - 1
        new: list[bytes] = run.entries[last + 1 - run.first :]
        self._extend(new, run.links[-1])
        self._add_head(run.seq, run.links[-1], run.head)
        return new

    def _extend(self, entries: list[bytes], link: bytes) -> None:
        self._entries += entries
        self._link = link
        surplus = len(self._entries) - self._tail
        if surplus > 0:
            for entry in self._entries[:surplus]:
                self.before = next_link(self._kit, self.before, entry)
            self._entries = self._entries[surplus:]
            self.first_seq += surplus
            self._heads = [head for head in self._heads if head[0] >= self.first_seq]

    def _add_head(self, seq: int, link: bytes, head: bytes) -> None:
        """Keep the newest head, and of the older ones those that runs need to end at."""
        heads = self._heads
        room = self._limits.run - len(head)
        while len(heads) > 1 and self._fitting(seq, room) <= heads[-2][0] + 1:
            heads.pop()
        heads.append((seq, link, head))

    def _fitting(self, seq: int, room: int) -> int:
        """The first of the entries up to seq that together fit in a run with room for so much."""
        room -= _RUN_SIZE
        entries = self._entries
        at = seq - self.first_seq
        while at >= 0:
            room -= len(entries[at]) + _ENTRY_SIZE
            if room < 0:
                break
            at -= 1
        return at + 1 + self.first_seq

    def _signed(self, seq: int) -> "tuple[int, bytes]":
        """The last seq up to this one whose link is known without a walk, and its link."""
        at, link = self.first_seq - 1, self.before
        for known in self._heads:
            if known[0] <= seq:
                at, link = known[0], known[1]
        return at, link

    def _link_at(self, seq: int) -> bytes:
        """The link of an entry held, or of the one before the first."""
        if seq == self.next_seq - 1:
            return self._link
        at, link = self._signed(seq)
        for entry in self._entries[at + 1 - self.first_seq : seq + 1 - self.first_seq]:
            link = next_link(self._kit, link, entry)
        return link

    def _parting(self, run: "Run") -> int:
        """The first seq at which what is held and a run that ends apart from it disagree."""
        seq: int = max(run.first, self.first_seq) - 1
        link = self._link_at(seq)
        while link == _link_in(run, seq):
            link = next_link(self._kit, link, self._entries[seq + 1 - self.first_seq])
            seq += 1
        return seq


def _link_in(run: "Run", seq: int) -> bytes:
    link: bytes = run.before if seq < run.first else run.links[seq - run.first]
    return link
