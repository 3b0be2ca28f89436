"""What is wrong in a store is found and taken out; what is too old goes, the rest is proven."""

import sqlite3
from contextlib import closing

import pytest
from settling import TODAY, settle
from stored import KIT, entry, faults, feed, identity, record, run_of, split, take

from mesh.core import peer_id
from mesh.core.errors import LocalError
from mesh.core.feed.chain import read_run
from mesh.core.limits import Limits
from mesh.hub.home.settings_words import parse
from mesh.hub.store import rows
from mesh.hub.store.archive import Archive
from mesh.hub.store.check import Sum, check, repair
from mesh.hub.store.own import COPY
from mesh.hub.store.queries import Queries
from mesh.hub.store.retention_rules import DAY_MS, Rules
from mesh.hub.store.schema import PERIOD_MS

ANN = identity(1)
BOB = identity(2)
COUNT = 300


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "store.db"
    with Archive(path) as archive:
        take(archive, [*feed(ANN, COUNT), *feed(BOB, 40)])
    return path


def rules(**settings):
    return Rules(parse(settings, "desktop"))


def change(path, *statements):
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            assert database.execute(statement).rowcount != 0


def other_entry(path):
    """One entry changed, and everything else but the signature made to fit."""
    with closing(sqlite3.connect(path)) as database, database:
        one = database.execute(f"SELECT {rows.COLUMNS} FROM run WHERE author = 1").fetchone()
        row = rows.Row(*one)
        entries = rows.unpacked(row.entries)
        entries[0] = entry(1, [record(99)])
        link = rows.links(row.before, entries)[-1]
        database.execute(
            "UPDATE run SET entries = ?, link = ? WHERE author = 1 AND first = 1",
            (rows.packed(entries), link),
        )


FIRST = "WHERE id = (SELECT min(id) FROM run WHERE author = 1)"
DAMAGE = {
    "entries": [f"UPDATE run SET entries = x'ffff' {FIRST}"],
    "no entries": [f"UPDATE run SET entries = x'80' {FIRST}"],
    "head": [f"UPDATE run SET head = (SELECT head FROM run WHERE author = 2) {FIRST}"],
    "link": [f"UPDATE run SET link = zeroblob(32) {FIRST}"],
    "before": [f"UPDATE run SET before = zeroblob(32) {FIRST}"],
    "seq": [f"UPDATE run SET first = -5 {FIRST}"],
    "last": [f"UPDATE run SET last = last + 1 {FIRST}"],
    "other author": [f"UPDATE run SET author = 2, first = first + 4000 {FIRST}"],
    "another value": ["UPDATE reading SET value = 1000 WHERE sensor = 1 AND seq = 7"],
    "a lost reading": ["DELETE FROM reading WHERE sensor = 1 AND seq = 7"],
    "a reading more": ["INSERT INTO reading VALUES (2, 5, 40, 2, 1)",
                       "UPDATE reading SET sensor = 1 WHERE time = 5 AND seq = 40"],
    "another time": ["UPDATE reading SET time = time + 1 WHERE sensor = 1 AND seq = 7"],
}  # fmt: skip


@pytest.mark.parametrize("what", [*DAMAGE, "one entry"])
def test_damage_is_found_and_taken_out(path, what):
    assert faults(path) == []
    if what == "one entry":
        other_entry(path)
    else:
        change(path, *DAMAGE[what])
    found = faults(path)
    assert found
    assert {fault.author for fault in found} <= {ANN.public, BOB.public}
    repair(path, found, None)
    assert faults(path) == []
    with Archive(path) as archive:  # what other peers have is taken again
        take(archive, [*feed(ANN, COUNT), *feed(BOB, 40)])
        assert archive.missing(ANN.public) == []
    assert faults(path) == []
    with Queries(path) as store:
        assert store.spans(ANN.public) == [(1, COUNT)]
        sensor = store.sensors(ANN.public)[0]
        values = [taken.value for taken in store.readings(sensor, 0, 1 << 60)]
        assert values == [(200 + seq % 50) / 10 for seq in range(1, COUNT + 1)]


def test_the_own_feed_goes_on_behind_a_gap_when_some_of_it_was_taken_out(path):
    change(path, *DAMAGE["link"])
    repair(path, faults(path), ANN.public)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT name FROM fact").fetchall() == [(COPY,)]


def test_a_check_sees_one_state_of_a_store_in_use(path):
    with Archive(path) as archive:
        findings = check(path)
        next(findings)
        take(archive, feed(identity(3), 100))
        (end,) = [one for one in findings if isinstance(one, Sum)]
        assert (end.authors, end.entries, end.readings, end.gone) == (2, 340, 340, 0)


