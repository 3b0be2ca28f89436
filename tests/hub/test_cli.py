"""The command `mesh` as people and scripts use it: on loopback, against real peers."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys

import pytest
from rich.console import Console
from typer.testing import CliRunner

from mesh.core import ids
from mesh.core.cbor import Decimal
from mesh.core.settings import parse
from mesh.hub import cli, naming
from mesh.hub.cli import lines, render, units, views
from mesh.hub.cli.options import Reply
from mesh.hub.failure import FAILED, NOBODY, OK, SETUP, TIMEOUT, USAGE, Failure
from mesh.hub.home import Home
from mesh.hub.loop import HubPeer

LIMIT_S = 60
LOOPBACK = "127.0.0.1"


@pytest.fixture
def home(tmp_path):
    """A home whose peer looks for nobody but those given by hand."""
    with Home(tmp_path / "study") as made:
        made.settings_file.write_text("[discovery]\nlayers = []\n")
    return made


def call(*arguments):
    """What a command gives main() to show, or the error that main() reports."""
    result = CliRunner().invoke(cli.make_app(), list(arguments), standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.return_value


async def items(reply):
    return [item async for item in reply.items]


async def mesh(*arguments, **options):
    """Run the command in a process of its own; its exit code, output and errors."""
    environment = {**os.environ, "COLUMNS": "80", "LC_ALL": "C.UTF-8"} | options
    command = (sys.executable, "-m", "mesh.hub.cli", *map(str, arguments))
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert "Traceback" not in err.decode()
    return process.returncode, out.decode(), err.decode()


@contextlib.asynccontextmanager
async def greenhouse(tmp_path, home, **settings):
    """A peer with a sensor and a fan; `home` is told its address."""
    told = {"name": "greenhouse", "discovery": {"layers": []}} | settings
    with Home(tmp_path / "greenhouse") as folder:
        peer = HubPeer(folder, parse(told, "desktop"), interfaces=[LOOPBACK], port=0, sensed={})
        async with asyncio.timeout(LIMIT_S), peer:
            peer.node.add_sensor("temperature", "Cel")
            peer.node.reading(peer.now(), "temperature", Decimal(2135, -2))
            peer.node.add_actuator("fan", lambda value: None, False)
            with home.settings_file.open("a") as file:
                file.write(f'[[peers]]\naddress = "{LOOPBACK}:{peer.address[1]}"\n')
            yield peer


@contextlib.asynccontextmanager
async def running(home, *options):
    """`mesh up --json` in a process of its own, up; gives (process, what it said first)."""
    command = ("up", "--home", home.path, "-i", LOOPBACK, "--port", "0", "--json", *options)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mesh.hub.cli", *map(str, command)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process, json.loads(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def test_every_command_has_help_with_an_example():
    result = CliRunner().invoke(cli.make_app(), ["--help"], prog_name="mesh")
    assert result.exit_code == OK
    assert "Exit codes" in result.output
    for name in cli.COMMANDS:
        assert re.search(rf"^│ {name} ", result.output, re.MULTILINE), name
        shown = CliRunner().invoke(cli.make_app(), [name, "--help"], prog_name="mesh")
        assert shown.exit_code == OK
        assert f"Example: mesh {name}" in shown.output
        assert "--json" in shown.output
        assert all(len(line) <= 80 for line in shown.output.splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope"], "No such command 'nope'"),
        (["pers"], "peers"),
        (["read"], "Missing argument 'PEER[/SENSOR]'"),
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


def test_without_arguments_it_shows_its_help(capsys):
    assert cli.run([]) == OK
    assert "Usage: mesh" in capsys.readouterr().out


def test_version(capsys, monkeypatch):
    monkeypatch.setattr(cli.importlib.metadata, "version", lambda name: "1.2.3")
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


def test_scripts_get_exit_codes_and_json(tmp_path, home):
    async def scenario():
        async with greenhouse(tmp_path, home):
            where = ("--home", home.path, "-i", LOOPBACK)
            code, out, err = await mesh("read", "greenhouse/temperature", "--json", *where)
            assert (code, err) == (OK, "")
            assert json.loads(out)[0]["value"] == 21.35
            code, out, err = await mesh("read", "greenhouse", *where)
            assert code == OK
            assert re.fullmatch(
                r"sensor +value +age +verified\ntemperature +21\.35 °C +(now|\d+ s) +yes\n", out
            )
            code, out, err = await mesh("set", "greenhouse/fan", "-5", *where)
            assert (code, out) == (FAILED, "")
            assert "4.03" in err
            code, out, err = await mesh("watch", "greenhouse", "-n", "1", "--json", *where)
            assert json.loads(out)["peer"] == "greenhouse"

    asyncio.run(scenario())


def test_a_peer_that_falls_silent_is_4(tmp_path, home):
    async def scenario():
        async with greenhouse(tmp_path, home) as peer, running(home) as (process, _):
            event = json.loads(await process.stdout.readline())
            assert (event["event"], event["name"]) == ("found", "greenhouse")
            await peer.stop()
            code, out, err = await mesh("read", "greenhouse", "-t", "0.2", "--home", home.path)
            assert (code, out) == (TIMEOUT, "")
            assert "did not answer within 0.2 s" in err

    asyncio.run(scenario())


def test_a_running_peer_serves_the_other_commands(tmp_path, home):
    async def scenario():
        async with (
            greenhouse(tmp_path, home),
            running(home, "--name", "study") as (process, first),
        ):
            assert first["event"] == "up"
            assert first["name"] == "study"
            assert first["id"] == ids.to_text(home.peer_id())
            assert first["addresses"][0].startswith(LOOPBACK)
            code, out, _ = await mesh("id", "--home", home.path, "--json")
            assert json.loads(out)["running"] is True
            code, out, err = await mesh("read", "greenhouse/temperature", "--home", home.path)
            assert code == OK, err
            assert "21.35 °C" in out
            code, out, err = await mesh("read", "grenhouse", "--home", home.path)
            assert code == NOBODY
            assert "did you mean 'greenhouse'?" in err
            code, _, err = await mesh("up", "--home", home.path)
            assert code == SETUP
            assert str(process.pid) in err
            process.send_signal(signal.SIGINT)
            out, err = await process.communicate()
            assert process.returncode == OK
            assert err == b"stopped\n"
            events = [json.loads(line)["event"] for line in out.splitlines()]
            assert "found" in events
            assert not home.control.exists()

    asyncio.run(scenario())


def test_sigterm_stops_a_peer_in_order(home):
    async def scenario():
        async with asyncio.timeout(LIMIT_S), running(home) as (process, _):
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == OK
        assert home.holder() is None
        assert not home.control.exists()

    asyncio.run(scenario())


def test_ctrl_c_ends_watching_without_a_word(tmp_path, home):
    async def scenario():
        async with greenhouse(tmp_path, home):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "mesh.hub.cli", "watch", "greenhouse/temperature"),
                *("--json", "--home", str(home.path), "-i", LOOPBACK),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            await process.stdout.readline()
            process.send_signal(signal.SIGINT)
            out, err = await process.communicate()
            assert (process.returncode, out, err) == (OK, b"", b"")

    asyncio.run(scenario())


def test_a_reader_that_had_enough_is_no_error(tmp_path, home):
    async def scenario():
        async with greenhouse(tmp_path, home) as peer:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "mesh.hub.cli", "watch", "greenhouse/temperature"),
                *("--home", str(home.path), "-i", LOOPBACK),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            await process.stdout.readline()
            process.stdout._transport.close()  # as `head -1` does
            while process.returncode is None:
                peer.node.reading(peer.now(), "temperature", 22)
                peer.driver.settle()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 0.05)
            assert process.returncode == OK
            assert await process.stderr.read() == b""

    asyncio.run(scenario())


@pytest.mark.parametrize("arguments", [["--help"], ["id", "--json"], ["id"]])
def test_what_nobody_reads_is_no_error(home, arguments):
    async def scenario():
        reading, writing = os.pipe()
        os.close(reading)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mesh.hub.cli", *arguments),
            stdout=writing,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "MESH_HOME": str(home.path)},
        )
        os.close(writing)
        _, err = await process.communicate()
        assert (process.returncode, err) == (OK, b"")

    asyncio.run(scenario())


def test_get_reads_strangers_and_peers(tmp_path, home):
    async def scenario():
        async with greenhouse(tmp_path, home) as peer:
            base = f"coap://{LOOPBACK}:{peer.address[1]}"
            [links] = await items(call("get", f"{base}/.well-known/core"))
            assert "/sensors/temperature" in [link["href"] for link in links["content"]]
            [senml] = await items(call("get", f"{base}/sensors"))
            assert senml["content"][0]["value"] == 21.35
            assert senml["content"][0]["name"].endswith(":temperature")
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
    module = type(sys)("mesh.hub.demo")
    module.run = lambda json: 7 if json else 0
    monkeypatch.setitem(sys.modules, "mesh.hub.demo", module)
    assert cli.run(["demo"]) == OK
    assert cli.run(["demo", "--json"]) == 7


def test_names_are_completed_from_those_met(home):
    naming.remember(home.path / naming.CACHE, [naming.Known("a" * 52, "greenhouse")])
    environment = {
        "_MESH_COMPLETE": "complete_bash",
        "COMP_WORDS": f"mesh read --home {home.path} gree",
        "COMP_CWORD": "4",
    }
    code, out, _ = asyncio.run(mesh(**environment))
    assert code == OK
    assert "greenhouse" in out


# How things look

EVIL = "evil\x1b[2J\u202egnp\x07"


def peer_row(**changes):
    row = {
        "id": "a" * 52, "short": "aaaaaaaa", "name": "greenhouse", "petname": "",
        "label": "greenhouse", "kind": "board", "state": "up",
        "addresses": ["192.168.1.120:5683"], "how": "mdns",
        "heard_s": 12.5, "verified": 1234, "refused": 0,
    }  # fmt: skip
    return row | changes


def screen(renderable, width=80):
    console = Console(width=width, highlight=False)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def test_peers_fit_80_columns():
    rows = [
        peer_row(),
        peer_row(
            name="a-name-of-thirty-two-characters!",
            addresses=["[fe80::1234:5678:9abc:def0%wlan0]:5683"],
        ),
        peer_row(name="", state="new", heard_s=None, addresses=[]),
    ]
    shown = screen(views.peers(rows))
    assert len(shown.splitlines()) == 4
    assert all(len(line) <= 80 for line in shown.splitlines())
    for word in ("192.168.1.120:5683", "aaaaaaaa", "DNS-SD", "12 s", "up", "1234"):
        assert word in shown.splitlines()[1]


@pytest.mark.parametrize(
    "renderable",
    [
        views.peers([peer_row(name=EVIL)]),
        views.readings(
            [{"sensor": EVIL, "value": EVIL, "unit": EVIL, "age_s": 1, "verified": True}]
        ),
        lines.watch(
            {
                "peer": EVIL,
                "sensor": EVIL,
                "value": EVIL,
                "unit": EVIL,
                "age_s": 9,
                "verified": False,
            }
        ),
        lines.watch({"peer": EVIL, "sensor": None, "error": EVIL}),
        lines.up({"event": "found", "at": 0, "label": EVIL, "address": EVIL, "how": EVIL}),
        lines.up({"event": "lost", "at": 0, "label": EVIL, "reason": EVIL}),
        lines.up({"event": "refused", "at": 0, "source": EVIL, "code": 131, "detail": EVIL}),
        views.content({"code": "2.05", "format": "x", "signed_by": None, "content": EVIL}),
        views.content({"code": "2.05", "format": "x", "signed_by": None, "content": {EVIL: EVIL}}),
        views.content(
            {"code": "2.05", "format": "x", "signed_by": None, "content": [{"href": EVIL}]}
        ),
    ],
)
def test_words_of_others_cannot_move_the_cursor(renderable):
    shown = screen(renderable)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\x07" not in shown


def test_errors_are_cleaned_too(capsys):
    render.error(f"no peer '{EVIL}'", EVIL)
    assert "\x1b" not in capsys.readouterr().err


def test_json_lines_and_documents(capsys):
    async def numbers():
        yield {"n": 1}
        yield {"n": 2}

    asyncio.run(render.show(Reply("watch", numbers(), json=True, many=True)))
    assert capsys.readouterr().out == '{"n": 1}\n{"n": 2}\n'
    asyncio.run(render.show(Reply("findings", numbers(), json=True, listed=True)))
    assert json.loads(capsys.readouterr().out) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (21.35, "Cel", "21.35 °C"),
        (21.0, "Cel", "21 °C"),
        (45.25, "%RH", "45.25 % humidity"),
        (0.277, "/", "27.7%"),
        (73, "%", "73%"),
        (1536, "B", "1.5 KiB"),
        (3 * 1024**2, "B", "3 MiB"),
        (512, "B", "512 B"),
        (97, "s", "97 s"),
        (100_000, "s", "1 d 3 h"),
        (101_325, "Pa", "1013.25 hPa"),
        (5, "count", "5"),
        (1.5, None, "1.5"),
        (0.00001234, "V", "1.23e-05 V"),
        (True, None, "true"),
        ("open", None, "open"),
        (None, None, "-"),
        ("0.12345678901234567", "m", "0.12345678901234567"),
    ],
)
def test_values_are_shown_with_their_units(value, unit, shown):
    assert units.quantity(value, unit) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "-"), (0.2, "now"), (7, "7 s"), (75, "1 min"), (7300, "2 h"), (200_000, "2 d")],
)
def test_ages_are_short(seconds, shown):
    assert units.ago(seconds) == shown
