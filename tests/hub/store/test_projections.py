"""A kind of entry from outside the tree in the store: rows, and what they may not cost."""

import asyncio

import note_kind
import note_rows
import pytest
from crowds import budget
from needs import ROOT
from note_kind import Noted
from note_rows import Notes
from stored import NOW, STEP, entry, faults, feed, identity, run_of, split, take

from mesh.core.errors import LocalError
from mesh.core.kinds.accepting import BUILT_IN as KINDS
from mesh.core.peer_id import to_text
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home.home import Home
from mesh.hub.home.settings_words import parse
from mesh.hub.store.archive import Archive
from mesh.hub.store.check import repair
from mesh.hub.store.projecting import BUILT_IN
from mesh.hub.store.projection import Projection
from mesh.hub.store.queries import Queries

ANN, BEN = identity(1), identity(2)
ALL = "SELECT key, seq, text FROM note JOIN author ON author.id = author ORDER BY key, seq"


WITH = BUILT_IN | {"note": Notes}


def notes(path):
    with Queries(path) as store:
        return store.database.execute(ALL).fetchall()


def readings(path):
    with Queries(path) as store:
        return [taken.seq for one in store.sensors() for taken in store.readings(one, 0, 1 << 60)]


def mixed(count, wrong=()):
    """Entries of which every third is a note."""
    return [
        entry(n, 5 if n in wrong else f"note {n}", "note") if n % 3 == 0 else entry(n)
        for n in range(1, count + 1)
    ]


def rows(who, count, wrong=()):
    return [(who.public, n, f"note {n}") for n in range(3, count + 1, 3) if n not in wrong]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def test_notes_are_rows_beside_the_readings(path):
    with Archive(path, projections=WITH) as archive:
        take(archive, split(ANN, mixed(40), 7) + split(BEN, mixed(20), 3))
        assert archive.database.execute(ALL).fetchall() == sorted(rows(ANN, 40) + rows(BEN, 20))
    measured = [n for count in (40, 20) for n in range(1, count + 1) if n % 3]
    assert sorted(readings(path)) == sorted(measured)


def test_a_note_that_is_none_makes_no_row_and_is_kept(path):
    with Archive(path, projections=WITH) as archive:
        take(archive, split(ANN, mixed(12, {6}), 4))
    assert notes(path) == rows(ANN, 12, {6})
    with Queries(path) as store:
        assert [said.body for said in store.entries(ANN.public) if said.seq == 6] == [5]


def test_what_was_kept_before_is_read_once_there_is_a_projection(path):
    with Archive(path) as archive:
        take(archive, split(ANN, mixed(40), 7))
    with Archive(path, projections=WITH):
        assert notes(path) == rows(ANN, 40)
    with Archive(path, projections=WITH) as archive:  # once, and then what comes
        archive.do(lambda database: database.execute("DELETE FROM note"))
    with Archive(path, projections=WITH):
        assert notes(path) == []


def test_what_came_while_there_was_none_is_read_too(path):
    whole = mixed(40)
    runs = split(ANN, whole, 10)
    with Archive(path, projections=WITH) as archive:
        take(archive, runs[:2])
    with Archive(path) as archive:  # as `mesh up` does, which knows no notes
        take(archive, runs[2:])
    with Archive(path, projections=WITH):
        assert notes(path) == rows(ANN, 40)


def test_who_is_dropped_leaves_no_rows_for_who_gets_its_number(path):
    entries = [entry(n, f"note {n}", "note") for n in range(1, 4)]
    with Archive(path, budget=budget(strange_authors=2), projections=WITH) as archive:
        for number in range(10, 20):
            take(archive, [run_of(identity(number), entries)])
        archive.flush(30)
        kept = [key for (key,) in archive.database.execute("SELECT key FROM author ORDER BY key")]
        assert len(kept) <= 2
        found = archive.database.execute("SELECT author, seq FROM note ORDER BY 1").fetchall()
        assert len(found) == 3 * len(kept)


