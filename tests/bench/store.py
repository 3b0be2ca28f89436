"""The store's own figures: how fast it takes checked runs, and how fast it answers.

CPU time is that of the whole process, so of all its threads.
"""

import tempfile
import time
from pathlib import Path

from measure import row, title

from mesh.core.codec.cbor import Decimal
from mesh.core.feed.chain import Run, genesis, next_link, seal_head
from mesh.hub.desktop_kit import make_identity, make_kit
from mesh.hub.store import schema, upkeep
from mesh.hub.store.archive import Archive
from mesh.hub.store.queries import Queries
from mesh.hub.store.retention_rules import Rules

SECOND_MS = 1000
YEAR_MS = 31_557_600_000
DAY_MS = 86_400_000
START = 1_700_000_000_000


def runs(count, per, every_ms, who):
    """So many readings as checked runs, `per` entries each, as the core hands them over."""
    kit = make_kit()
    link = genesis(kit, who.public)
    seq = 1
    while seq <= count:
        first, before = seq, link
        entries, links, values = [], [], []
        for seq in range(first, first + per):
            at = seq * every_ms
            body = [{0: "temperature", 1: "Cel", 2: Decimal(150 + seq * 7 % 100, -1)}]
            value = (seq, [2, 1, at, START + at], "reading", body)
            entries.append(kit.encode(list(value)))
            link = next_link(kit, link, entries[-1])
            links.append(link)
            values.append(value)
        head = seal_head(who, seq, link)
        yield Run(who.public, first, before, entries, head, seq, links, values)
        seq += 1


WAITING, PAUSE_S, PATIENCE_S = 30_000, 0.001, 120  # as who catches up over TCP waits


def taking(count, per):
    """Checked runs of one reading an entry into the file: rate, and CPU time for each."""
    who = make_identity(b"b" * 32, lambda: 1)
    made = list(runs(count, per, SECOND_MS, who))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        with Archive(path) as archive:
            cpu, wall = time.process_time(), time.perf_counter()
            for run in made:
                while archive.waiting > WAITING:
                    time.sleep(PAUSE_S)
                archive.took(run.author, run)
            archive.flush(PATIENCE_S)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        size = path.stat().st_size
    row(
        f"taking readings, {per} a head",
        f"{count / wall:,.0f}/s",
        f"CPU {cpu / count * 1e6:.1f} us each",
        f"{size / count:.0f} B each on disk",
        "checked before; entries, heads and readings written",
    )


FILL = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
    INSERT INTO reading SELECT 1, ?2 + i * ?3, i, 2, (150 + i * 7 % 100) / 10.0 FROM n
"""


def fill(path, count, every_ms):
    """A store with so many readings of one sensor; entries are not asked for here."""
    wall = time.perf_counter()
    database = schema.connect(path, writing=True)
    for statement, values in (
        ("INSERT INTO author(id, key) VALUES (1, ?)", (bytes(32),)),
        ("INSERT INTO sensor(id, author, name, unit) VALUES (1, 1, 'temperature', 'Cel')", ()),
        (FILL, (count, START, every_ms)),
        (f"INSERT INTO stale SELECT DISTINCT 1, time / {schema.PERIOD_MS} FROM reading", ()),
    ):
        database.execute(statement, values)
    database.close()
    row(
        "filled for the questions", f"{count:,} readings", f"in {time.perf_counter() - wall:.0f} s"
    )


def best(ask, *args, times=5):
    """ms of the best of some tries and of the worst, and what was found."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        found = ask(*args)
        took.append(time.perf_counter() - start)
    return f"{min(took) * 1000:.1f} ms", f"worst of {times}: {max(took) * 1000:.1f} ms", found


def asking(count):
    """Questions to a store of one sensor's year, evenly filled."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        fill(path, count, YEAR_MS // count)
        for when in ("before it is summed up", "once it is"):
            with Queries(path) as store:
                (sensor,) = store.sensors()
                first, last = store.span(sensor)
                middle = (first + last) // 2
                low, high, found = best(all_of, store, sensor, middle, middle + DAY_MS)
                row(f"one day of one sensor, of {count:,}", low, high, f"{len(found):,} readings")
                low, high, found = best(store.thinned, sensor, first, last, 1000, times=3)
                row(f"a year in {len(found):,} points, {when}", low, high)
            if when != "once it is":
                summing(path, count)


def all_of(store, sensor, since, until):
    """Every reading of that time."""
    return list(store.readings(sensor, since, until))


def summing(path, count):
    """What the peer does by itself, after a while."""
    database = schema.connect(path, writing=True)
    cpu = time.process_time()
    while upkeep.step(database, Rules(), 1 << 60).more:
        pass
    cpu = time.process_time() - cpu
    row("summing up, in the background", f"CPU {cpu / count * 1e6:.2f} us a reading")
    database.close()


def measure(quick):
    """All of it."""
    title("The store of a desktop (SQLite, WAL), alone")
    count = 40_000 if quick else 200_000
    taking(count, 20)
    taking(count // 4, 1)
    asking(200_000 if quick else 10_000_000)
