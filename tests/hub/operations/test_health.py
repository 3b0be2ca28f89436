"""`mesh peers --problems` and columns: what twenty peers tell of themselves, at a look."""

import asyncio
import json

import pytest
from commands import LOOPBACK, call, greenhouse, items, make_home, mesh
from screens import peer_row, screen

from mesh.cli.views import peers_view
from mesh.hub.failure import FAILED, OK, USAGE, Failure
from mesh.hub.operations import health


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "study")


def row(about, **changes):
    base = peer_row(forked=None, wakes_s=None) | changes
    return base | health.told(about) | {"problems": health.problems(base, about)}


@pytest.mark.parametrize(
    ("about", "changes", "words"),
    [
        ({}, {}, []),
        ({"resets": [3, "power on"], "faults": 0, "failing": {}, "boots": 7}, {}, []),
        ({"resets": [3, "MemoryError: 512"]}, {}, ["it began anew: MemoryError: 512"]),
        ({"faults": 2}, {}, ["2 faults of its own"]),
        ({"failing": {"air": "no chip at 0x76", "b": "?"}}, {}, ["air fails: no chip", "b fails"]),
        ({"safe": "5 failed starts"}, {}, ["safe mode: 5 failed starts"]),
        ({"unpublished": [4, "flash is full"]}, {}, ["4 entries are not published: flash"]),
        ({"update": {"state": "taken back", "why": "ImportError"}}, {}, ["taken back: ImportErr"]),
        ({"update": {"state": "good"}, "clock_doubt": 2}, {}, ["disagree"]),
        ({}, {"state": "lost"}, ["does not answer any more"]),
        ({}, {"state": "asleep", "wakes_s": -5}, ["should be awake"]),
        ({}, {"state": "asleep", "wakes_s": 5}, []),
        ({}, {"state": "new", "name": ""}, []),
        ({}, {"forked": 7}, ["two different entries"]),
        ({"failing": 5, "resets": [], "update": "x", "unpublished": 3, "heap": [1]}, {}, []),
    ],
)
def test_what_needs_somebody_is_said(about, changes, words):
    found = row(about, **changes)["problems"]
    assert len(found) == len(words)
    assert all(word in what for word, what in zip(words, found, strict=True))


def test_columns_of_health_fit_a_terminal():
    about = {
        "boots": 12, "faults": 1, "resets": [2, "power on"], "firmware": "0.2.0+0a1b2c3d",
        "failing": {"temperature": "x"}, "heap": [100 * 1024, 60 * 1024],
    }  # fmt: skip
    heads = ["name", "state", "starts", "faults", "failing", "firmware", "memory"]
    shown = screen(peers_view.columns([row(about), row({}, name="attic")], heads))
    assert all(len(line) <= 80 for line in shown.splitlines())
    first = next(line for line in shown.splitlines() if "greenhouse" in line)
    assert first.split()[:7] == [
        "greenhouse",
        "up",
        "12",
        "3",
        "temperature",
        "0.2.0+0a1b2c3d",
        "60",
    ]
    assert "60 KiB free" in first

    long = "BME280 answers at no address of bus 0; look at its wires, SDA on GP4 and SCL on GP5"
    shown = screen(peers_view.problems({"peers": [row({"failing": {"air": long}}), row({})]}))
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert " ".join(shown.split()).endswith(f"air fails: {long}")
    assert shown.count("greenhouse") == 1
    shown = screen(peers_view.problems({"peers": [row({}), row({})]}))
    assert shown.strip() == "no problems among 2 peers"


def test_problems_are_a_failure_for_scripts(tmp_path, home):
    async def scenario():
        async with greenhouse(tmp_path, home) as peer:
            where = ("--home", str(home.path), "-i", LOOPBACK, "-t", "1")
            (rows,) = await items(call("peers", "--columns", "health", *where, "--json"))
            (mine,) = [row for row in rows if row["label"] == "greenhouse"]
            assert mine["problems"] == []
            assert isinstance(mine["faults"], int)
            peer.node.peer.sensors["temperature"].error = "no chip at 0x76"
            code, out, err = await mesh("peers", "--problems", *where)
            assert code == FAILED
            assert "temperature fails: no chip at 0x76" in out
            assert "have problems: " in err
            code, out, _ = await mesh("peers", "--problems", "--json", *where)
            assert "greenhouse" in [row["label"] for row in json.loads(out)]
            code, out, _ = await mesh("peers", "--columns", "name,starts,memory", *where)
            assert code == OK
            assert out.split()[:3] == ["name", "starts", "memory"]

    asyncio.run(scenario())


def test_a_column_that_is_none_is_wrong_usage():
    with pytest.raises(Failure, match="no column 'firmwear'") as caught:
        call("peers", "--columns", "name,firmwear")
    assert caught.value.exit_code == USAGE
    assert "did you mean 'firmware'?" in caught.value.help
    with pytest.raises(Failure, match="comings and goings"):
        call("peers", "--watch", "--problems")
