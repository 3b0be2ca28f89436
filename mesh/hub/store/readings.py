"""Projection of entries to readings, each with the time of measurement if known."""

from collections.abc import Callable

from mesh.core.codec.cbor import Decimal
from mesh.core.codec.senml_reading import unpack
from mesh.hub.store import plain_entries
from mesh.hub.store.projection import Clock, Ground, Projection
from mesh.hub.store.schema import PERIOD_MS, TRUTH

ARRIVAL = 0  # quality of a time of arrival, by our own clock
INSERT = "INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, ?)"
RELATIVE_S = 1 << 28  # SenML times below that are relative (RFC 8428 s.4.5.3)
LATEST_MS = 1 << 53  # bound of times, absolute or since a start
MOST_AUTHORS = 1024  # authors that are cached
MOST_STARTS = 4096
MOST = 1 << 63  # bound of SQLite's integers; larger ones become floats

Row = tuple[int, int, int, int, object]  # sensor, Unix ms, seq, quality, value


class Readings(Projection):
    """Fills the tables of readings.

    A peer without a clock says how long it has been up. When it learns the time, the times of all
    its readings since that start are known. Until then a reading has its time of arrival.
    """

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._placing, self._takes = ground.placing, ground.takes_sensor
        self._database, self._now_ms = ground.database, ground.now_ms
        self.forget()

    def forget(self) -> None:
        """Reset after a rollback of the transaction: read again what there is."""
        self._rows: list[Row] = []
        self._unplaced: list[tuple[int, ...]] = []
        self._sensors: dict[int, dict[str, tuple[int, str]]] = {}
        self._known: dict[int, dict[bytes, int]] = {}  # the same by label, as a cache
        self._boots: dict[tuple[int, int], tuple[int, int] | None] = {}

    def read(self, author: int, entries: list[bytes], others: Callable[[int, bytes], int]) -> int:
        """Take the readings out of verified entries. Gives how many. others(author, entry) reads
        an entry that is not plain, and gives the number of its rows.
        """
        if len(self._known) > MOST_AUTHORS:
            self._known.clear()
            self._sensors.clear()
        sensors = self._known.setdefault(author, {})
        rows = self._rows
        count = 0
        for entry, said in zip(entries, plain_entries.said(entries), strict=True):
            if said is None:
                count += others(author, entry)
                continue
            seq, clock, records = said
            time, quality = self._when(author, clock)
            start = len(rows)
            try:
                for label, value in records:
                    rows.append((sensors[label], time, seq, quality, value))
            except KeyError:
                del rows[start:]
                count += others(author, entry)
                self._note(author, [label for label, _ in records])
            else:
                count += len(records)
                if not quality:
                    self._put_off(author, clock, rows[start:])
        return count

    def _put_off(self, author: int, clock: Clock, found: list[Row]) -> None:
        """Remember readings whose time is not known yet."""
        boots, since = min(clock[1] or 0, MOST - 1), min(clock[2] or 0, LATEST_MS)
        self._unplaced += [(author, boots, row[0], row[1], row[2], since) for row in found]

    def write(self) -> None:
        """Write to the tables what was read."""
        if self._rows:
            self._database.executemany(INSERT, self._rows)
            periods = {(row[0], row[1] // PERIOD_MS) for row in self._rows}
            self._database.executemany("INSERT OR IGNORE INTO stale VALUES (?, ?)", periods)
            self._rows.clear()
        if self._unplaced:
            self._database.executemany(
                "INSERT OR REPLACE INTO unplaced VALUES (?, ?, ?, ?, ?, ?)", self._unplaced
            )
            self._unplaced.clear()

    def take(self, author: int, seq: int, clock: Clock, body: object) -> int:
        """Take the readings out of any entry, with all that SenML allows. Gives how many.
        RemoteError if it is no pack.
        """
        time, quality = self._when(author, clock)
        records = unpack(body)
        found: list[Row] = []
        for record in records:
            truth = TRUTH if isinstance(record.value, bool) else 0
            sensor = self._sensor(author, record.name, record.unit or "")
            if sensor is None:
                continue
            at = _moved(time, record.time)
            found.append((sensor, at, seq, quality | truth, as_kept(record.value)))
        self._rows += found
        if not quality:
            self._put_off(author, clock, found)
        return len(found)

    def _note(self, author: int, labels: list[bytes]) -> None:
        """Cache the sensors of these labels."""
        sensors = self._sensors.get(author, {})
        for label in labels:
            name, unit = plain_entries.name_and_unit(label)
            number, current = sensors.get(name, (0, None))
            if current == unit:
                self._known[author][label] = number

    def _sensor(self, author: int, name: str, unit: str) -> int | None:
        """The number of a sensor; None if its author has too many."""
        sensors = self._sensors.get(author)
        if sensors is None:
            sensors = self._sensors[author] = self._load(author)
        known = sensors.get(name)
        if known is None and not self._takes(author, len(sensors)):
            return None
        if known is None or known[1] != unit:
            if known is not None:
                self._known.get(author, {}).clear()
            (number,) = self._database.execute(
                "INSERT INTO sensor(author, name, unit) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET unit = excluded.unit RETURNING id",
                (author, name, unit),
            ).fetchone()
            known = sensors[name] = (int(number), unit)
        return known[0]

    def _load(self, author: int) -> dict[str, tuple[int, str]]:
        found = self._database.execute(
            "SELECT id, name, unit FROM sensor WHERE author = ?", (author,)
        )
        return {name: (id, unit) for id, name, unit in found}

    def _started(self, author: int, boots: int) -> tuple[int, int] | None:
        """When an author's start was, as (quality, Unix ms)."""
        key = (author, boots)
        if key not in self._boots:
            if len(self._boots) >= MOST_STARTS:
                self._boots.clear()
            self._boots[key] = self._database.execute(
                "SELECT quality, unix_ms FROM boot WHERE author = ? AND boots = ?",
                (author, min(boots, MOST - 1)),
            ).fetchone()
        return self._boots[key]

    def _when(self, author: int, clock: Clock) -> tuple[int, int]:
        """The time of a reading, as (Unix ms, quality)."""
        quality, boots, since_ms, unix_ms = clock
        known = self._started(author, boots or 0)
        if quality and unix_ms is not None and unix_ms < LATEST_MS:
            if self._placing and (known is None or known[0] < quality):
                self._learn(author, clock)
            return unix_ms, quality
        if known is not None and (since_ms or 0) < LATEST_MS:
            return known[1] + (since_ms or 0), known[0]
        return self._now_ms(), ARRIVAL

    def _learn(self, author: int, clock: Clock) -> None:
        """Record when a start was, and set the time of earlier readings since then."""
        quality, boots, since_ms, unix_ms = (part or 0 for part in clock)
        if boots >= MOST or since_ms >= LATEST_MS:
            return
        started = unix_ms - since_ms
        self._boots[author, boots] = (quality, started)
        run = self._database.execute
        run("INSERT OR REPLACE INTO boot VALUES (?, ?, ?, ?)", (author, boots, quality, started))
        self.write()
        which = " FROM unplaced WHERE author = ?1 AND boots = ?2"
        there = f"SELECT u.sensor, u.time, u.seq, u.since_ms{which}".replace(
            "unplaced", "unplaced u"
        )
        moved = run(
            f"SELECT u.sensor, u.since_ms + ?3, u.seq, r.quality & {TRUTH} | ?4, r.value "
            f"FROM ({there}) u JOIN reading r USING (sensor, time, seq)",
            (author, boots, started, quality),
        ).fetchall()
        run(
            f"DELETE FROM reading WHERE (sensor, time, seq) IN (SELECT sensor, time, seq{which})",
            (author, boots),
        )
        run(
            f"INSERT OR IGNORE INTO stale SELECT DISTINCT sensor, time / {PERIOD_MS}{which}",
            (author, boots),
        )
        run(f"DELETE{which}", (author, boots))
        self._rows += moved


def _moved(time: int, by: float | None) -> int:
    """The time of a SenML record that has a time of its own, relative or absolute."""
    if by is None or not abs(by) * 1000 < LATEST_MS:
        return time
    return time + int(by * 1000) if by < RELATIVE_S else int(by * 1000)


def as_kept(value: object) -> object:
    """A value for SQLite. The exact value stays in the entry."""
    if isinstance(value, Decimal) or (type(value) is int and not -MOST < value < MOST):
        return float(value)
    return value
