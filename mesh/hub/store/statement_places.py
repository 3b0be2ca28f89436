"""Where a store has the entries that agreements are made of, by ref or by author."""

import sqlite3
import time

from mesh.core.errors import RemoteError
from mesh.core.relations import mark, pact
from mesh.hub.store import rows

MOST = 64  # places for one item
AGAIN_S = 1.0  # at most so often the table of refs is made anew
REFS = 20_000  # that are known
OF_AUTHOR = f"""
    SELECT seq FROM (
        SELECT author, seq FROM {pact.NAME} UNION ALL SELECT author, seq FROM {mark.NAME}
    )
    JOIN author ON author.id = author WHERE key = ? AND seq > ? ORDER BY seq LIMIT {MOST}
"""
# a mark is a map, and its first key that of the ref (mesh/core/relations/mark.py)
WORDS = f"""
    SELECT substr(body, 5, 32), key, seq FROM {mark.NAME} JOIN author ON author.id = author
    ORDER BY standing DESC, key, seq LIMIT {REFS}
"""
PACTS = f"SELECT author, key, seq FROM {pact.NAME} JOIN author ON author.id = author LIMIT {REFS}"
RUN = "SELECT before, entries FROM run WHERE author = ? AND first = ? AND last >= ?"

Place = tuple[bytes, int]


class StatementPlaces:
    """Places (author, seq) in a store, for FETCH /relations: of agreements by their refs, which
    are not in the store, and of words about them. Both tables are made anew at most once a second,
    however often it is asked.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._refs: dict[Place, bytes | None] = {}
        self._places: dict[bytes, Place] = {}
        self._words: dict[bytes, list[Place]] = {}
        self._made_s = -AGAIN_S

    def __call__(self, item: bytes | list[object]) -> list[Place]:
        """The places of a ref and of the words about it, or for [author, seq] of what that author
        said later.
        """
        try:
            if isinstance(item, list):
                author = item[0]
                found = self._database.execute(OF_AUTHOR, item)
                return [(author, seq) for (seq,) in found if isinstance(author, bytes)]
            self._look()
        except sqlite3.Error:  # locked, or damaged, which is told elsewhere: others may have it
            return []
        place = self._places.get(item)
        return self._words.get(item, [])[:MOST] + ([place] if place else [])

    def _look(self) -> None:
        """Read what came since, and leave out what is gone."""
        now_s = time.monotonic()
        if now_s < self._made_s + AGAIN_S:
            return
        self._made_s = now_s
        there = self._database.execute(PACTS).fetchall()
        self._refs = {
            (key, seq): self._refs.get((key, seq)) or self._ref(author, seq)
            for author, key, seq in there
        }
        self._places = {ref: place for place, ref in self._refs.items() if ref is not None}
        self._words = {}
        for ref, key, seq in self._database.execute(WORDS):
            self._words.setdefault(ref, []).append((key, seq))

    def _ref(self, author: int, seq: int) -> bytes | None:
        """The link of an entry of an author, given by number; None if it is not held."""
        first = rows.from_seq(self._database, author, seq)
        found = self._database.execute(RUN, (author, first, seq)).fetchone()
        if found is None:
            return None
        try:
            entries = rows.unpacked(found[1])[: seq + 1 - first]
            return rows.links(found[0], entries)[-1]
        except (RemoteError, ValueError, IndexError):
            return None
