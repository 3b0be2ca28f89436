"""Which entries are held of whom, in memory: also what is on its way into the file."""

import sqlite3
import threading
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

from mesh.hub.store import rows

MOST = 4096  # parts of one feed, with gaps between them
Span = tuple[int, int]  # first and last seq


class Held:
    """The spans of entries that are held of each author."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: dict[bytes, list[Span]] = {}
        self._seams: dict[bytes, set[int]] = {}  # seqs at which an author went on anew
        self._floors: dict[bytes, int] = {}

    def load(self, database: sqlite3.Connection) -> None:
        """Learn what is in the file."""
        for id, key, floor in database.execute("SELECT id, key, floor FROM author").fetchall():
            self._floors[key] = floor
            for first, last in spans_of(database, id):
                self._spans.setdefault(key, []).append((first, last))
                self._note_seam(key, first, _before(database, id, first))

    def add(self, author: bytes, first: int, before: bytes, last: int, most: int = MOST) -> bool:
        """Entries that came, and the link before them. False if they would be one part more than
        `most`: then they are not held.
        """
        with self._lock:
            if len(self._spans.get(author, ())) >= most and not self._touches(author, first, last):
                return False
            self._add(author, first, before, last)
            return True

    def drop(self, author: bytes) -> None:
        """Nothing of an author is held any more."""
        with self._lock:
            self._spans.pop(author, None)
            self._seams.pop(author, None)
            self._floors.pop(author, None)

    def _touches(self, author: bytes, first: int, last: int) -> bool:
        """Whether entries join, or are in, a part that is held."""
        spans = self._spans[author]
        at = bisect_right(spans, (last + 2,)) - 1
        return at >= 0 and spans[at][1] >= first - 1

    def _add(self, author: bytes, first: int, before: bytes, last: int) -> None:
        spans = self._spans.setdefault(author, [])
        if spans and spans[-1][0] <= first <= spans[-1][1] + 1:  # as nearly always
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
        """Entries below that are not wanted any more."""
        with self._lock:
            self._floors[author] = max(seq, self._floors.get(author, 0))
            spans = self._spans.get(author, [])
            self._spans[author] = [(max(a, seq), b) for a, b in spans if b >= seq]

    def forget(self, author: bytes, first: int, last: int) -> None:
        """Entries that were held and are no more."""
        with self._lock:
            kept: list[Span] = []
            for a, b in self._spans.get(author, []):
                kept += [(a, min(b, first - 1))] if a < first else []
                kept += [(max(a, last + 1), b)] if b > last else []
            self._spans[author] = kept

    def missing(self, author: bytes) -> list[Span]:
        """The first and last seq of each gap; what lies before an author's new start is none."""
        with self._lock:
            spans = list(self._spans.get(author, []))
        seams = self._seams.get(author, ())
        floor = self._floors.get(author, 0)
        gaps = [(max(one[1] + 1, floor), two[0] - 1) for one, two in self._pairs(spans, floor)]
        return [gap for gap in gaps if gap[0] <= gap[1] and gap[1] + 1 not in seams]

    @staticmethod
    def _pairs(spans: list[Span], floor: int) -> Iterator[tuple[Span, Span]]:
        """Neighbours among spans; the first has the beginning of the feed before it."""
        return pairwise([(0, max(0, floor - 1)), *spans])

    def _note_seam(self, author: bytes, first: int, before: bytes) -> None:
        if first > 1 and before == rows.seam(author, first - 1):
            self._seams.setdefault(author, set()).add(first)


def spans_of(database: sqlite3.Connection, author: int) -> Iterator[Span]:
    """The spans of entries that the rows of an author make, in order."""
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
    return before if isinstance(before, bytes) else b""  # damaged: it is met when it is asked for
