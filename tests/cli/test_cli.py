"""The command `mesh` in this process: usage, help, exit codes, and each command's data."""

import asyncio
import contextlib
import json
import os
import re
import sys

import pytest
from commands import LOOPBACK, call, greenhouse, items, make_home
from typer.testing import CliRunner

from mesh.cli import app as cli
from mesh.cli import overview
from mesh.cli.lazy import make_app
from mesh.core import peer_id as ids
from mesh.hub.failure import FAILED, NOBODY, OK, SETUP, USAGE, Failure
from mesh.hub.home import naming


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "study")


def test_every_command_has_help_with_an_example():
    result = CliRunner().invoke(make_app(), ["--help"], prog_name="mesh")
    assert result.exit_code == OK
    assert "Exit codes" in result.output
    for name in cli.COMMANDS:
        assert re.search(rf"^│ {name.split()[0]} ", result.output, re.MULTILINE), name
        shown = CliRunner().invoke(make_app(), [*name.split(), "--help"], prog_name="mesh")
        assert shown.exit_code == OK
        assert f"Example: mesh {name}" in shown.output
        assert "--json" in shown.output
        assert all(len(line) <= 80 for line in shown.output.splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope"], "No such command 'nope'"),
        (["pers"], "peers"),
        (["read"], "Missing argument 'PEER[/SENSOR]...'"),
        (["peers", "--jsn"], "--json"),
        (["read", "/temperature"], "PEER/NAME"),
        (["set", "greenhouse", "true"], "names no actuator"),
        (["show", "greenhouse/temperature"], "mesh read"),
        (["read", "greenhouse", "--timeout", "soon"], "--timeout"),
        (["watch", "--count", "0"], "--count"),
        (["get"], "URI"),
    ],
)
def test_wrong_usage_is_2_and_says_how(capsys, arguments, words):
    assert cli.run(arguments) == USAGE
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.out == ""


def test_without_arguments_it_shows_what_is_for_every_day_on_one_screen(capsys):
    assert cli.run([]) == OK
    shown = capsys.readouterr().out
    assert "Usage: mesh" in shown
    assert len(shown.splitlines()) < 24  # with the prompt below it
    assert all(len(line) <= 80 for line in shown.splitlines())
    for name in cli.COMMANDS:
        assert re.search(rf"\b{name.split()[0]}\b", shown), name


def test_help_has_groups_and_a_line_for_each_command():
    shown = CliRunner().invoke(make_app(), ["--help"], prog_name="mesh").output
    places = [shown.index(f"─ {group} ─") for group in overview.GROUPS]
    assert places == sorted(places)
    assert "─ Commands ─" not in shown
    names = {name.split()[0] for name in cli.COMMANDS}
    commands = shown[places[0] :]
    assert sum(line.startswith("│") for line in commands.splitlines()) == len(names)
    assert not any(overview.group_of(name) == overview.OTHER for name in names)


