"""The tail of a feed in memory: one author's newest entries, and the heads that cover them."""

from mesh.core.feed.chain import genesis, next_link
from mesh.core.limits import Limits
from mesh.core.ranges import END

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.feed.chain import Run
    from mesh.core.kit import Kit

RUN_SIZE = 90  # most bytes of a run besides its head and its entries
HEAD_SIZE = 154  # most bytes of a head
SHORT = 32  # bytes of a short entry, to estimate room
ENTRY_SIZE = 3  # most bytes of the CBOR head of an entry, or of a head
FULL = "the feed is full: go on under a new key"


class Tail:
    """The newest entries of a feed, at most `tail` of them, and heads. Feed adds what changes
    it.
    """

    quiet = False  # the own feed only: nothing is stored or signed, see hush()
    trouble = ""
    _stopped = False
    since = 0  # the last seq of the start before this one

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
        self._kit = kit
        self._tail = tail
        self._room = 1 << 30  # most bytes of entries; the newest always stays
        self._limits = limits or Limits()
        link = link or genesis(kit, author)
        # (seq, link, head or None) up to which entries were held before; they are not accepted
        # again
        self.floor: tuple[int, bytes, bytes | None] = (start, link, None)
        self._begin(start + 1, link)

    def _begin(self, first: int, before: bytes) -> None:
        entries: list[bytes] = []
        self._heads: list[tuple[int, bytes, bytes]] = []  # seq, link, head; ascending
        self._size = 0  # bytes of the entries
        self._entries = entries  # allocated above, so that a MemoryError changes nothing
        self.first_seq = first
        self.before = before  # the link before the first entry held
        self._link = before  # the link of the last entry held

    def hush(self, quiet: bool, why: str = "") -> None:
        """Stop or resume storing and signing (see mesh.core.replication.rollback). With a reason
        `why` it stops for good.
        """
        if why:
            self.trouble, self._stopped = why, True
        self.quiet = quiet or self._stopped

    def within(self, room: int, tail: int = 1 << 30) -> None:
        """Limit the entries to `room` bytes, and to `tail` of them."""
        self._room = room
        self._tail = min(self._tail, tail)

    @property
    def end_seq(self) -> int:
        """The seq after the last entry held."""
        return self.first_seq + len(self._entries)

    @property
    def is_full(self) -> bool:
        """Whether the feed has reached the highest possible seq."""
        return self.end_seq >= END

    @property
    def spare(self) -> int:
        """How many older entries there is room for, if they are short."""
        return min(self._tail - len(self._entries), (self._room - self._size) // SHORT)

    @property
    def newest(self) -> "bytes | None":
        """The last entry, or None."""
        return self._entries[-1] if self._entries else None

    @property
    def head(self) -> "bytes | None":
        """The newest head, or None."""
        return self._heads[-1][2] if self._heads else None

    @property
    def held(self) -> "list[Any] | None":
        """[seq of the newest head, first 8 bytes of the link there], or None."""
        return [self._heads[-1][0], self._heads[-1][1][:8]] if self._heads else None

    def behind(self, seq: int) -> "list[bytes]":
        """The entries after seq."""
        return self._entries[max(0, seq + 1 - self.first_seq) :]

    def run(self, first_seq: int, max_bytes: int) -> "list[object] | None":
        """A run of at most max_bytes from seq first_seq on, or from the oldest entry held.

        It ends at the last head up to which everything fits; the rest is asked for next. If no
        head is near enough, the oldest entries are left out. None if nothing is signed.
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
        return [self.author, first, self.link_at(first - 1), entries, head]

    def _push(self, entry: bytes, link: bytes) -> None:
        """Add an entry with its link, and drop the oldest of a full tail.

        If there is no room for a longer list in one piece, as in a fragmented heap, the oldest is
        dropped as well. A MemoryError leaves no half-added entry.
        """
        entries = self._entries
        while entries and (len(entries) >= self._tail or self._size + len(entry) > self._room):
            self._drop()
        try:
            entries.append(entry)
        except MemoryError:
            self._drop()
            entries.append(entry)
        self._size += len(entry)
        self._link = link

    def _drop(self) -> None:
        """Drop the oldest entry, if there is one."""
        entries = self._entries
        if entries:
            before, first = next_link(self._kit, self.before, entries[0]), self.first_seq + 1
            self._size -= len(entries.pop(0))
            self.before = before
            self.first_seq = first
            heads = self._heads
            while heads and heads[0][0] < first:
                heads.pop(0)

    def _prepend(self, run: "Run", start: int, stop: int) -> None:
        """Put entries of a run before the first one held: the newest of them, as far as there is
        room. They have to adjoin it.
        """
        at, size = stop, self._size
        while at > start and size + len(run.entries[at - 1]) <= self._room:
            at -= 1
            size += len(run.entries[at])
        first, entries = run.first + at, run.entries[at:stop] + self._entries
        self.before = run.before if not at else run.links[at - 1]
        self.first_seq = first
        self._entries = entries
        self._size = size
        if not self._heads or run.seq < self._heads[0][0]:
            self._heads.insert(0, (run.seq, run.links[-1], run.head))

    def shed(self) -> None:
        """Drop all entries, if the newest head covers them. The feed continues after them."""
        last = self._heads[-1] if self._heads else None
        if last is not None and last[0] == self.end_seq - 1:
            self._begin(last[0] + 1, last[1])
            self.floor = last
            self._heads.append(last)

    def _add_head(self, seq: int, link: bytes, head: bytes) -> None:
        """Add the newest head, and drop older ones that no run needs."""
        heads = self._heads
        low = self._fitting(seq, self._limits.run - len(head))
        heads.append((seq, link, head))
        while len(heads) > 2 and low <= heads[-3][0] + 1:
            heads.pop(-2)

    def _fitting(self, seq: int, room: int) -> int:
        """The lowest seq from which entries up to `seq` fit into a run of `room` bytes."""
        room -= RUN_SIZE
        entries = self._entries
        at = seq - self.first_seq
        while at >= 0:
            room -= len(entries[at]) + ENTRY_SIZE
            if room < 0:
                break
            at -= 1
        return at + 1 + self.first_seq

    def _signed(self, seq: int) -> "tuple[int, bytes]":
        """The last seq up to `seq` whose link is stored, and that link."""
        at, link = self.first_seq - 1, self.before
        for known in self._heads:
            if known[0] <= seq:
                at, link = known[0], known[1]
        return at, link

    def link_at(self, seq: int) -> bytes:
        """The link of an entry held, or of the one before the first."""
        if seq == self.end_seq - 1:
            return self._link
        at, link = self._signed(seq)
        # a slice would allocate
        for n in range(at + 1 - self.first_seq, seq + 1 - self.first_seq):
            link = next_link(self._kit, link, self._entries[n])
        return link
