"""What outlives a crash: counter, number of starts, and the own feed's journal."""

import errno
from typing import Any

from mesh.core.counter import Counter
from mesh.core.feed import Feed

BLOCK = 64  # counters that are skipped at most by a crash


class PowerLoss(Exception):
    """The power went in the middle of a write."""


class Disk:
    """One peer's disk. `full`: nothing can be written; `tearing`: the power goes at the next
    write; `last`: the seq up to which the own feed is safe; `has_journal`: else it is not kept.
    """

    def __init__(self) -> None:
        self.has_journal = True
        self.boots = 0
        self.full = False
        self.tearing = False
        self.last = 0
        self._limit = 0
        self._tail: tuple[int, bytes, list[bytes]] | None = None

    def counter(self) -> Counter:
        """The counter of the next start."""
        return Counter(self._limit, BLOCK, self._save)

    def _save(self, limit: int) -> None:
        self._limit = limit

    def wipe(self) -> None:
        """Lose the journal, as a bad flash does."""
        self._tail = None

    def restore(self, feed: Feed) -> None:
        """Put the own feed where it was, and keep what comes."""
        if not self.has_journal:
            self.last = 1 << 63
            return
        first, before, entries = self._tail or (feed.first_seq, feed.before, [])
        self._tail = (first, before, entries)
        feed.resume(first, before, list(entries), self.keep)
        self.last = feed.next_seq - 1

    def keep(self, first: int, before: bytes, entries: list[bytes], new: int) -> None:
        """Write the last `new` entries, or raise OSError; or have the power go halfway."""
        if self.full:
            raise OSError(errno.ENOSPC, "no space left on the disk")
        tail: Any = self._tail
        at = first + len(entries) - new
        whole = tail[2] if tail and tail[0] + len(tail[2]) == at else None
        if whole is None:
            self._tail = (first, before, list(entries))
        elif self.tearing:
            whole += entries[len(entries) - new :][: new // 2]
        else:
            whole += entries[len(entries) - new :]
        if self.tearing:
            self.tearing = False
            raise PowerLoss
        self.last = first + len(entries) - 1
