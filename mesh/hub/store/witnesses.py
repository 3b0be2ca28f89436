"""Projection of what keepers have seen of others' feeds, and what is held that leads there."""

from collections.abc import Callable, Sequence
from typing import Any

from mesh.core.full import seen
from mesh.hub.store import rows
from mesh.hub.store.projection import Clock, Ground, Projection
from mesh.hub.store.rows import Row

INSERT = "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?)"
MOST = 4096  # that are read of one witness and author: half a year of a reading each minute
SAID = (
    "SELECT seen.seq, at, link FROM seen JOIN author ON author.id = author "
    f"WHERE whose = ? AND key = ? ORDER BY seen.seq DESC LIMIT {MOST}"
)
TOP = (
    f"SELECT {rows.COLUMNS} FROM run JOIN author ON author.id = author "
    "WHERE key = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1"
)
BELOW = (
    "SELECT first, before, last, link FROM run JOIN author ON author.id = author "
    "WHERE key = ?1 AND first < ?2 ORDER BY first DESC LIMIT 1024"
)

Ask = Callable[[str, Sequence[object]], list[Any]]


class Witnesses(Projection):
    """Rows (whose feed, who saw it, seq of the witness's entry, up to where, link there)."""

    TABLES = {
        "seen": "CREATE TABLE seen (whose BLOB NOT NULL, author INTEGER NOT NULL, "
        "seq INTEGER NOT NULL, at INTEGER NOT NULL, link BLOB NOT NULL, "
        "PRIMARY KEY (whose, author, seq)) WITHOUT ROWID"
    }

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.forget()

    def take(self, author: int, seq: int, clock: Clock, body: object) -> int:
        """Read an entry `seen`."""
        found = seen.check(body)
        self._rows += [(whose, author, seq, at, link) for whose, at, link in found]
        return len(found)

    def write(self) -> None:
        """Put into the table what was read."""
        self.ground.database.executemany(INSERT, self._rows)
        self._rows.clear()

    def forget(self) -> None:
        """What was read and not written is gone."""
        self._rows: list[tuple[object, ...]] = []


def trace(ask: Ask, author: bytes, seq: int, link: bytes) -> tuple[int, bytes]:
    """Down to where the entries that are held lead to a link: the seq and link before the first
    of them, or those given if not even the last one is held. ask(question, values) gives rows.
    """
    found = ask(TOP, (author, seq))
    if not found or found[0][2] < seq or not _has(Row(*found[0]), seq, link):
        return seq, link
    low, before = found[0][0] - 1, found[0][1]
    while below := ask(BELOW, (author, low + 1)):
        for first, start, last, end in below:
            if (last, end) != (low, before):
                return low, before
            low, before = first - 1, start
    return low, before


def _has(row: Row, seq: int, link: bytes) -> bool:
    """Whether a row has that link there; not if it is damaged."""
    try:
        return rows.links(row.before, rows.unpacked(row.entries))[seq - row.first] == link
    except (ValueError, IndexError):
        return False