def test_version(capsys, monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.2.3")
    assert cli.run(["--version"]) == OK
    assert capsys.readouterr().out == "othermesh 1.2.3\n"


def test_id_tells_who_we_are_without_the_lock(capsys, home):
    with home as opened:
        own = ids.to_text(opened.identity.public)
        assert cli.run(["id", "--home", str(home.path), "--json"]) == OK
    told = json.loads(capsys.readouterr().out)
    assert told["id"] == own
    assert told["short"] == own[:8]
    assert told["running"] is False


def test_no_identity_is_5(capsys, tmp_path):
    assert cli.run(["id", "--home", str(tmp_path / "none")]) == SETUP
    assert "mesh up" in capsys.readouterr().err


def test_broken_settings_are_5_and_point_at_the_line(capsys, home):
    home.settings_file.write_text("prot = 5\n")
    assert cli.run(["peers", "--home", str(home.path), "-t", "0.1"]) == SETUP
    error = capsys.readouterr().err
    assert "line 1" in error
    assert 'did you mean "port"?' in error


def test_an_identity_in_use_is_5(capsys, home):
    with home:
        assert cli.run(["peers", "--home", str(home.path), "-t", "0.1"]) == SETUP
    assert str(os.getpid()) in capsys.readouterr().err


def test_an_interface_that_is_none_is_5(capsys, home):
    assert cli.run(["peers", "--home", str(home.path), "-i", "lo", "-t", "0.1"]) == SETUP
    assert "'lo' is not the IP address" in capsys.readouterr().err


def test_nobody_there_is_3(capsys, home):
    where = ["--home", str(home.path), "-i", LOOPBACK, "-t", "0.1"]
    assert cli.run(["read", "greenhouse/temperature", *where]) == NOBODY
    assert "no peer 'greenhouse'" in capsys.readouterr().err
    assert cli.run(["peers", *where]) == OK
    assert "mesh doctor" in capsys.readouterr().out
    assert cli.run(["watch", "--seconds", "0.1", *where]) == NOBODY


def test_commands_do_what_they_say_through_a_peer_of_their_own(tmp_path, home, capsys):
    async def scenario():
        async with greenhouse(tmp_path, home, introduced_by=own):
            where = ("--home", str(home.path), "-i", LOOPBACK)
            [[row]] = await items(call("read", "greenhouse/temperature", *where))
            assert (row["value"], row["unit"], row["verified"]) == (21.35, "Cel", True)
            [shown] = await items(call("show", "greenhouse", *where))
            assert shown["actuators"] == {"fan": False}
            [done] = await items(call("set", "greenhouse/fan", "true", *where))
            assert done["value"] is True
            [row] = await items(call("watch", "greenhouse/temperature", "-n", "1", *where))
            assert row["value"] == 21.35
            with pytest.raises(Failure) as caught:
                await items(call("read", "gren-house", *where))
            assert "did you mean 'greenhouse'?" in caught.value.detail
            [rows] = await items(call("peers", *where, "-t", "1"))
            assert "greenhouse" in [row["name"] for row in rows]

    own = ids.to_text(home.peer_id())
    asyncio.run(scenario())
    assert naming.complete(home.path / naming.CACHE, "gre")


def test_get_reads_strangers_and_peers(tmp_path, home):
    async def scenario():
        async with greenhouse(tmp_path, home) as peer:
            base = f"coap://{LOOPBACK}:{peer.address[1]}"
            [links] = await items(call("get", f"{base}/.well-known/core"))
            assert "/sensors/temperature" in [link["href"] for link in links["content"]]
            [senml] = await items(call("get", f"{base}/sensors"))
            assert senml["content"][0]["value"] == 21.35
            assert senml["content"][0]["name"].endswith("/temperature")
            [binary] = await items(call("get", f"{base}/sensors", "--accept", "112"))
            assert binary["content"][0]["value"] == 21.35
            [signed] = await items(call("get", f"{base}/sensors", "--accept", "18"))
            assert signed["signed_by"] == ids.to_text(peer.identity.public)
            assert signed["content"][0]["value"] == 21.35
            [about] = await items(call("get", f"{base}/peer"))
            assert about["content"]["name"] == "greenhouse"
            with pytest.raises(Failure) as caught:
                await items(call("get", f"{base}/nothing"))
            assert "4.04" in caught.value.detail
            async with contextlib.aclosing(
                call("get", f"{base}/sensors/temperature", "--observe").items
            ) as seen:
                assert (await anext(seen))["content"][0]["value"] == 21.35
                peer.node.reading(peer.now(), "temperature", 23)
                peer.driver.settle()
                assert (await anext(seen))["content"][0]["value"] == 23

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("uri", "code"),
    [("http://localhost/", USAGE), ("coap://", USAGE), ("coap+tcp://127.0.0.1:9/", FAILED)],
)
def test_get_of_what_cannot_be_had(capsys, uri, code):
    assert cli.run(["get", uri, "-t", "5"]) == code
    assert uri in capsys.readouterr().err


def test_get_of_a_bare_host_offers_its_address(capsys):
    assert cli.run(["get", "192.168.7.21/peer"]) == USAGE
    assert "did you mean coap://192.168.7.21/peer" in capsys.readouterr().err


def test_doctor_prints_one_document(capsys, home):
    arguments = ["doctor", "--home", str(home.path), "-i", LOOPBACK, "-t", "0.2", "--json"]
    assert cli.run(arguments) == OK
    findings = json.loads(capsys.readouterr().out)
    assert {"clock", "identity", "multicast on lo"} <= {one["what"] for one in findings}


def test_doctor_is_5_when_something_must_be_put_right(capsys, home):
    home.settings_file.write_text("nonsense")
    arguments = ["doctor", "--home", str(home.path), "-i", LOOPBACK, "-t", "0.2"]
    assert cli.run(arguments) == SETUP
    captured = capsys.readouterr()
    assert "1 of these must be put right" in captured.err
    assert "multicast on lo" in captured.out


def test_demo_is_loaded_when_it_is_asked_for(monkeypatch):
    module = type(sys)("mesh.lab.demo.story")
    module.run = lambda json: 7 if json else 0
    monkeypatch.setitem(sys.modules, "mesh.lab.demo.story", module)
    assert cli.run(["demo"]) == OK
    assert cli.run(["demo", "--json"]) == 7
