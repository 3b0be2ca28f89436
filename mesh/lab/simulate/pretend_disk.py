"""Simulated disk, which survives a crash: counter, number of starts, the own feed's journal."""

import errno
from typing import Any

from mesh.core.feed.feed import Feed
from mesh.core.security.counter import Counter

BLOCK = 64  # most counters skipped by a crash


class PowerLoss(Exception):
    """Power was cut during a write."""


class Disk:
    """A peer's disk. `full`: nothing can be written; `tearing`: power is cut at the next write;
    `last`: the last durable seq of the own feed; `has_journal`: whether that is stored at all.
    """

    def __init__(self) -> None:
        self.has_journal = True
        self.boots = 0
        self.full = False
        self.tearing = False
        self.last = 0
        self.notes: Any = None  # of agreements: mesh.lab.simulate.pretend_relating.Notes
        self._limit = 0
        self._tail: tuple[int, bytes, list[bytes]] | None = None

    def counter(self) -> Counter:
        """The counter of the next start."""
        return Counter(self._limit, BLOCK, self._save)

    def _save(self, limit: int) -> None:
        self._limit = limit

    def wipe(self) -> None:
        """Lose the journal, as by a bad flash."""
        self._tail = self.notes = None

    def restore(self, feed: Feed) -> None:
        """Load the own feed, and store new entries."""
        if not self.has_journal:
            self.last = 1 << 63
            return
        first, before, entries = self._tail or (feed.first_seq, feed.before, [])
        self._tail = (first, before, entries)
        feed.resume(first, before, list(entries), self.keep)
        self.last = feed.next_seq - 1

    def keep(self, first: int, before: bytes, entries: list[bytes], new: int) -> None:
        """Write the last `new` entries. OSError; or power is cut halfway."""
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
