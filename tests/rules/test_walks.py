"""The walks of tools/walks.py are walked, and the shortest of them gets no longer."""

import json
import subprocess
import sys

from needs import ROOT

MOST_MOVES = 96  # between files, of a signed PUT: lower it whenever there are fewer


def test_walks():
    command = [sys.executable, ROOT / "tools" / "walks.py", "--json", "--files"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    put, reading, _ = found = list(json.loads(run.stdout).values())
    assert put["moves"] <= MOST_MOVES, put
    assert "core/node" in put["entered"], put
    assert any("store" in name for name in reading["entered"]), reading
    assert all(0 < one["folder_moves"] <= one["moves"] for one in found), found
