"""A crowd of strangers in a store: its tables in memory, its file, before and after a restart."""

import pytest
from crowds import CROWD, budget, identity_of
from stored import NOW, entry, feed, identity, record, run_of, split, take

from mesh.core.errors import LocalError, RemoteError
from mesh.hub.store.archive import PARTS, Archive
from mesh.hub.store.crowd import MET
from mesh.hub.store.queries import Queries
from mesh.hub.store.upkeep import SPARE


def crowded(archive, numbers, per=1):
    """Have identities told of, one after the other."""
    for number in numbers:
        author = identity_of(number)
        for one in feed(author, per):
            try:
                archive.admit(author.public, 300, None, asked=True)
            except RemoteError:
                break
            archive.took(author.public, one)
        if number % 50 == 0:
            archive.flush(30)
    archive.flush(30)


def tables(archive):
    """The size of each table in memory that what comes can fill."""
    work = archive._writer._work
    meter = work._meter
    readings = meter.projecting.by_kind["reading"]
    parts = (archive._held, work._keeper, readings, meter, archive._budget)
    return {
        f"{type(part).__name__}.{name}": len(value)
        for part in parts
        for name, value in vars(part).items()
        if isinstance(value, (dict, set, list))
    }


def test_a_crowd_leaves_little_in_memory_and_on_disk_also_after_a_restart(tmp_path):
    path = tmp_path / "store.db"

    def opened():
        return Archive(path, budget=budget(strange_authors=20))

    with opened() as archive:
        crowded(archive, range(1, CROWD))
        first = tables(archive)
        assert len(first) > 10
        assert max(first.values()) <= CROWD, first
        assert first["Held._spans"] <= 21, first
        (authors,) = archive.database.execute("SELECT count(*) FROM author").fetchone()
        assert authors <= 20
    size = path.stat().st_size
    with opened() as archive:
        again = tables(archive)
        assert sum(again.values()) <= 20 * 6, again
        crowded(archive, range(CROWD, 2 * CROWD))
    assert path.stat().st_size <= size * 1.2, "what was dropped is used again"


def test_a_store_that_has_more_than_it_should_is_trimmed_when_it_is_opened(tmp_path):
    path = tmp_path / "store.db"
    with Archive(path) as archive:
        crowded(archive, range(1, 200))
    friend = identity_of(3).public
    with Archive(path, budget=budget({friend})) as archive:
        assert len(archive._held._spans) <= 21
        assert len(archive.heads()) <= 21
        assert friend in archive.heads()


def test_one_key_has_its_part_and_gives_it_back(tmp_path):
    path = tmp_path / "store.db"
    some = budget(strange_mb=4, strange_kb_s=1 << 20)
    gone = []
    some.gone = gone.append
    with Archive(path, budget=some) as archive:
        for number in range(1, 40):
            author = identity_of(number)
            blob = [entry(n, "x" * 400, kind="note") for n in range(1, 900)]
            at, link = 0, None
            while at < len(blob):
                one = run_of(author, blob[at : at + 20], at + 1, link)
                at, link = at + 20, one.links[-1]
                try:
                    archive.admit(author.public, 9000, None, asked=True)
                except RemoteError:
                    break
                archive.took(author.public, one)
            archive.flush(30)
        assert some.sums()[1] <= 4_000_000
    assert path.stat().st_size < 8_000_000
    assert len(set(gone)) == len(gone)


def test_many_sensors_are_not_all_taken(tmp_path):
    with Archive(tmp_path / "store.db", budget=budget(strange_sensors=20)) as archive:
        for number in range(1, 7):
            author = identity_of(number)
            names = [f"s{n}" for n in range(30)]
            body = [record(number, name, None) for name in names]
            archive.took(author.public, run_of(author, [entry(1, body)]))
        archive.flush(30)
        counts = archive.database.execute("SELECT count(*) FROM sensor GROUP BY author").fetchall()
        assert [n for (n,) in counts] == [8, 8, 4]
        (kept,) = archive.database.execute("SELECT sum(last) FROM run").fetchone()
        assert kept == 6, "the entries themselves are kept"


def test_starts_without_end_take_no_memory(tmp_path):
    author = identity_of(1)
    entries = [entry(n, when=[2, n, n, NOW + n * 600_000]) for n in range(1, 6000)]
    with Archive(tmp_path / "store.db") as archive:
        take(archive, [run_of(author, entries)])
        readings = archive._writer._work._meter.projecting.by_kind["reading"]
        assert 0 < len(readings._boots) <= 4096


def test_gaps_without_end_are_not_taken(tmp_path):
    author = identity_of(1)
    entries = [entry(n) for n in range(1, 400)]
    runs = [run_of(author, [one]) for one in entries[:1]]
    before = runs[0].links[-1]
    for n in range(1, 399):
        one = run_of(author, [entries[n]], n + 1, before)
        before = one.links[-1]
        runs.append(one)
    with Archive(tmp_path / "store.db", budget=budget(strange_mb=100)) as archive:
        for one in runs[::2]:
            archive.took(author.public, one)
        with pytest.raises(LocalError, match="more came than can be stored"):
            archive.flush(30)
        assert len(archive._held._spans[author.public]) == PARTS
        for one in runs:
            archive.took(author.public, one)
        archive.flush(30)
        assert archive._held._spans[author.public] == [(1, 399)], "in order, all of it is"


def test_who_was_met_stays_so_after_a_restart_and_is_never_dropped(tmp_path):
    path = tmp_path / "store.db"
    ann = identity(1)
    with Archive(path, budget=budget()) as archive:
        take(archive, feed(ann, 5))
        archive.meet(ann.public, "192.0.2.1")
        archive.flush(30)
    with Archive(path, budget=budget(strange_mb=1, strange_authors=1)) as archive:
        crowded(archive, range(50, 90))
        assert ann.public in archive.heads()
        assert archive._budget.standing(ann.public) == MET


def test_what_a_budget_counts_is_what_is_there_whatever_goes_wrong(tmp_path):
    """After a rollback, after retention: the table says it."""
    with Archive(tmp_path / "store.db", budget=budget(strange_mb=50)) as archive:
        take(archive, feed(identity(1), 50))
        cost = archive._budget.sums()[1]
        assert cost > 50 * 64
        archive._writer._work._meter.forget()
        assert archive._budget.sums()[1] == cost


def test_a_file_gives_room_back(tmp_path):
    path = tmp_path / "store.db"
    with Archive(path) as archive:
        blob = [entry(n, "x" * 400, kind="note") for n in range(1, 5000)]
        take(archive, [run for n in range(1, 5) for run in split(identity_of(n), blob, 50)])
    big = path.stat().st_size
    with Archive(path, budget=budget({identity_of(1).public})) as archive:
        for _ in range(20):
            archive.do(lambda database: None)
            archive._writer._work._upkeep_s = 0.0
            archive.flush(30)
    assert len(Queries(path).authors()) == 1
    assert path.stat().st_size < big // 4 + (SPARE + 500) * 4096
