"""The projection of notes, a kind of entry from outside the tree: rows (author, seq, text)."""

import note_kind

from mesh.hub.store.projection import Projection


class Notes(Projection):
    """Notes, as SQL asks for them."""

    TABLES = {
        "note": "CREATE TABLE note (author INTEGER NOT NULL, seq INTEGER NOT NULL, text TEXT "
        "NOT NULL, PRIMARY KEY (author, seq)) WITHOUT ROWID"
    }

    def __init__(self, ground):
        super().__init__(ground)
        self._rows = []

    def take(self, author, seq, clock, body):
        self._rows.append((author, seq, note_kind.check(body)))
        return 1

    def write(self):
        insert = "INSERT OR REPLACE INTO note VALUES (?, ?, ?)"
        self.ground.database.executemany(insert, self._rows)
        self._rows.clear()

    def forget(self):
        self._rows.clear()
