"""The newest entries of one author as they lie in memory, and the heads that vouch for them."""

from mesh.core.limits import Limits
from mesh.core.ranges import END
from mesh.core.run import genesis, next_link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.primitives import Kit
    from mesh.core.run import Run

RUN_SIZE = 90  # bytes of a run besides its head and its entries, at most
HEAD_SIZE = 154  # bytes of a head, at most
SHORT = 32  # bytes of a short entry
ENTRY_SIZE = 3  # bytes of an entry's own CBOR head, at most
FULL = "the feed is full: only under a new key can more be written"


class Tail:
    """Consecutive entries, at most `tail` of them, and heads. See Feed, which grows it."""

    quiet = False  # of the own one: nothing is kept or signed, see mesh.core.newest
    since = 0  # the last seq of former starts

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
        self._room = 1 << 30  # bytes of entries, of which the newest stays
        self._limits = limits or Limits()
        link = link or genesis(kit, author)
        # what was had before, and its head if there was one; not taken again: seq, link, head
        self.floor: tuple[int, bytes, bytes | None] = (start, link, None)
        self._begin(start + 1, link)

    def _begin(self, first: int, before: bytes) -> None:
        entries: list[bytes] = []
        self._heads: list[tuple[int, bytes, bytes]] = []  # seq, link, head; ascending
        self._size = 0  # of the entries
        self._entries = entries  # made before: without memory for it nothing has changed
        self.first_seq = first
        self.before = before  # the link before the first entry held
        self._link = before  # the link of the last one

    def within(self, room: int) -> None:
        """Have the entries take no more bytes than that from now on."""
        self._room = room

    @property
    def end_seq(self) -> int:
        """The seq behind the last entry that is held."""
        return self.first_seq + len(self._entries)

    @property
    def is_full(self) -> bool:
        """Whether it has the last entry that there can be."""
        return self.end_seq >= END

    @property
    def spare(self) -> int:
        """How many older entries there is room for, if they are short."""
        return min(self._tail - len(self._entries), (self._room - self._size) // SHORT)

    @property
    def newest(self) -> "bytes | None":
        """The last entry."""
        return self._entries[-1] if self._entries else None

    @property
    def head(self) -> "bytes | None":
        """The newest head."""
        return self._heads[-1][2] if self._heads else None

    @property
    def held(self) -> "list[Any] | None":
        """The seq of the newest head, and the beginning of the link there."""
        return [self._heads[-1][0], self._heads[-1][1][:8]] if self._heads else None

    def behind(self, seq: int) -> "list[bytes]":
        """The entries after that seq."""
        return self._entries[max(0, seq + 1 - self.first_seq) :]

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
        return [self.author, first, self.link_at(first - 1), entries, head]

    def _push(self, entry: bytes, link: bytes) -> None:
        """Add an entry with its link; of a full tail the oldest goes first. So it does where there
        is no room for a longer list in one piece, as in a heap that was in use for days. If there
        is no memory, no entry is there that was not.
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
        """Forget the oldest entry, if there is one."""
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
        """Put entries of a run that reaches as far as what is held before that, the newest of them
        as far as there is room.
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
        """Forget the entries held, if the newest head vouches for all: it goes on behind them."""
        last = self._heads[-1] if self._heads else None
        if last is not None and last[0] == self.end_seq - 1:
            self._begin(last[0] + 1, last[1])
            self.floor = last
            self._heads.append(last)

    def _add_head(self, seq: int, link: bytes, head: bytes) -> None:
        """Keep the newest head, and of the older ones those that runs need to end at."""
        heads = self._heads
        low = self._fitting(seq, self._limits.run - len(head))
        heads.append((seq, link, head))
        while len(heads) > 2 and low <= heads[-3][0] + 1:
            heads.pop(-2)

    def _fitting(self, seq: int, room: int) -> int:
        """The first of the entries up to seq that together fit in a run with room for so much."""
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
        """The last seq up to this one whose link is known without a walk, and its link."""
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
        for n in range(at + 1 - self.first_seq, seq + 1 - self.first_seq):  # a slice takes a heap
            link = next_link(self._kit, link, self._entries[n])
        return link
