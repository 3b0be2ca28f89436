"""What `mesh flash` says at its end is true: a sensor that it was given and that fails is told."""

import json
import os
import subprocess
import sys

import pytest
from flashing import SETTINGS

from mesh.boards.firmware import build as firmware
from mesh.boards.virtual.virtual_board import Virtual
from mesh.hub.failure import FAILED, OK

pytestmark = pytest.mark.usefixtures("micropython")
NOWHERE = {"kind": "temperature", "path": "/no/such/sensor", "every_s": 60}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The firmware of virtual boards, built once."""
    return firmware.build("unix", tmp_path_factory.mktemp("dist")).folder


def flash(tmp_path, made, port, *options, actuators=None, **sensors):
    """`mesh flash` in a process of its own, with the sensors given besides."""
    settings = tmp_path / "settings.json"
    more = {"sensors": SETTINGS["sensors"] | sensors, "actuators": actuators or {}}
    settings.write_text(json.dumps(SETTINGS | more))
    home = ("--home", tmp_path / "home", "-i", "127.0.0.1", "--firmware", made)
    command = ("flash", port, "--settings", settings, *home, *options)
    return subprocess.run(
        [sys.executable, "-m", "mesh.cli", *map(str, command)],
        capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip


def test_a_wanted_sensor_that_fails_is_named_with_its_reason_and_is_no_success(tmp_path, made):
    with Virtual(tmp_path / "board") as virtual:
        run = flash(tmp_path, made, virtual.port, "--json", oven=NOWHERE)
    events = {event["event"]: event for event in map(json.loads, run.stdout.splitlines())}
    assert run.returncode == FAILED, run.stderr
    assert list(events["failing"]["things"]) == ["oven"]
    assert events["failing"]["things"]["oven"], "its reason"
    assert [row["sensor"] for row in events["reading"]["rows"]] == ["heap"]
    assert events["failed"]["failure"] == "thing-failing"
    assert "done" not in events
    assert "not all of it works: oven\n" in run.stderr
    assert "safe: " in run.stderr
    assert "mesh show hut" in run.stderr


def test_a_person_is_not_told_done_either(tmp_path, made):
    with Virtual(tmp_path / "board") as virtual:
        run = flash(tmp_path, made, virtual.port, oven=NOWHERE)
        assert run.returncode == FAILED
        assert "\nFAILING  oven: " in run.stdout
        reason = run.stdout.partition("FAILING  oven: ")[2].partition("\n")[0]
        assert reason[:20] not in run.stderr, "told twice"
        assert "done" not in run.stdout.split()
        again = flash(tmp_path, made, virtual.port, oven={"kind": "heap"})
        assert again.returncode == OK, again.stderr
        assert "\ndone " in again.stdout


def test_an_actuator_that_fails_is_named_too(tmp_path, made):
    (tmp_path / "board" / "pump.state").mkdir(parents=True)  # where its state is to be written
    with Virtual(tmp_path / "board") as virtual:
        pump = {"pump": {"kind": "led"}}
        run = flash(tmp_path, made, virtual.port, "--json", actuators=pump)
    events = {event["event"]: event for event in map(json.loads, run.stdout.splitlines())}
    assert run.returncode == FAILED, run.stderr
    assert list(events["failing"]["things"]) == ["pump"]


def test_a_running_mesh_up_shows_the_readings_of_a_board_that_is_flashed_beside_it(tmp_path, made):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "settings.toml").write_text("[discovery]\nlayers = []\n")
    up = [sys.executable, "-m", "mesh.cli", "up", "--home", str(home), "--json"]
    up += ["-i", "127.0.0.1", "--port", "0"]
    with (
        Virtual(tmp_path / "board") as virtual,
        subprocess.Popen(up, stdout=subprocess.PIPE, text=True) as running,
    ):
        try:
            assert json.loads(running.stdout.readline())["follows"] == []
            run = flash(tmp_path, made, virtual.port, heap={"every_s": 1})
            assert run.returncode == OK, run.stderr
            while (told := json.loads(running.stdout.readline()))["event"] != "reading":
                pass
            assert (told["label"], told["sensor"]) == ("hut", "heap")
        finally:
            running.terminate()
