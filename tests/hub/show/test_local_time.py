"""Plots, tables and dates over the changes of the clock, in zones with odd ones."""

import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from mesh.cli.views import event_lines, store_view
from mesh.hub.failure import Failure
from mesh.hub.operations import shelf
from mesh.hub.show import local_time
from mesh.hub.show.local_time import DAY_MS, local, read, round_times, shown
from mesh.hub.store import plot
from mesh.hub.store.plot import Plot
from mesh.hub.store.queries import Point

HOUR = 3_600_000
MINUTE = 60_000
FULL = "%Y-%m-%d %H:%M"


@pytest.fixture(params=["Europe/Berlin"])
def zone(request, monkeypatch):
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def at(zone):
    return pytest.mark.parametrize("zone", [zone], indirect=True)


def utc(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "start", "step", "told"),
    [
        ("Europe/Berlin", utc(2026, 10, 24, 23, 0), HOUR // 2,
         ["01:00", "01:30", "02:00 +0200", "02:30 +0200", "02:00 +0100", "02:30 +0100", "03:00"]),
        ("Europe/Berlin", utc(2026, 3, 29, 0, 0), HOUR // 2, ["01:00", "01:30", "03:00", "03:30"]),
        ("America/New_York", utc(2026, 11, 1, 4, 30), HOUR // 2,
         ["00:30", "01:00 -0400", "01:30 -0400", "01:00 -0500", "01:30 -0500", "02:00"]),
        ("Australia/Lord_Howe", utc(2026, 4, 4, 14, 0), HOUR // 4,
         ["01:00", "01:15", "01:30 +1100", "01:45 +1100", "01:30 +1030", "01:45 +1030", "02:00"]),
        ("Australia/Lord_Howe", utc(2026, 10, 3, 15, 0), HOUR // 4,
         ["01:30", "01:45", "02:30", "02:45"]),
        ("Asia/Kathmandu", utc(2026, 10, 24, 18, 0), HOUR // 2, ["23:45", "00:15", "00:45"]),
        ("UTC", utc(2026, 10, 25, 0, 0), HOUR // 2, ["00:00", "00:30", "01:00", "01:30"]),
    ],
    indirect=["zone"],
)  # fmt: skip
def test_each_time_is_told_apart(zone, start, step, told):
    times = [start + n * step for n in range(len(told))]
    assert [shown(local(t), "%H:%M") for t in times] == told
    assert len(set(told)) == len(told)
    seconds = "%Y-%m-%d %H:%M:%S"
    assert [store_view.moment(t / 1000) for t in times] == [
        shown(local(t), seconds) for t in times
    ]
    assert [event_lines._time(t / 1000)[:5] for t in times] == [word[:5] for word in told]


@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu",
     "Pacific/Chatham", "America/St_Johns", "Asia/Beirut", "Africa/Casablanca", "Europe/Dublin"],
    indirect=True,
)  # fmt: skip
@pytest.mark.parametrize("step", [5 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR])
def test_marks_are_at_round_times_also_over_a_change(zone, step):
    """Of a whole year: in order, none left out but where the clock jumps, none twice."""
    found = 0
    for day in range(0, 366, 1):
        start = utc(2026, 1, 1, 5, 17) + day * DAY_MS
        marks = list(round_times(start, start + DAY_MS, step))
        found += len(marks)
        for mark in marks:
            moment = local(mark)
            of_day = (moment.hour * 60 + moment.minute) * MINUTE + moment.second * 1000
            assert of_day % step == 0, (zone, moment)
        # where the clock is put forward at midnight, that mark has no time
        assert all(0 < b - a <= 2 * step + 2 * HOUR for a, b in pairwise(marks)), marks
    assert abs(found - 366 * DAY_MS / step) <= 2 * HOUR / step + 8


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Beirut", "UTC"], indirect=True
)
@pytest.mark.parametrize("days", [1, 2, 7, 30])
def test_days_begin_at_midnight_whatever_their_length(zone, days):
    start = utc(2026, 1, 5, 11, 0)
    marks = list(round_times(start, start + 365 * DAY_MS, days * DAY_MS))
    assert len(marks) in (365 // days, 365 // days + 1)
    for mark in marks:
        moment = local(mark)
        assert (moment.hour, moment.minute) in ((0, 0), (1, 0)), moment  # Beirut has no midnight
        assert local(mark - 1).date() < moment.date()


@at("Europe/Berlin")
def test_what_was_asked_for_is_what_was_meant(zone):
    now = utc(2026, 11, 1)
    first, second = utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30)
    assert shelf.when("2026-10-25T02:30", now) == first
    assert shelf.when("2026-10-25T02:30", now, last=True) == second
    assert shelf.when("2026-10-25T02:30+02:00", now, last=True) == first
    assert shelf.when("2026-10-25T02:30+01:00", now) == second
    assert shelf.when("2026-10-25T00:30Z", now) == first
    for last in (False, True):
        assert shelf.when("2026-10-25", now, last=last) == utc(2026, 10, 24, 22)
        assert shelf.when("2026-03-29T02:30", now, last=last) == utc(2026, 3, 29, 1, 30)
        assert shelf.when("2026-03-30", now, last=last) == utc(2026, 3, 29, 22)
    for none in ("2026-10-32", "tomorrow", "", "25:00", "99999999999999999999999y" * 20):
        with pytest.raises(Failure):
            shelf.when(none, now)
    assert shelf.when("9" * 30 + "y", now) == 0
    assert shelf.when("1d", now) == now - DAY_MS


