"""`mesh demo --relations`: its table at 80 columns, and all of it by real processes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from rich.console import Console

from mesh.hub.failure import INTERRUPTED
from mesh.lab.demo.relations import greenhouse_table
from mesh.lab.demo.relations.greenhouse import ANN, BOARDS
from mesh.lab.demo.relations.greenhouse_table import Member

COMMAND = (sys.executable, "-m", "mesh", "demo", "--relations", "--json")
COLUMNS = 80
LIMIT_S = 400  # compiling alone takes a busy computer a minute
STEPS = (
    *("they find each other", "a circle of five", "an agreement runs", "changed without roof"),
    *("healed, roof catches up", "a refusal, with reason", "a trial ends by itself"),
    *("a counter-offer", "what it offers is done", "refused after leaving"),
)
FAN = ["when", None, "temperature", "above", 26, "fan", True, False]
LAMP = ["when", None, "temperature", "above", 20, "lamp", True, False]


def started(folder):
    return subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(folder)}
    )


def left_of(folder):
    """Processes that have to do with a folder."""
    found = subprocess.run(["ps", "-wweo", "args"], capture_output=True, text=True, check=True)
    return [line for line in found.stdout.splitlines() if str(folder) in line]


@pytest.mark.usefixtures("micropython")
@pytest.mark.timeout(LIMIT_S)
def test_all_of_it_is_seen_by_real_processes(tmp_path):
    with started(tmp_path) as process:
        told, _ = process.communicate(timeout=LIMIT_S)
    events = [json.loads(line) for line in told.splitlines()]
    summary = events[-1]
    assert process.returncode == 0, summary
    assert summary["ok"]
    assert tuple(summary["checks"]) == STEPS
    faults = [one["text"] for one in events if one["event"] in {"console", "error", "failing"}]
    assert not faults, "a board printed what is no event"
    reasons = {one["reason"] for one in events if one["event"] == "word" and one["word"] == "no"}
    assert reasons == {"its holder does not let it agree to this"}
    yes = [one for one in events if one["event"] == "word" and one["word"] == "yes"]
    assert {name for one in yes for name in one["peers"]} == set(BOARDS)
    assert not any(tmp_path.iterdir()), "it leaves no folder"


@pytest.mark.usefixtures("micropython")
@pytest.mark.timeout(LIMIT_S)
def test_ctrl_c_leaves_nothing_behind(tmp_path):
    with started(tmp_path) as process:
        try:
            for line in process.stdout:
                if json.loads(line)["event"] == "consent":  # its boards run
                    break
            assert left_of(tmp_path)
        finally:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert not any(tmp_path.iterdir())
    ends_at = time.monotonic() + 10
    while left_of(tmp_path) and time.monotonic() < ends_at:
        time.sleep(0.1)
    assert not left_of(tmp_path)


def test_the_table_fits_a_terminal():
    members = [Member(ANN, "desktop"), *(Member(name, "board") for name in BOARDS)]
    for one in members:
        one.short, one.state = "g4eqcwr5", "up"
        one.readings["temperature"] = (27, "Cel", 0.0)
        one.devices = {"fan": True, "lamp": False, "window": 45}
        one.runs = [(bytes(32), FAN), (bytes(32), LAMP)]
    members[2].away = True
    console = Console(width=COLUMNS)
    with console.capture() as captured:
        console.print(greenhouse_table.drawn(members))
    lines = captured.get().splitlines()
    assert len(lines) == 2 + len(members), "each peer has a line"
    assert all(len(line) <= COLUMNS for line in lines)
    assert lines[3].split() == [
        *("door", "g4eqcwr5", "up", "27", "°C", "on", "off", "45°", "fan", ">26°,", "lamp", ">20°")
    ]
    assert "cut off" in lines[4]
