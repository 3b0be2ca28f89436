"""`mesh.Store`: what is kept, as rows that data tools take."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pyarrow
import pytest
from api_peers import ALONE, greenhouse, knowing, run
from hubs import until

import mesh


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A home that has kept some of a greenhouse, and the greenhouse's id."""
    home = tmp_path_factory.mktemp("study") / "home"
    ids = []

    def enough():
        try:
            return len(mesh.Store(home).history("greenhouse/temperature")) > 8
        except mesh.Error:
            return False

    async def main():
        async with greenhouse() as other:
            ids.append(other.id)
            told = await knowing(other, follow="*")
            async with mesh.Peer(home, name="study", settings=told) as study:
                study.sensor("door", every=0.1)(lambda: True)
                await until(enough)

    run(main)
    return home, ids[0]


def test_every_reading_is_a_row(kept):
    home, id = kept
    rows = mesh.Store(home).history("greenhouse/temperature")
    assert [row.value for row in rows] == [20 + n / 100 for n in range(1, len(rows) + 1)]
    first = rows[0]
    assert first[2:6] == ("Cel", "temperature", "greenhouse", id)
    assert all(row.time.utcoffset() == timedelta(0) for row in rows)
    assert [row.time for row in rows] == sorted(row.time for row in rows)
    assert len({row.seq for row in rows}) == len(rows)
    assert rows == mesh.Store(str(home)).history("green*"), "the other sensor never had a value"
    doors = mesh.Store(home).history("study")
    assert doors == mesh.Store(home).history("self")
    assert {(row.sensor, row.value) for row in doors} == {("door", True)}
    both = mesh.Store(home).history()
    assert set(both) == set(rows + doors)


def test_of_some_time(kept):
    store = mesh.Store(kept[0])
    rows = store.history("greenhouse")
    middle = rows[4].time
    assert store.history("greenhouse", since=middle) == rows[4:]
    assert store.history("greenhouse", until=middle) == rows[:5]
    elsewhere = middle.astimezone(timezone(timedelta(hours=5)))
    assert store.history("greenhouse", since=elsewhere, until=elsewhere) == rows[4:5]
    assert store.history("greenhouse", since=timedelta(days=2), until=timedelta(days=1)) == []
    assert store.history("greenhouse", since="2d") == rows
    with pytest.raises(mesh.Error, match="has no time zone"):
        store.history("greenhouse", since=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
    with pytest.raises(mesh.Error, match="'soon' is no time"):
        store.history("greenhouse", since="soon")


def test_points_for_a_chart(kept):
    store = mesh.Store(kept[0])
    rows = store.history("greenhouse/temperature")
    [one] = store.summary("greenhouse/temperature", points=1)
    assert (one.n, one.least, one.most) == (len(rows), rows[0].value, rows[-1].value)
    assert one.time == rows[0].time
    many = store.summary("greenhouse/temperature", until=rows[3].time)
    assert [point.mean for point in many] == [row.value for row in rows[:4]]
    assert store.summary("greenhouse/temperature", since=datetime(2200, 1, 1, tzinfo=UTC)) == []
    with pytest.raises(mesh.Error, match="points"):
        store.summary("greenhouse/temperature", points=0)


def test_which_sensors(kept):
    home, id = kept
    found = {sensor.sensor: sensor for sensor in mesh.Store(home).sensors()}
    assert set(found) == {"temperature", "door"}
    assert found["temperature"].id == id
    assert found["temperature"].first <= found["temperature"].last


def test_data_tools_take_the_rows(kept):
    rows = mesh.Store(kept[0]).history("greenhouse")
    table = pyarrow.Table.from_pylist([row._asdict() for row in rows])
    assert table.schema.field("time").type == pyarrow.timestamp("us", "UTC")
    assert table.schema.field("value").type == pyarrow.float64()
    assert table.num_rows == len(rows)


def test_what_is_not_kept(kept, tmp_path):
    store = mesh.Store(kept[0])
    with pytest.raises(mesh.NotFound, match="no peer 'grenhouse'; did you mean 'greenhouse'"):
        store.history("grenhouse")
    with pytest.raises(mesh.NotFound, match="no readings of 'rain'"):
        store.history("greenhouse/rain")
    with pytest.raises(mesh.Error, match="nothing was kept yet"):
        mesh.Store(tmp_path).history("greenhouse")


def test_it_is_read_while_it_is_written_and_from_several_threads(kept):
    async def main():
        async with mesh.Peer(kept[0], settings=ALONE) as peer:
            peer.sensor("fast", every=0.1)(lambda: 1)
            store = mesh.Store(peer.home)
            while True:
                found = await asyncio.gather(
                    *(asyncio.to_thread(store.history, "greenhouse") for _ in range(4))
                )
                assert all(rows == found[0] for rows in found)
                if {sensor.sensor for sensor in store.sensors()} >= {"fast"}:
                    return

    run(main)
