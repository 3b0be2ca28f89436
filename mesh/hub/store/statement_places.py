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
ABOUT = f"""
    SELECT key, seq FROM {mark.NAME} JOIN author ON author.id = author
    WHERE instr(body, ?) > 0 ORDER BY key, seq LIMIT {MOST}
"""
PACTS = f"SELECT author, key, seq FROM {pact.NAME} JOIN author ON author.id = author LIMIT {REFS}"
RUN = "SELECT before, entries FROM run WHERE author = ? AND first = ? AND last >= ?"

Place = tuple[bytes, int]


class StatementPlaces:
    """Places (author, seq) in a store, for FETCH /relations. The table of refs is kept, as a ref
    is not in the store.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._refs: dict[bytes, Place] = {}
        self._known: set[Place] = set()
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
            words = self._database.execute(ABOUT, (item,)).fetchall()
            place = self._place(item)
        except sqlite3.Error:  # locked, or damaged, which is told elsewhere: others may have it
            return []
        return [(author, seq) for author, seq in words] + ([place] if place else [])

    def _place(self, ref: bytes) -> Place | None:
        now_s = time.monotonic()
        if ref not in self._refs and now_s >= self._made_s + AGAIN_S:
            self._made_s = now_s
            self._look()
        return self._refs.get(ref)

    def _look(self) -> None:
        """Add the refs of agreements that came since."""
        for number, author, seq in self._database.execute(PACTS).fetchall():
            place = author, seq
            if place in self._known:
                continue
            self._known.add(place)
            first = rows.from_seq(self._database, number, seq)
            found = self._database.execute(RUN, (number, first, seq)).fetchone()
            try:
                if found is not None:
                    entries = rows.unpacked(found[1])[: seq + 1 - first]
                    self._refs[rows.links(found[0], entries)[-1]] = place
            except (RemoteError, ValueError, IndexError):
                continue
