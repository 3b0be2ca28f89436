"""The commands about what is kept, on a store that is in use."""

import asyncio
import csv
import json
import xml.etree.ElementTree as ET

import pytest
from commands import call, do, greenhouse, items, make_home, mesh, running
from hubs import run, until
from stored import NOW, STEP, entry, feed, identity, record, run_of, take

from mesh.cli import app as cli
from mesh.core import peer_id as ids
from mesh.core.codec.cbor import Decimal
from mesh.core.errors import LocalError, MeshError
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.failure import Failure
from mesh.hub.home import naming
from mesh.hub.home.home import Home
from mesh.hub.home.naming import Known
from mesh.hub.home.settings_words import parse
from mesh.hub.store import exporting, plot, schema
from mesh.hub.store.archive import Archive
from mesh.hub.store.queries import Point, Queries

ANN = identity(1)
TEXT = ids.to_text(ANN.public)
COUNT = 200


@pytest.fixture
def home(tmp_path):
    """A home that kept what ann said; its store is in use."""
    made = make_home(tmp_path / "home")
    naming.remember(made.path / naming.CACHE, [Known(TEXT, "ann")])
    with Archive(made.path / schema.NAME) as archive:
        last = feed(ANN, COUNT)[-1]
        more = [
            entry(COUNT + 1, [record(True, "door", ""), record("on, \n", "mode", "")]),
            entry(COUNT + 2, ["fan", True, None], "actuated"),
        ]
        take(archive, [*feed(ANN, COUNT), run_of(ANN, more, COUNT + 1, last.links[-1])])
        yield made


def ask(home, *words):
    """What a command gives, as `--json` has it."""
    return asyncio.run(items(call(*words, "--home", str(home.path), "--json")))


def test_log_shows_the_newest_last(home):
    rows = ask(home, "log", "ann", "--last", "3")
    assert [row["seq"] for row in rows] == [200, 201, 202]
    assert rows[0]["body"] == [{"0": "temperature", "1": "Cel", "2": 20}]
    assert rows[0]["time"] == (NOW + 200 * STEP) / 1000
    assert [row["seq"] for row in ask(home, "log", TEXT[:8], "--kinds", "actuated")] == [202]
    since = exporting.iso(NOW + 195 * STEP)
    assert [row["seq"] for row in ask(home, "log", "ann", "--since", since)] == [*range(195, 203)]
    with pytest.raises(Failure, match="no peer 'ana'; did you mean 'ann'"):
        ask(home, "log", "ana")
    with pytest.raises(Failure, match="no time"):
        ask(home, "log", "ann", "--since", "yesterday")


def test_a_kind_that_there_is_not_is_told_with_the_near_miss(home, capsys):
    assert cli.run(["log", "ann", "--kinds", "readng", "--home", str(home.path)]) == 0
    assert "nothing of kind 'readng' is kept of ann; did you mean 'reading'?" in (
        " ".join(capsys.readouterr().err.split())
    )
    assert cli.run(["store", "bakup", "--home", str(home.path)]) == 2
    assert "did you mean 'backup'?" in capsys.readouterr().err


def test_history_is_of_one_sensor(home):
    (row,) = ask(home, "history", "ann/temperature", "--points", "4")
    assert sum(point["n"] for point in row["points"]) == COUNT
    assert (row["points"][0]["least"], row["unit"]) == (20, "Cel")
    (row,) = ask(home, "history", "ann/mode")
    assert row["others"] == [{"time": (NOW + 201 * STEP) / 1000, "value": "on, \n"}]
    with pytest.raises(Failure, match="several sensors"):
        ask(home, "history", "ann")
    with pytest.raises(Failure, match="no readings of 'temp' of ann") as caught:
        ask(home, "history", "ann/temp")
    assert caught.value.help == "did you mean 'temperature'?"