def test_a_peer_goes_on_beside_what_is_damaged(path):
    change(path, "UPDATE run SET entries = x'ffff' WHERE author = 1")
    with Archive(path) as archive:
        assert archive.run(ANN.public, 1, 900) is None
        take(archive, [*feed(ANN, COUNT + 5), *feed(BOB, 50)])
        assert archive.trouble == ""
        assert read_run(KIT, archive.run(BOB.public, 1, 900), Limits()).first == 1
    with Queries(path) as store:
        assert store.spans(BOB.public) == [(1, 50)]


def test_a_damaged_file_is_said_to_be_damaged(path):
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 6] = bytes(4096 * 3)
    path.write_bytes(data)
    try:
        found = faults(path)
    except LocalError as error:
        found = [error.detail]
    assert found


# what is too old goes


def days(count, per_day=24):
    """A feed of readings over some days, up to TODAY."""
    every = DAY_MS // per_day
    entries = []
    for at in range(count * per_day):
        time_ms = TODAY - count * DAY_MS + at * every
        entries.append(entry(at + 1, [record(at % 24)], when=[2, 1, at * every, time_ms]))
    return split(ANN, entries, 12)


@pytest.mark.parametrize(
    "limit", [{"days": 10}, {"bytes": 3000}, {"days": 10, "who": [peer_id.to_text(ANN.public)]}]
)
def test_old_entries_go_and_the_rest_can_be_proven(tmp_path, limit):
    path = tmp_path / "store.db"
    with Archive(path) as archive:
        take(archive, [*days(30), *feed(BOB, 10)])
    floors = settle(path, rules(keep=[limit]))
    floor = floors[ANN.public]
    assert 1 < floor < 30 * 24
    if "days" in limit:
        assert 19 * 24 <= floor <= 20 * 24 + 1
    assert faults(path) == []
    with Archive(path) as archive:
        assert archive.missing(ANN.public) == []
        run = read_run(KIT, archive.run(ANN.public, 1, 900), Limits())
        assert run.first >= floor
    (end,) = [one for one in check(path) if isinstance(one, Sum)]
    assert (end.readings, end.gone) == (30 * 24 + 10, floor - 1)


def test_old_readings_go_and_stay_as_summaries(tmp_path):
    path = tmp_path / "store.db"
    with Archive(path) as archive:
        take(archive, [*days(30), *feed(BOB, 10)])
    who = peer_id.to_text(ANN.public)
    settle(path, rules(history=[{"who": [who], "sensors": ["temperature"], "days": 10}]))
    with Queries(path) as store:
        (sensor,) = store.sensors(ANN.public)
        assert abs(TODAY - 10 * DAY_MS - sensor.thinned) <= PERIOD_MS
        assert len(list(store.readings(sensor, 0, 1 << 60))) == 10 * 24
        (point,) = store.thinned(sensor, *store.span(sensor), 1)
        assert (point.n, point.least, point.most, point.mean) == (30 * 24, 0, 23, 11.5)
    assert faults(path) == []
    with Archive(path) as archive:  # a late reading of that time does not undo the summary
        late = run_of(ANN, [entry(30 * 24 + 1, [record(7)], when=[2, 1, 1, TODAY - 20 * DAY_MS])],
                      30 * 24 + 1, days(30)[-1].links[-1])  # fmt: skip
        take(archive, [late])
    settle(path, rules(history=[{"who": [who], "days": 10, "thinned_days": 20}]))
    with Queries(path) as store:
        (point,) = store.thinned(sensor, *store.span(sensor), 1)
        assert point.n == 20 * 24
    assert faults(path) == []


@pytest.mark.parametrize(
    "wrong",
    [
        [{"days": -1}],
        [{"day": 1}],
        {"days": 1},
        [{"who": "me"}],
        [{"who": ["nobody"]}],
        [{"sensors": "x"}],
    ],
)
def test_rules_that_are_none_are_refused(wrong):
    with pytest.raises(LocalError, match="history"):
        rules(history=wrong)


@pytest.mark.parametrize("points", [1, 7])
def test_points_out_of_summaries_are_those_out_of_readings(tmp_path, points):
    path = tmp_path / "store.db"
    with Archive(path) as archive:
        take(archive, days(30, 96))
    with Queries(path) as store:
        (sensor,) = store.sensors()
        span = store.span(sensor)
        before = store.thinned(sensor, *span, points)
    settle(path, rules())
    with Queries(path) as store:
        assert store.counts()["summary"] == 30 * 96
        after = store.thinned(sensor, *span, points)
    assert sum(point.n for point in after) == 30 * 96
    assert len(after) <= points
    assert [p.least for p in after] == [p.least for p in before]
    assert [p.mean for p in after] == pytest.approx([p.mean for p in before])
    with Archive(path) as archive:  # one more in a period that was summed up
        last = days(30, 96)[-1]
        more = entry(2881, [record(1000)], when=[2, 1, 1, TODAY - 3 * DAY_MS])
        take(archive, [run_of(ANN, [more], 2881, last.links[-1])])
    with Queries(path) as store:
        assert max(p.most for p in store.thinned(sensor, *span, points)) == 1000
