"""How long is kept what came with a wrong clock: the author's, or our own."""

import sqlite3
from contextlib import closing

import pytest
from settling import settle
from stored import entry, faults, feed, identity, record, run_of, split, take

from mesh.hub.home.settings_words import parse
from mesh.hub.store import own_clock, schema
from mesh.hub.store.archive import Archive
from mesh.hub.store.check import repair
from mesh.hub.store.dropping import SLACK_MS, age_from
from mesh.hub.store.own_clock import JUMP_MS, STEADY_MS, OwnClock
from mesh.hub.store.queries import Queries
from mesh.hub.store.retention_rules import DAY_MS, Rules
from mesh.hub.store.schema import PERIOD_MS

ANN, BOB = identity(1), identity(2)
TODAY = 1_790_000_000_000 // PERIOD_MS * PERIOD_MS
YEAR_MS = 365 * DAY_MS
RULES = {"keep": [{"days": 30}], "history": [{"days": 30}]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def rules(settings=RULES):
    return Rules(parse(settings, "desktop"))


def said_at(start_ms, count=200, who=ANN, every=600_000):
    entries = [
        entry(seq, [record(seq)], when=[2, 1, seq * every, start_ms + seq * every])
        for seq in range(1, count + 1)
    ]
    return split(who, entries, 10)


def arrive(path, monkeypatch, when_ms, runs):
    monkeypatch.setattr("mesh.hub.store.work.unix_ms", lambda: when_ms)
    with Archive(path) as archive:
        take(archive, runs)
    monkeypatch.undo()


def kept(path):
    """Entries and readings that there are."""
    with closing(sqlite3.connect(path)) as database:
        return tuple(
            database.execute(question).fetchone()[0]
            for question in (
                "SELECT ifnull(sum(last - first + 1), 0) FROM run",
                "SELECT count(*) FROM reading",
            )
        )


@pytest.mark.parametrize(
    "off_ms", [-6 * YEAR_MS, -YEAR_MS, -31 * DAY_MS, 0, DAY_MS, YEAR_MS, 60 * YEAR_MS]
)
def test_what_is_fresh_stays_and_goes_in_time_whatever_its_author_says(path, monkeypatch, off_ms):
    arrive(path, monkeypatch, TODAY, said_at(TODAY + off_ms))
    for later in (0, 5 * DAY_MS, 29 * DAY_MS):
        settle(path, rules(), TODAY + later)
        assert kept(path) == (200, 200), later
        assert faults(path) == []
    settle(path, rules(), TODAY + 33 * DAY_MS + SLACK_MS)
    entries, readings = kept(path)
    assert entries <= 20, "the newest row stays"
    assert readings == 0
    assert faults(path) == []


def test_when_the_age_of_something_begins():
    now = TODAY
    for said, arrived, expected in (
        (now - YEAR_MS, now, now),
        (now + 5, now, now + 5),
        (now + YEAR_MS, now, now + SLACK_MS),
        (None, now, now),
        (now - YEAR_MS, 0, now - YEAR_MS),
        (now - YEAR_MS, now + YEAR_MS, now - YEAR_MS),
        (now + YEAR_MS, 0, None),
        (0, 0, None),
        (None, 0, None),
        (None, now + YEAR_MS, None),
    ):
        assert age_from(said, arrived, now) == expected, (said, arrived)


@pytest.mark.parametrize("arrived", [0, 1000, TODAY + 50 * YEAR_MS])
def test_where_our_own_clock_knew_nothing_the_author_s_counts(path, monkeypatch, arrived):
    arrive(path, monkeypatch, arrived, said_at(TODAY - 60 * DAY_MS))
    settle(path, rules(), TODAY)
    entries, readings = kept(path)
    assert (entries <= 20, readings) == (True, 0)


@pytest.mark.parametrize("arrived", [0, TODAY + 50 * YEAR_MS])
def test_where_both_know_nothing_it_begins_to_age_when_it_is_seen(path, monkeypatch, arrived):
    arrive(path, monkeypatch, arrived, said_at(TODAY + 60 * YEAR_MS))
    settle(path, rules(), TODAY)
    assert kept(path) == (200, 200)
    settle(path, rules(), TODAY + 33 * DAY_MS)
    entries, readings = kept(path)
    assert (entries <= 20, readings) == (True, 0)


def test_late_readings_of_a_time_that_was_summed_up_are_kept_and_shown(path, monkeypatch):
    """Ann's clock falls back to where her readings are summaries by now."""
    arrive(path, monkeypatch, TODAY - 100 * DAY_MS, said_at(TODAY - 100 * DAY_MS))
    settle(path, rules({"history": [{"days": 30}]}), TODAY)
    assert kept(path) == (200, 0)
    late = entry(201, [record(1000)], when=[2, 2, 1, TODAY - 100 * DAY_MS + 7 * PERIOD_MS + 1])
    last = said_at(TODAY - 100 * DAY_MS)[-1]
    arrive(path, monkeypatch, TODAY, [run_of(ANN, [late], 201, last.links[-1])])
    settle(path, rules({"history": [{"days": 30}]}), TODAY)
    with Queries(path) as store:
        (sensor,) = store.sensors()
        assert [taken.value for taken in store.readings(sensor, 0, TODAY)] == [1000]
        (point,) = store.thinned(sensor, *store.span(sensor), 1)
        assert (point.most, point.n) == (1000, 200), "in place of the one of that period"
    assert faults(path) == []
    repair(path, [], None)
    assert 1 <= kept(path)[1] <= 11, "and those of the row that it was joined to"
    settle(path, rules({"history": [{"days": 30}]}), TODAY + 31 * DAY_MS)
    assert kept(path) == (201, 0)
    with Queries(path) as store:
        (point,) = store.thinned(sensor, *store.span(sensor), 1)
        assert (point.most, point.n) == (200, 200), "the summary of before"
    assert faults(path) == []


def test_our_own_clock_decides_only_once_it_agrees_with_itself():
    clock = OwnClock(TODAY, 0)
    assert not clock.is_steady(STEADY_MS - 1)
    assert clock.look(TODAY + STEADY_MS, STEADY_MS) == 0
    assert clock.is_steady(STEADY_MS)
    assert clock.look(TODAY + STEADY_MS + JUMP_MS // 2, STEADY_MS) == 0
    jump = clock.look(TODAY + 2 * YEAR_MS, STEADY_MS)
    assert jump == 2 * YEAR_MS - STEADY_MS
    assert not clock.is_steady(STEADY_MS)
    assert clock.is_steady(2 * STEADY_MS)
    assert clock.look(TODAY + 2 * YEAR_MS + 2 * JUMP_MS, STEADY_MS) == 0, "that was no wrong time"
    assert not clock.is_steady(2 * STEADY_MS - 1)


@pytest.mark.parametrize("wrong_by", [-2 * YEAR_MS, 2 * YEAR_MS])
def test_what_arrived_under_a_wrong_clock_is_booked_under_the_right_one(
    path, monkeypatch, wrong_by
):
    """A computer without a battery for its clock starts years behind, and then hears the time."""
    now = [TODAY + wrong_by, 0]
    monkeypatch.setattr("mesh.hub.store.work.unix_ms", lambda: now[0])
    monkeypatch.setattr("mesh.hub.store.work.up_ms", lambda: now[1])
    with Archive(path, rules=rules()) as archive:
        take(archive, said_at(TODAY - 3 * DAY_MS))
        work = archive._writer._work

        def look(after_ms, unix_ms):
            now[:] = [unix_ms, now[1] + after_ms]
            done = work._step(now[0], now[1])
            while done.more:
                done = work._step(now[0], now[1])

        idle(archive)
        look(5000, TODAY + 5000)  # the jump
        assert kept(path) == (200, 200)
        look(STEADY_MS, TODAY + 5000 + STEADY_MS)
        assert kept(path) == (200, 200)
        with closing(sqlite3.connect(path)) as database:
            arrivals = {a for (a,) in database.execute("SELECT DISTINCT arrived FROM run")}
        assert all(TODAY <= arrived <= TODAY + 5000 for arrived in arrivals), arrivals
        look(40 * DAY_MS, now[0] + 40 * DAY_MS)
        assert kept(path)[1] == 0


def idle(archive):
    """Let the thread do nothing more, so that the test may in its place."""
    archive.flush(10)
    archive._writer._queue.close()
    archive._writer._thread.join(10)
    archive._database.execute("SELECT 1")


def test_a_store_of_before_arrivals_were_noted(path):
    with closing(sqlite3.connect(path)) as old:
        for migration in schema.MIGRATIONS[:2]:
            old.executescript(migration)
        old.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        old.execute("PRAGMA user_version = 2")
    with Archive(path) as archive:
        take(archive, feed(BOB, 20))
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT min(arrived) FROM run").fetchone()[0] > TODAY


def test_doubtful_times_are_told(path, monkeypatch):
    arrive(path, monkeypatch, TODAY, said_at(TODAY - 6 * YEAR_MS))
    arrive(path, monkeypatch, TODAY, said_at(TODAY - DAY_MS // 2, who=BOB, count=5))
    with Queries(path) as store:
        ann, bob = (store.sensors(who.public)[0] for who in (ANN, BOB))
        early, late = store.doubt(ann, [store.span(ann)[0], store.span(ann)[1]])
        assert abs(early - 6 * YEAR_MS) < DAY_MS
        assert late == 0
        assert store.doubt(bob, store.span(bob)) == (0, 0)
        said = next(store.entries(ANN.public))
        assert (said.arrived, said.seq) == (TODAY, 1)


def test_the_real_clocks():
    assert own_clock.unix_ms() > TODAY - 10 * YEAR_MS
    assert 0 < own_clock.up_ms() <= own_clock.up_ms()