@at("Australia/Lord_Howe")
def test_half_an_hour_that_comes_twice(zone):
    assert read("2026-04-05T01:45") == utc(2026, 4, 4, 14, 45)
    assert read("2026-04-05T01:45", last=True) == utc(2026, 4, 4, 15, 15)


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"], indirect=True
)
@pytest.mark.parametrize("hours", [2, 8, 24, 72])
@pytest.mark.parametrize("day", [(2026, 10, 25), (2026, 11, 1), (2026, 4, 4), (2026, 3, 29)])
def test_a_plot_over_a_change(zone, hours, day):
    start = utc(*day) - hours * HOUR // 3
    points = [
        Point(start + n * MINUTE, 1.0, 2.0, 3.0, 1)
        for n in range(0, hours * 60, max(1, hours // 4))
    ]
    drawn = Plot("peer/sensor", "Cel", points)
    ticks = plot.time_ticks(drawn)
    labels = [plot.label(tick, drawn) for tick in ticks]
    assert len(ticks) >= 2
    assert ticks == sorted(set(ticks))
    assert points[0].time <= ticks[0]
    assert ticks[-1] <= points[-1].time
    if hours <= 24:
        assert len(set(labels)) == len(labels), labels
    svg = plot.svg(drawn)
    assert all(f">{label}</text>" in svg for label in labels)
    assert plot.text(drawn, 100, 20)


def test_times_beyond_calendars():
    for far in (1 << 53, -(1 << 53), 253_402_300_799_000, -62_135_596_800_000):
        moment = local(far)
        if moment is not None:
            shown(moment, FULL)
        list(round_times(far, far + 3 * DAY_MS, DAY_MS))
        assert store_view.moment(far / 1000)
    assert local_time.comes_twice(datetime(1, 1, 1)) in (True, False)  # noqa: DTZ001 - bare


@pytest.mark.parametrize(
    "last", [253_402_300_799_999, 253_402_300_800_000, (1 << 53) - 1, 1 << 62]
)
def test_a_time_that_no_calendar_reaches_is_drawn_all_the_same(last):
    start = utc(2026, 11, 28)
    points = [Point(time, 1.0, 2.0, 3.0, 1) for time in (start, start + HOUR, last)]
    drawn = Plot("t", "Cel", points)
    assert plot.time_ticks(drawn)
    assert "</svg>" in plot.svg(drawn)
    assert plot.text(drawn, 80, 20)