def test_a_repaired_store_has_its_notes_anew(path):
    with Archive(path, projections=WITH) as archive:
        take(archive, split(ANN, mixed(40), 7))
        archive.do(lambda database: database.execute("UPDATE note SET text = 'forged'"))
        archive.do(lambda database: database.execute("DELETE FROM reading WHERE seq = 4"))
    repair(path, faults(path), None)
    with Archive(path, projections=WITH):
        assert notes(path) == rows(ANN, 40)
        assert 4 in readings(path)
    assert not faults(path)


def test_a_batch_that_fails_leaves_nothing_behind(path):
    class Faulty(Notes):
        def take(self, author, seq, clock, body):
            super().take(author, seq, clock, body)
            if body == "note 6":
                raise OSError("a fault of this projection")
            return 1

    told = []
    with Archive(
        path, faulty=lambda what, error: told.append(str(error)), projections={"note": Faulty}
    ) as archive:
        runs = [run_of(who, mixed(9)) for who in (ANN, BEN)] + feed(identity(3), 5)
        with pytest.raises(LocalError):
            take(archive, runs)
        assert archive.database.execute(ALL).fetchall() == []
        found = archive.database.execute("SELECT key FROM run JOIN author ON author.id = author")
        assert {key for (key,) in found} == {identity(3).public}, "the rest is written"
    assert told == ["a fault of this projection"] * 2


@pytest.mark.parametrize("name", ["reading", "run", "author", "note"])
def test_a_table_has_one_owner(path, name):
    class Thief(Projection):
        TABLES = {name: f"CREATE TABLE {name} (author, seq)"}

    with pytest.raises(LocalError, match="already"):
        Archive(path, projections=WITH | {"x-mine": Thief}).open()
    assert not path.exists()


def test_a_desktop_writes_tells_and_keeps_a_kind_that_is_handed_to_it(tmp_path):
    async def both():
        known = {"kinds": KINDS | {"note": note_kind}, "projections": WITH}
        alone = {"port": 0, "discovery": {"layers": []}}
        with Home(tmp_path / "one") as home, Home(tmp_path / "two") as other:
            one = HubPeer(home, parse(alone, "desktop"), None, ["127.0.0.1"], sensed={}, **known)
            follows = parse(alone | {"follow": [to_text(home.identity.public)]}, "desktop")
            two = HubPeer(other, follows, None, ["127.0.0.1"], sensed={}, **known)
            async with one, two:
                with two.events() as news:
                    two.node.candidate(two.now(), one.identity.public, one.address, "given")
                    two.driver.settle()
                    await two.wait_for_peer(one.identity.public, 60)
                    seq = one.write("note", "by hand")
                    with pytest.raises(LocalError):
                        one.write("nothing", 1)
                    with pytest.raises(LocalError):
                        one.write("note", 5)
                    async with asyncio.timeout(60):
                        while not isinstance(event := await anext(news), Noted):
                            pass
            return event, Noted(home.identity.public, seq, "by hand")

    told, written = asyncio.run(both())
    assert told == written
    for home in ("one", "two"):
        assert notes(tmp_path / home / "store.db") == [tuple(written)]


def test_times_of_readings_do_not_depend_on_what_is_between(path):
    """Three starts of a clockless author, notes between the readings: places as without them."""
    clockless = [
        entry(n, *([f"note {n}", "note"] if n % 3 == 0 else []), when=[0, 1, n * STEP, None])
        for n in range(1, 12)
    ]
    timed = entry(12, when=[2, 1, 12 * STEP, NOW + 12 * STEP])
    with Archive(path, projections=WITH) as archive:
        take(archive, [run_of(ANN, [*clockless, timed])])
    with Queries(path) as store:
        (sensor,) = store.sensors()
        found = {t.seq: t.time for t in store.readings(sensor, 0, 1 << 60)}
    assert found == {n: NOW + n * STEP for n in range(1, 13) if n % 3 or n == 12}
    assert notes(path) == rows(ANN, 11)


def test_the_guide_shows_what_runs_here():
    guide = (ROOT / "docs" / "add-an-entry-kind.md").read_text()
    for module in (note_kind, note_rows):
        with open(module.__file__, encoding="utf-8") as file:
            assert f"```python\n{file.read()}```" in guide, module.__name__
