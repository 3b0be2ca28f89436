"""`mesh update` over several boards: one after the other, up to the first that takes it back."""

import asyncio
import json
from pathlib import Path

import pytest
import updating
from commands import mesh

from mesh.boards.firmware.link import linked
from mesh.hub.failure import OK, PARTLY

pytestmark = pytest.mark.timeout(300)  # three boards start several times each
LIMIT_S = 120
JOINED = "mesh/linked2.py"  # modules that every board loads
NAMES = ("bed1", "bed2", "bed3")
WHY = "not in this bed"
BAD_IN_BED2 = f"""
import json
with open("settings.json") as file:
    if json.load(file)["name"] == "bed2":
        raise ValueError({WHY!r})
"""


def update(home, *words):
    """What `mesh update` tells of each board, in order: exit code, {board: states}, errors."""

    async def limited():
        async with asyncio.timeout(LIMIT_S):
            where = ("--home", home.path, "-i", "127.0.0.1", "--json")
            return await mesh("update", *words, *where)

    code, out, err = asyncio.run(limited())
    states = {}
    for row in map(json.loads, out.splitlines()):
        told = states.setdefault(row["peer"], [])
        if row["state"] not in told:
            told.append(row["state"])
    return code, states, err


def test_one_that_takes_it_back_stops_the_rest(board, compiled, tmp_path):
    text = linked().texts[Path(JOINED)] + BAD_IN_BED2
    bad = updating.packed(updating.make(compiled, tmp_path / "bad", "2.0", linked2=text))
    good = updating.packed(updating.make(compiled, tmp_path / "good", "2.1"))
    with updating.introduced(tmp_path / "home", board, *NAMES) as (home, boards):
        code, states, err = update(home, "bed*", "--firmware", bad)
        assert code == PARTLY, err
        assert states["bed1"][-1] == "good"
        assert states["bed2"][-2:] == ["taken back", "failed"]
        assert states["bed3"] == ["left alone"]
        assert list(states) == list(NAMES), "none is offered it before the former one ended"
        assert "2 of 3 failed: bed2, bed3" in " ".join(err.split())
        offered = {name for name, one in boards.items() if one.events("update")}
        assert offered == {"bed1", "bed2"}
        assert all(one.is_running for one in boards.values())
        code, states, err = update(home, "bed*", "--firmware", good, "--at-once", "2")
        assert code == OK, err
        assert {name: told[-1] for name, told in states.items()} == dict.fromkeys(NAMES, "good")
