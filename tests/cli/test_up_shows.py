"""`mesh up` shows readings without being told whose: of whom it has a name for, also of one that
gets its name while it runs; and says how, where there is nobody.
"""

import asyncio
import json
import socket

import pytest
from commands import LIMIT_S, LOOPBACK, MESH, greenhouse, make_home, mesh, running

from mesh.core import peer_id
from mesh.hub.failure import OK


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "study")


async def reading(process):
    """The next reading that is told."""
    while True:
        event = json.loads(await process.stdout.readline())
        if event["event"] == "reading":
            return event


def name(home, peer):
    """What `mesh flash` and `mesh name` write."""
    text = home.settings_file.read_text()
    who = peer_id.to_text(peer.identity.public)
    home.settings_file.write_text(f'{text}[names]\njungle = "{who}"\n')


def test_whom_it_has_a_name_for_is_followed(tmp_path, home):
    async def scenario():
        async with greenhouse(tmp_path, home) as peer:
            name(home, peer)
            async with running(home) as (process, first):
                assert first["follows"] == ["jungle"]
                told = await reading(process)
                assert (told["label"], told["sensor"]) == ("jungle", "temperature")

    asyncio.run(scenario())


def test_who_gets_a_name_while_it_runs_is_followed_from_then_on(tmp_path, home):
    async def scenario():
        async with greenhouse(tmp_path, home) as peer, running(home) as (process, first):
            assert first["follows"] == []
            code, _, err = await mesh("name", "greenhouse", "jungle", "--home", home.path)
            assert code == OK, err
            peer.node.reading(peer.now(), "temperature", 22)
            peer.driver.settle()
            told = await reading(process)
            assert (told["label"], told["value"]) == ("jungle", 22)

    asyncio.run(scenario())


@pytest.mark.parametrize("settings", ["follow = []\n", ""])
def test_what_the_settings_say_counts_and_nobody_is_told_how(tmp_path, home, settings):
    async def scenario():
        async with asyncio.timeout(LIMIT_S), greenhouse(tmp_path, home) as peer:
            if settings:
                home.settings_file.write_text(settings + home.settings_file.read_text())
                name(home, peer)
                assert home.profile().follow == []
            process = await asyncio.create_subprocess_exec(
                *(*MESH, "up", "--home", str(home.path), "-i", LOOPBACK, "--port", "0"),
                stdout=asyncio.subprocess.PIPE,
            )
            while b"follows" not in (line := await process.stdout.readline()):
                assert line
            assert b'follow = "*"' in line
            process.terminate()
            await process.communicate()

    asyncio.run(scenario())


def test_a_port_that_another_program_has_is_told(home):
    async def scenario():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind((LOOPBACK, 0))
            port = taken.getsockname()[1]
            async with asyncio.timeout(LIMIT_S), running(home, "--port", str(port)) as (_, first):
                assert first["taken"] == port
                assert not first["addresses"][0].endswith(f":{port}")
        async with asyncio.timeout(LIMIT_S), running(home) as (_, first):
            assert first["taken"] is None

    asyncio.run(scenario())


def test_an_own_sensor_that_fails_is_told_and_that_it_works_again(tmp_path, home):
    disk = tmp_path / "stick"

    async def failing(process):
        while (event := json.loads(await process.stdout.readline()))["event"] != "failing":
            pass
        return event

    async def scenario():
        text = (
            f'[sensors.stick]\nkind = "disk"\npath = "{disk}"\nremovable = true\nevery_s = 0.1\n'
        )
        home.settings_file.write_text(home.settings_file.read_text() + text)
        async with asyncio.timeout(LIMIT_S), running(home) as (process, _):
            told = await failing(process)
            assert told["sensor"] == "stick"
            assert str(disk) in told["reason"]
            disk.mkdir()
            assert (await failing(process))["reason"] == ""

    asyncio.run(scenario())
