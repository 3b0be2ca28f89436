"""Readings out of entries, each at the time at which it was taken, as far as that is known."""

import sqlite3
from collections.abc import Callable

from mesh.core.cbor import Decimal
from mesh.core.errors import RemoteError
from mesh.core.run import read_entry
from mesh.core.senml import unpack
from mesh.hub.primitives import make_kit

ARRIVAL = 0  # quality of a time that is that of our own clock when the reading came
INSERT = "INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, ?)"

Row = tuple[int, int, int, int, object]  # sensor, Unix ms, seq, quality, value
Clock = list[int | None]  # quality, boots, ms since boot, Unix ms or None


class Readings:
    """Fills the tables of readings through one connection; `now_ms` gives Unix ms.

    A peer without a clock says how long it was up: once it knows the time, so do we for all that
    it measured since that start. Until then a reading has the time at which it came here.
    """

    def __init__(self, database: sqlite3.Connection, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._now_ms = now_ms
        self._kit = make_kit()
        self._rows: list[Row] = []
        self.forget()

    def forget(self) -> None:
        """What was written since the last commit is gone: learn anew what there is."""
        ask = self._database.execute
        self._rows.clear()
        self._sensors = {
            (author, name): (id, unit)
            for id, author, name, unit in ask("SELECT id, author, name, unit FROM sensor")
        }
        self._boots = {
            (author, boots): (quality, unix_ms)
            for author, boots, quality, unix_ms in ask("SELECT * FROM boot")
        }

    def read(self, author: int, seq: int, entry: bytes) -> None:
        """Take the readings out of a new entry. What is none, or is wrong, gives none."""
        try:
            _, clock, kind, body = read_entry(self._kit, entry)
            records = unpack(body) if kind == "reading" else []
        except RemoteError:
            return
        if not records:
            return
        time, quality = self._when(author, seq, clock)
        for record in records:
            sensor = self._sensor(author, record.name, record.unit or "")
            self._rows.append((sensor, time, seq, quality, plain(record.value)))

    def write(self) -> None:
        """Put what was read into the table."""
        if self._rows:
            self._database.executemany(INSERT, self._rows)
            self._rows.clear()

    def _sensor(self, author: int, name: str, unit: str) -> int:
        known = self._sensors.get((author, name))
        if known is None or known[1] != unit:
            (number,) = self._database.execute(
                "INSERT INTO sensor(author, name, unit) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET unit = excluded.unit RETURNING id",
                (author, name, unit),
            ).fetchone()
            known = self._sensors[author, name] = (int(number), unit)
        return known[0]

    def _when(self, author: int, seq: int, clock: Clock) -> tuple[int, int]:
        """Unix ms of a reading, and how good that is."""
        quality, boots, since_ms, unix_ms = (part or 0 for part in clock)
        known = self._boots.get((author, boots))
        if quality:
            if known is None or known[0] < quality:
                self._boots[author, boots] = (quality, unix_ms - since_ms)
                self._database.execute(
                    "INSERT OR REPLACE INTO boot VALUES (?, ?, ?, ?)",
                    (author, boots, quality, unix_ms - since_ms),
                )
                if known is None:
                    self._place(author, seq, boots)
            return unix_ms, quality
        if known is not None:
            return known[1] + since_ms, known[0]
        return self._now_ms(), ARRIVAL

    def _place(self, author: int, seq: int, boots: int) -> None:
        """Give those readings of a start their time that came before its time was known."""
        self.write()
        quality, unix_ms = self._boots[author, boots]
        sensors = [id for (whose, _), (id, _) in self._sensors.items() if whose == author]
        earlier = self._database.execute(
            "SELECT seq, bytes FROM entry WHERE author = ? AND seq < ? ORDER BY seq DESC",
            (author, seq),
        )
        moved: list[tuple[int, int, int, int]] = []
        for at, entry in earlier:
            _, clock, _, _ = read_entry(self._kit, entry)
            if clock[1] != boots:
                break
            moved += [(unix_ms + (clock[2] or 0), quality, sensor, at) for sensor in sensors]
        self._database.executemany(
            "UPDATE reading SET time = ?, quality = ? "
            "WHERE sensor = ? AND seq = ? AND quality = 0",
            moved,
        )


def plain(value: object) -> object:
    """A value as SQLite holds it. The exact one stays in the entry."""
    return float(value) if isinstance(value, Decimal) else value
