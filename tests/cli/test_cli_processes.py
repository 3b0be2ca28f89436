"""The command `mesh` as scripts use it: processes, pipes, signals, exit codes."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys

import pytest
from commands import LIMIT_S, LOOPBACK, MESH, greenhouse, make_home, mesh, running

from mesh.core import peer_id as ids
from mesh.hub.failure import FAILED, INTERRUPTED, NOBODY, OK, SETUP, TIMEOUT
from mesh.hub.home import naming


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "study")


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
                *(*MESH, "watch", "greenhouse/temperature"),
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
                *(*MESH, "watch", "greenhouse/temperature"),
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
            *(*MESH, *arguments),
            stdout=writing,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "MESH_HOME": str(home.path)},
        )
        os.close(writing)
        _, err = await process.communicate()
        assert (process.returncode, err) == (OK, b"")

    asyncio.run(scenario())


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


INTERRUPTED_LOADING = """
import builtins
from mesh.cli import command

def interrupted(name, *rest):
    if name.startswith("mesh.cli"):
        raise KeyboardInterrupt
    return load(name, *rest)

load, builtins.__import__ = builtins.__import__, interrupted
command.main()
"""


def test_ctrl_c_while_it_loads_is_no_traceback():
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_LOADING], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (INTERRUPTED, "")


def test_a_shell_completes_commands_and_peers(home):
    async def scenario():
        naming.remember(home.path / naming.CACHE, [naming.Known("g" * 52, "greenhouse")])
        for words, offered in (("mesh pee", "peers"), ("mesh show gre", "greenhouse")):
            place = str(len(words.split()) - 1)
            asked = {"_MESH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": place}
            _, out, _ = await mesh(MESH_HOME=str(home.path), **asked)
            assert offered in out.split()

    asyncio.run(scenario())


def test_a_command_loads_no_others(home):
    """What takes as long as all else together, for every command of a script."""
    code = (
        "import sys; from mesh.cli import app; app.run(['id', '--home', sys.argv[1]]);"
        "loaded = [name for name in sys.modules if name.startswith('mesh.cli.commands.')];"
        "assert 'mesh.cli.commands.id' in loaded;"
        "unasked = {'mesh.cli.commands.peers', 'mesh.cli.commands.simulate'};"
        "assert not unasked & set(loaded), loaded;"
        "assert 'rich.markdown' not in sys.modules"
    )
    command = (sys.executable, "-c", code, str(home.path))
    assert subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == OK
