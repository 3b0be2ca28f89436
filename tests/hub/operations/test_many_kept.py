"""Lists and patterns over what is kept: history, export, verify."""

import asyncio
import csv
import io
import json

import pytest
from commands import call, items, make_home, mesh
from hubs import run
from stored import NOW, STEP, entry, feed, identity, record, run_of, take

from mesh.core import peer_id
from mesh.hub.failure import FAILED, OK, PARTLY, USAGE, Failure
from mesh.hub.home import naming
from mesh.hub.home.naming import Known
from mesh.hub.store import exporting, schema
from mesh.hub.store.archive import Archive

ROOM1, ROOM2, CELLAR = (identity(number) for number in (1, 2, 3))
NAMES = {"room1": ROOM1, "room2": ROOM2, "cellar": CELLAR}
COUNT = 10
TEMPERATURE, DOOR = "temperature", "door"


@pytest.fixture
def home(tmp_path):
    """A home that kept what three peers said, of which one has no temperature."""
    made = make_home(tmp_path / "home")
    known = [Known(peer_id.to_text(who.public), name) for name, who in NAMES.items()]
    naming.remember(made.path / naming.CACHE, known)
    with Archive(made.path / schema.NAME) as archive:
        take(archive, feed(ROOM1, COUNT))
        take(archive, feed(ROOM2, COUNT))
        take(archive, [run_of(CELLAR, [entry(1, [record(True, DOOR, "")])])])
        yield made


def ask(home, *words):
    return asyncio.run(items(call(*words, "--home", str(home.path), "--json")))


def code_of(home, *words):
    return asyncio.run(mesh(*words, "--home", home.path))


def test_history_of_many_has_one_object_for_each(home):
    rows = ask(home, "history", "*/temp*", "--points", "2")
    assert [(row["peer"], row["sensor"]) for row in rows] == [
        ("room1", TEMPERATURE),
        ("room2", TEMPERATURE),
    ]
    assert all(sum(point["n"] for point in row["points"]) == COUNT for row in rows)
    rows = ask(home, "history", "cellar/*", "room1/temperature")
    assert [row["sensor"] for row in rows] == [DOOR, TEMPERATURE]
    with pytest.raises(Failure, match="a picture shows one sensor, and here are 2"):
        ask(home, "history", "room*/temperature", "-o", "x.svg")
    with pytest.raises(Failure, match="did you mean 'temperature'"):
        ask(home, "history", "*/temprature")
    code, out, err = code_of(home, "history", "room1,attic/temperature")
    assert code == PARTLY
    assert "room1/temperature" in out
    assert "attic  no peer 'attic'" in out
    assert "1 of 2 failed: attic" in err


def test_export_to_stdout_has_the_names(home):
    code, out, err = code_of(home, "export", "*", "-o", "-")
    assert (code, err) == (OK, "")
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert len(rows) == 2 * COUNT + 1
    assert {row["peer"]: row["author"] for row in rows} == {
        name: peer_id.to_text(who.public) for name, who in NAMES.items()
    }
    code, out, err = code_of(home, "export", "room1", "-o", "-", "--format", "senml.json")
    assert len(json.loads(out)) == COUNT
    code, out, err = code_of(home, "export", "room1/temperature,lux", "room2", "-o", "-")
    assert code == PARTLY
    assert out.count("room1") == out.count("room2") == COUNT
    assert "lux" in err
    for more in (["--json"], ["--format", "parquet"], ["--format", "xls"]):
        code, out, _ = code_of(home, "export", "room1", "-o", "-", *more)
        assert (code, out) == (USAGE, "")


def test_a_file_without_names_is_gone_on_with(home, tmp_path):
    path = tmp_path / "all.csv"
    ask(home, "export", "room1", "-o", str(path))
    lines = path.read_text().splitlines()
    assert lines[0].endswith(",peer")
    assert lines[1].endswith(",room1")
    path.write_text("".join(f"{line.rpartition(',')[0]}\n" for line in lines))
    (row,) = ask(home, "export", "room*", "-o", str(path))
    assert (row["new"], row["all"]) == (COUNT, 2 * COUNT)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert {len(row) for row in rows} == {7}
    assert len(rows) == 2 * COUNT + 1


