"""What tests of the command share: a home, a greenhouse to talk to, the command in a process."""

import asyncio
import contextlib
import json
import os
import sys

from typer.testing import CliRunner

from mesh.boards.over_the_mesh import OPERATIONS
from mesh.cli.lazy import make_app
from mesh.core.codec.cbor import Decimal
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home.home import Home
from mesh.hub.home.settings_words import parse
from mesh.hub.operations import table

LIMIT_S = 60
LOOPBACK = "127.0.0.1"
MESH = (sys.executable, "-m", "mesh.cli")


def make_home(path):
    """A home whose peer looks for nobody but those given by hand."""
    with Home(path) as made:
        made.settings_file.write_text("[discovery]\nlayers = []\n")
    return made


def call(*arguments):
    """What a command gives main() to show, or the error that main() reports."""
    result = CliRunner().invoke(make_app(), list(arguments), standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.return_value


async def items(reply):
    return [item async for item in reply.items]


async def mesh(*arguments, **options):
    """Run the command in a process of its own; its exit code, output and errors."""
    environment = {**os.environ, "COLUMNS": "80", "LC_ALL": "C.UTF-8"} | options
    process = await asyncio.create_subprocess_exec(
        *MESH,
        *map(str, arguments),
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
    assert "Traceback" not in err.decode(), err.decode()
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
        *MESH,
        *map(str, command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process, json.loads(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def do(hub, op, **args):
    """What an operation gives, all of it."""
    return [
        item async for item in table.run(hub, op, {"wait": 10, "timeout": 10} | args, OPERATIONS)
    ]
