"""Entries that are kept but not served: their author signed them after a rollback, in
contradiction to what other peers hold.
"""

import json
import sqlite3
from collections.abc import Callable

FACT = "hidden"  # [[author in hex, first seq, last seq], ...]

Work = Callable[[sqlite3.Connection], None]


class Hidden:
    """Spans of hidden entries, as in the store's facts."""

    def __init__(self) -> None:
        self._spans: list[tuple[bytes, int, int]] = []

    def load(self, database: sqlite3.Connection) -> None:
        """Read them from the file."""
        found = database.execute("SELECT value FROM fact WHERE name = ?", (FACT,)).fetchone()
        rows = json.loads(found[0]) if found else []
        self._spans = [(bytes.fromhex(who), first, last) for who, first, last in rows]

    def add(self, author: bytes, first: int, last: int) -> Work:
        """Add a span. Gives the work that stores it."""
        self._spans.append((author, first, last))
        told = json.dumps([(who.hex(), low, high) for who, low, high in self._spans])

        def note(database: sqlite3.Connection) -> None:
            database.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (FACT, told))

        return note

    def beyond(self, run: list[object] | None) -> int:
        """The seq at which to continue after hidden entries, if a run [author, first, link,
        entries, head] has any; else 0.
        """
        if run is None or not self._spans:
            return 0
        author, first, _, entries, _ = run
        assert isinstance(first, int)  # noqa: S101 - as it was put together
        assert isinstance(entries, list)  # noqa: S101
        last = first + len(entries) - 1
        for who, low, high in self._spans:
            if who == author and first <= high and last >= low:
                return high + 1
        return 0