def test_log_of_many_is_one_story(home):
    rows = ask(home, "log", "room*", "--last", "4")
    assert [(row["peer"], row["seq"]) for row in rows] == [
        ("room1", COUNT - 1),
        ("room2", COUNT - 1),
        ("room1", COUNT),
        ("room2", COUNT),
    ]
    since = exporting.iso(NOW + 9 * STEP)
    rows = ask(home, "log", "room1,cellar", "room2", "--since", since)
    assert sorted((row["peer"], row["seq"]) for row in rows) == [
        (name, seq) for name in ("room1", "room2") for seq in (9, 10)
    ]
    code, out, err = code_of(home, "log", "room1", "attic", "cellar", "-n", "1")
    assert code == PARTLY
    lines = out.splitlines()
    assert lines[0].split()[:3] == ["attic", "no", "peer"]
    assert lines[1].split()[:2] == ["room1", str(COUNT)]
    assert len(lines) == 2
    assert "1 of 3 failed: attic" in err
    code, out, err = code_of(home, "log", "room*", "--kinds", "readng")
    assert (code, out) == (OK, "")
    assert "nothing of kind 'readng' is kept of room1, room2; did you mean 'reading'?" in (
        " ".join(err.split())
    )


def test_log_of_many_follows_each(home):
    async def main():
        reply = call("log", "room*", "--follow", "-n", "0", "--home", str(home.path))
        coming = asyncio.create_task(anext(reply.items))
        await asyncio.sleep(0)  # it has looked where each feed ends
        with Archive(home.path / schema.NAME) as archive:
            for who in (ROOM2, CELLAR, ROOM1):
                following, link = archive.heads()[who.public][:2]
                take(archive, [run_of(who, [entry(following)], following, link)])
            first = await coming
            second = await anext(reply.items)
        await reply.items.aclose()
        assert {(row["peer"], row["seq"]) for row in (first, second)} == {
            ("room1", COUNT + 1),
            ("room2", COUNT + 1),
        }

    run(main)


def test_a_part_is_refused_where_peers_are_meant(home, tmp_path):
    for words in (
        ["log", "room1/temperature"],
        ["log", "room*/temperature"],
        ["verify", "room1/temperature"],
        ["update", "room1/temperature", "--firmware", str(tmp_path)],
    ):
        with pytest.raises(Failure, match="is more than a peer") as caught:
            ask(home, *words)
        assert caught.value.exit_code == USAGE


def test_oneself_is_one_of_several(home):
    with Archive(home.path / schema.NAME) as archive, home:
        take(archive, [run_of(home.identity, [entry(1)])])
    rows = ask(home, "log", "self,room1", "--last", "100")
    assert len(rows) == COUNT + 1
    (total,) = [row for row in ask(home, "verify", "self") if row["event"] == "checked"]
    assert (total["authors"], total["entries"]) == (1, 1)


def test_only_what_some_said_is_verified(home):
    rows = ask(home, "verify", "room*")
    assert [row["peer"] for row in rows if row["event"] == "feed"] == ["room1", "room2"]
    (total,) = [row for row in rows if row["event"] == "checked"]
    assert (total["authors"], total["entries"], total["readings"]) == (2, 2 * COUNT, 2 * COUNT)

    def damage(database):
        database.execute("UPDATE run SET head = zeroblob(140) WHERE first = 1 AND author = 2")

    with Archive(home.path / schema.NAME) as archive:
        archive.do(damage)
    codes = {name: code_of(home, "verify", name)[0] for name in NAMES}
    assert sorted(codes.values()) == [OK, OK, FAILED]
    assert code_of(home, "verify", "attic")[0] == 3