def test_history_is_drawn(home, tmp_path):
    (row,) = ask(home, "history", "ann/temperature", "--plot")
    assert "\x1b" not in row["plot"]
    assert "ann/temperature" in row["plot"]
    for name in ("a.svg", "a.png"):
        ask(home, "history", "ann/temperature", "-o", str(tmp_path / name))
    assert ET.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(Failure, match=r"svg or \.png"):
        ask(home, "history", "ann/temperature", "-o", str(tmp_path / "a.jpg"))
    for points in (
        [Point(5, 1.0, 1.0, 1.0, 1)],
        [Point(t, -1e9, 0.0, 1e9, 2) for t in (0, 1, 900)],
    ):
        assert "nan" not in plot.svg(plot.Plot("x", "", points))
        assert plot.text(plot.Plot("x", "", points), 60, 12)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_export_adds_what_is_new_and_nothing_twice(home, tmp_path):
    path = tmp_path / "ann.csv"
    (row,) = ask(home, "export", "ann/temperature", "-o", str(path))
    assert (row["new"], row["all"]) == (COUNT, COUNT)
    before = path.read_bytes()
    (row,) = ask(home, "export", "ann/temperature", "-o", str(path))
    assert (row["new"], path.read_bytes()) == (0, before)
    path.write_bytes(before[: len(before) // 2])  # it was cut off
    ask(home, "export", "ann/temperature", "-o", str(path))
    assert path.read_bytes() == before
    (row,) = ask(home, "export", "ann", "-o", str(path))
    assert row["new"] == 2
    assert path.read_bytes().startswith(before)
    found = rows_of(path)
    assert (found[0]["value"], found[0]["quality"], found[0]["unit"]) == ("20.1", "2", "Cel")
    assert {row["value"] for row in found[-2:]} == {"true", "on, \\x0a"}
    assert len({(row["author"], row["seq"], row["sensor"]) for row in found}) == len(found)


@pytest.mark.parametrize("name", ["a.parquet", "a.senml.json"])
def test_export_anew_gives_the_same_bytes(home, tmp_path, name):
    path = tmp_path / name
    ask(home, "export", "ann", "-o", str(path))
    before = path.read_bytes()
    ask(home, "export", "ann", "-o", str(path))
    assert path.read_bytes() == before
    if name == "a.senml.json":
        found = json.loads(before)
        assert len(found) == COUNT + 2
        first = next(one for one in found if one["seq"] == 1 and "temperature" in one["n"])
        assert first == {
            "n": f"{TEXT}/temperature", "u": "Cel", "v": 20.1, "seq": 1,
            "t": (NOW + STEP) / 1000,
        }  # fmt: skip
    else:
        import pyarrow.parquet as pq  # noqa: PLC0415 - slow to load

        table = pq.read_table(path).to_pylist()
        assert len(table) == COUNT + 2
        assert {row["truth"] for row in table if row["sensor"] == "door"} == {True}
        assert {row["number"] for row in table if row["seq"] == 1} == {20.1}


def test_export_leaves_other_files_alone(home, tmp_path, monkeypatch):
    path = tmp_path / "mine.csv"
    path.write_text("my,own\n1,2\n")
    with pytest.raises(Failure, match="no export of ours"):
        ask(home, "export", "ann", "-o", str(path))
    assert path.read_text() == "my,own\n1,2\n"
    with pytest.raises(Failure, match="of what kind"):
        ask(home, "export", "ann", "-o", str(tmp_path / "a.xls"))
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(LocalError, match="pyarrow") as caught:
        ask(home, "export", "ann", "-o", str(tmp_path / "a.parquet"))
    assert "pip install 'pyarrow" in caught.value.help


def test_store_tells_what_is_kept_and_copies_it(home, tmp_path):
    (row,) = ask(home, "store")
    (one,) = row["peers"]
    assert (one["peer"], one["entries"], one["parts"], one["forked"]) == ("ann", 202, 1, False)
    assert one["bytes_per_day"] == pytest.approx(one["bytes"] * 1440 / 201, rel=0.01)
    (made,) = ask(home, "store", "backup", str(tmp_path / "copy.db"))
    assert made["bytes"] == (tmp_path / "copy.db").stat().st_size
    ask(home, "store", "vacuum")
    with pytest.raises(Failure, match="cannot 'burn'"):
        ask(home, "store", "burn")
    with pytest.raises(MeshError, match="nothing was kept"):
        ask(Home(tmp_path / "new"), "store")


def test_verify_ends_well_or_tells_what_is_wrong(home):
    rows = ask(home, "verify")
    assert rows[-1]["last"] == 202
    assert [row["event"] for row in rows if row["event"] != "progress"] == ["checked", "feed"]

    def damage(database):
        database.execute("UPDATE run SET head = zeroblob(140) WHERE first = 1")

    with Archive(home.path / schema.NAME) as archive:
        archive.do(damage)
    code, out, err = asyncio.run(mesh("verify", "--home", home.path))
    assert code == 1
    assert "ann 1 to" in out
    assert "--repair" in err
    code, out, _ = asyncio.run(mesh("verify", "--repair", "--home", home.path))
    assert (code, "repaired" in out) == (0, True)
    assert "gone" not in ask(home, "verify")[-1]
    for words in (["log", "ann"], ["history", "ann/temperature"], ["store"], ["verify"]):
        code, out, err = asyncio.run(mesh(*words, "--home", home.path))
        assert (code, err) == (0, "")
        assert out


def test_a_peer_keeps_its_own_words_and_those_of_others(tmp_path):
    """Across restarts, from 1 without a gap; and commands look at it while it runs."""

    async def main():
        home = make_home(tmp_path / "home")
        async with greenhouse(tmp_path, home) as other:
            with home.settings_file.open("a") as file:
                file.write('[sensors.up]\nkind = "uptime"\nevery_s = 0.1\n')
            path = home.path / schema.NAME
            for _ in range(2):
                async with running(home) as (process, _):
                    await until(lambda: counted(path) >= (2, 1))
                    code, out, _ = await mesh("verify", "--home", home.path, "--json")
                    assert code == 0
                    process.terminate()
                    await process.wait()
            assert other.record.trouble == ""
            author = other.identity.public
        with Queries(path) as store:
            own = home.peer_id()
            assert [len(store.spans(one)) for one in (own, author)] == [1, 1]
            assert store.spans(own)[0][0] == 1
        _, out, _ = await mesh("history", "greenhouse/temperature", "--home", home.path, "--json")
        assert json.loads(out)["points"][0]["mean"] == 21.35

    def counted(path):
        if not path.exists():
            return (0, 0)
        with Queries(path) as store:
            sizes = [size.entries for size in store.sizes()]
        return (len(sizes), min(sizes, default=0))

    asyncio.run(main())


def test_log_follows(home):
    async def main():
        reply = call("log", "ann", "--follow", "--last", "1", "--home", str(home.path))
        assert (await anext(reply.items))["seq"] == 202
        with Archive(home.path / schema.NAME) as archive:
            link = archive.heads()[ANN.public][1]
            take(archive, [run_of(ANN, [entry(203, [record(Decimal(5, -1))])], 203, link)])
            assert (await anext(reply.items))["body"][0]["2"] == 0.5
        await reply.items.aclose()

    run(main)


def test_peers_are_compared_by_their_heads(tmp_path):
    async def main():
        home = make_home(tmp_path / "home")
        async with greenhouse(tmp_path, home) as other:
            profile = parse(
                {
                    "port": 0,
                    "discovery": {"layers": []},
                    "peers": [{"address": f"127.0.0.1:{other.address[1]}"}],
                },
                "desktop",
            )
            with Home(home.path) as opened:
                async with HubPeer(opened, profile, interfaces=["127.0.0.1"], sensed={}) as hub:
                    await hub.wait_for_peer(other.identity.public)
                    (heads,) = await do(hub, "heads", peer=ids.to_text(other.identity.public))
                    assert heads[0]["author"] == ids.to_text(other.identity.public)
                    assert (heads[0]["seq"], len(heads[0]["link"])) == (1, 64)
                    await until(lambda: hub.node.peer.feeds.next_seq(other.identity.public) == 2)
            code, out, err = await mesh("verify", "--peers", "-t", "5", "--home", home.path)
            assert (code, err) == (0, "")
            assert "greenhouse holds the same" in out

    run(main)


def test_whose_own_key_was_used_twice_is_told_what_to_do(tmp_path, capsys):
    home = make_home(tmp_path / "home")
    assert not json.loads(printed(["id", "--home", str(home.path), "--json"], capsys))["forked"]
    with Archive(home.path / schema.NAME) as archive:
        archive.evidence(home.peer_id(), [1], [2])
    assert json.loads(printed(["id", "--home", str(home.path), "--json"], capsys))["forked"]
    assert "mesh id renew" in printed(["id", "--home", str(home.path)], capsys)
    (home.path / schema.NAME).write_bytes(b"no database")
    assert not json.loads(printed(["id", "--home", str(home.path), "--json"], capsys))["forked"]


def printed(arguments, capsys):
    assert cli.run(arguments) == 0
    return capsys.readouterr().out
