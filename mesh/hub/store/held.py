"""Index in memory of the entries held of each author, including those not yet written."""

import sqlite3
import threading
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

from mesh.core.feed.chain import seam
from mesh.hub.desktop_kit import make_kit

MOST = 4096  # parts of a feed, with gaps between them
Span = tuple[int, int]  # first and last seq


class Held:
    """The spans of entries held, by author."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kit = make_kit()
        self._spans: dict[bytes, list[Span]] = {}
        # seqs after which an author continued after a rollback
        self._seams: dict[bytes, set[int]] = {}
        self._floors: dict[bytes, int] = {}

    def load(self, database: sqlite3.Connection) -> None:
        """Read the index from the file."""
        for id, key, floor in database.execute("SELECT id, key, floor FROM author").fetchall():
            self._floors[key] = floor
            for first, last in spans_of(database, id):
                self._spans.setdefault(key, []).append((first, last))
                self._note_seam(key, first, _before(database, id, first))

    def add(self, author: bytes, first: int, before: bytes, last: int, most: int = MOST) -> bool:
        """Add entries, with the link before them. False, and they do not count as held, if they
        would be a part more than `most`.
        """
        with self._lock:
            if len(self._spans.get(author, ())) >= most and not self._touches(author, first, last):
                return False
            self._add(author, first, before, last)
            return True

    def drop(self, author: bytes) -> None:
        """Remove an author."""
        with self._lock:
            self._spans.pop(author, None)
            self._seams.pop(author, None)
            self._floors.pop(author, None)

    def _touches(self, author: bytes, first: int, last: int) -> bool:
        """Whether entries adjoin or are in a part that is held."""
        spans = self._spans[author]
        at = bisect_right(spans, (last + 2,)) - 1
        return at >= 0 and spans[at][1] >= first - 1

    def _add(self, author: bytes, first: int, before: bytes, last: int) -> None:
        spans = self._spans.setdefault(author, [])
        if spans and spans[-1][0] <= first <= spans[-1][1] + 1:  # the usual case
            if last > spans[-1][1]:
                spans[-1] = (spans[-1][0], last)
            return
        self._note_seam(author, first, before)
        low = bisect_right(spans, (first - 1,))
        if low and spans[low - 1][1] >= first - 1:
            low -= 1
        high = low
        while high < len(spans) and spans[high][0] <= last + 1:
            first, last = min(first, spans[high][0]), max(last, spans[high][1])
            high += 1
        spans[low:high] = [(first, last)]

    def raise_floor(self, author: bytes, seq: int) -> None:
        """Note that entries of an author below `seq` are not wanted any more."""
        with self._lock:
            self._floors[author] = max(seq, self._floors.get(author, 0))
            spans = self._spans.get(author, [])
            self._spans[author] = [(max(a, seq), b) for a, b in spans if b >= seq]

    def forget(self, author: bytes, first: int, last: int) -> None:
        """Remove entries that are no longer held."""
        with self._lock:
            kept: list[Span] = []
            for a, b in self._spans.get(author, []):
                kept += [(a, min(b, first - 1))] if a < first else []
                kept += [(max(a, last + 1), b)] if b > last else []
            self._spans[author] = kept

    def missing(self, author: bytes) -> list[Span]:
        """The gaps, as [(first, last)]. What lies before a seam (rollback) is no gap."""
        with self._lock:
            spans = list(self._spans.get(author, []))
        seams = self._seams.get(author, ())
        floor = self._floors.get(author, 0)
        gaps = [(max(one[1] + 1, floor), two[0] - 1) for one, two in self._pairs(spans, floor)]
        return [gap for gap in gaps if gap[0] <= gap[1] and gap[1] + 1 not in seams]

    @staticmethod
    def _pairs(spans: list[Span], floor: int) -> Iterator[tuple[Span, Span]]:
        """Pairs of neighbouring spans, the first one with the beginning of the feed."""
        return pairwise([(0, max(0, floor - 1)), *spans])

    def _note_seam(self, author: bytes, first: int, before: bytes) -> None:
        if first > 1 and before == seam(self._kit, author, first - 1):
            self._seams.setdefault(author, set()).add(first)


def spans_of(database: sqlite3.Connection, author: int) -> Iterator[Span]:
    """The spans of entries in an author's rows, in order."""
    start = end = 0
    for first, last in database.execute(
        "SELECT first, last FROM run WHERE author = ? ORDER BY first", (author,)
    ):
        if first == end + 1 and end:
            end = last
            continue
        if end:
            yield start, end
        start, end = first, last
    if end:
        yield start, end


def _before(database: sqlite3.Connection, author: int, first: int) -> bytes:
    row = database.execute(
        "SELECT before FROM run WHERE author = ? AND first = ?", (author, first)
    ).fetchone()
    before: object = row[0]
    return before if isinstance(before, bytes) else b""  # damaged: found when it is read
