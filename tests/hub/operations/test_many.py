"""One command for many peers: real ones on loopback, of which one has fallen silent.

Their names are of one test process alone, as others on this loopback may be met too.
"""

import asyncio
import contextlib
import json
import os
import pty
import signal

import pytest
from commands import LIMIT_S, LOOPBACK, MESH, call, items, make_home, mesh

from mesh.boards import firmware_offer
from mesh.boards.firmware.build import Firmware
from mesh.core import peer_id as ids
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.failure import FAILED, NOBODY, OK, PARTLY, USAGE, Failure
from mesh.hub.home.home import Home
from mesh.hub.home.settings_words import parse
from mesh.hub.operations import roster

HERE = f"h{os.getpid()}"
ROOM1, ROOM2, CELLAR = f"{HERE}-room1", f"{HERE}-room2", f"{HERE}-cellar"
SENSORS = {ROOM1: "temperature", ROOM2: "temperature", CELLAR: "humidity"}


@contextlib.asynccontextmanager
async def a_house(tmp_path, home, names=SENSORS):
    """Peers with a sensor and a led each, whose addresses `home` is told: by name."""
    own = ids.to_text(home.peer_id())
    async with asyncio.timeout(LIMIT_S), contextlib.AsyncExitStack() as stack:
        made = {}
        for name in names:
            told = {"name": name, "introduced_by": own, "discovery": {"layers": []}}
            folder = stack.enter_context(Home(tmp_path / name))
            peer = HubPeer(folder, parse(told, "desktop"), None, [LOOPBACK], 0, {})
            made[name] = await stack.enter_async_context(peer)
            peer.node.add_sensor(SENSORS[name], "Cel")
            peer.node.reading(peer.now(), SENSORS[name], 20)
            peer.node.add_actuator("led", lambda value: None, False)
        addresses = [f"{LOOPBACK}:{peer.address[1]}" for peer in made.values()]
        given = "".join(f'[[peers]]\naddress = "{address}"\n' for address in addresses)
        home.settings_file.write_text(f"[discovery]\nlayers = []\n{given}")
        yield made


@pytest.fixture
def home(tmp_path):
    made = make_home(tmp_path / "study")
    with made:
        return made


def where(home, timeout="1"):
    return ("--home", str(home.path), "-i", LOOPBACK, "-t", timeout)


def leds(house):
    return {name: peer.node.peer.actuators["led"][1] for name, peer in house.items()}


def test_a_pattern_reads_all_that_have_it(tmp_path, home):
    async def scenario():
        async with a_house(tmp_path, home):
            rows = await items(call("read", f"{HERE}*/temperature", *where(home)))
            assert sorted(row["peer"] for row in rows) == [ROOM1, ROOM2]
            assert all(row["readings"][0]["value"] == 20 for row in rows)
            assert all(row["readings"][0]["verified"] for row in rows)
            rows = await items(call("read", ROOM1, f"{CELLAR}/humidity", *where(home)))
            assert sorted(row["peer"] for row in rows) == [CELLAR, ROOM1]
            with pytest.raises(Failure, match="did you mean 'temperature'") as caught:
                await items(call("read", f"{HERE}*/temprature", *where(home)))
            assert caught.value.exit_code == FAILED

    asyncio.run(scenario())


def test_one_that_is_silent_or_nobody_ends_nothing_for_the_others(tmp_path, home):
    async def scenario():
        async with a_house(tmp_path, home) as house:
            await items(
                call("read", f"{HERE}*", *where(home))
            )  # they are known by name from now on
            await house[ROOM2].stop()
            code, out, err = await mesh("read", f"{HERE}-room*,attic", "--json", *where(home))
            told = {row["peer"]: row for row in json.loads(out)}
            assert code == PARTLY
            assert told[ROOM1]["readings"][0]["value"] == 20
            assert "no peer 'attic'" in told["attic"]["error"]
            assert told[ROOM2]["code"] == NOBODY
            assert f"2 of 3 failed: attic, {ROOM2}" in err
            code, out, err = await mesh("read", f"{HERE}-room*", *where(home))
            assert code == PARTLY
            assert out.index(ROOM1) < out.index(ROOM2)
            assert "20 °C" in out
            code, out, _ = await mesh("show", f"{HERE}-room*", "--json", *where(home))
            assert code == PARTLY
            assert {row["peer"]: "about" in row for row in json.loads(out)} == {
                ROOM1: True,
                ROOM2: False,
            }

    asyncio.run(scenario())


def test_many_are_set_only_when_that_is_confirmed(tmp_path, home):
    async def scenario():
        async with a_house(tmp_path, home) as house:
            code, _, err = await mesh("set", f"{HERE}-room*/led", "true", *where(home))
            assert code == USAGE
            assert "--yes" in err
            for answer, code in (("n\n", FAILED), ("y\n", OK)):
                said, ended = await at_a_terminal(
                    answer, "set", f"{HERE}-r*/l*", "true", *where(home)
                )
                assert f"{ROOM1}/led" in said
                assert f"{ROOM2}/led" in said
                assert f"{CELLAR}/led" not in said
                assert ended == code
                is_on = answer == "y\n"
                assert leds(house) == {ROOM1: is_on, ROOM2: is_on, CELLAR: False}
            rows = await items(call("set", f"{HERE}*/led", "false", "--yes", *where(home)))
            assert sorted(row["peer"] for row in rows) == [CELLAR, ROOM1, ROOM2]
            assert set(leds(house).values()) == {False}

    asyncio.run(scenario())


def test_ctrl_c_at_the_question_sets_nothing(tmp_path, home):
    async def scenario():
        async with a_house(tmp_path, home, [ROOM1]) as house:
            said, ended = await at_a_terminal(None, "set", f"{HERE}*/led", "true", *where(home))
            assert "Go on?" in said
            assert ended == 130
            assert leds(house) == {ROOM1: False}

    asyncio.run(scenario())


async def at_a_terminal(answer, *arguments):
    """Run the command at a terminal and answer its question; None is Ctrl-C. (text, exit code)"""
    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *MESH,
        *arguments,
        stdin=its,
        stdout=its,
        stderr=its,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    )
    os.close(its)
    said = ""
    try:
        while "Go on?" not in said:
            said += (await asyncio.to_thread(os.read, ours, 4096)).decode()
        if answer is None:
            process.send_signal(signal.SIGINT)
        else:
            os.write(ours, answer.encode())
        return said, await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(ours)


def test_a_pattern_is_watched(tmp_path, home):
    async def scenario():
        async with a_house(tmp_path, home):
            words = ("watch", f"{HERE}*/temperature", "-n", "2")
            rows = await items(call(*words, *where(home, "5")))
            assert sorted(row["peer"] for row in rows) == [ROOM1, ROOM2]
            assert {row["sensor"] for row in rows} == {"temperature"}

    asyncio.run(scenario())


BOARDS = [CELLAR, ROOM1, ROOM2]


@pytest.mark.parametrize(
    ("ends", "states", "code"),
    [
        ({}, ["good", "good", "good"], OK),
        ({ROOM1: "silent"}, ["good", "failed", "good"], PARTLY),
        ({ROOM1: "taken back"}, ["good", "failed", "left alone"], PARTLY),
        ({CELLAR: "taken back"}, ["failed", "left alone", "left alone"], FAILED),
    ],
)
def test_an_update_passes_over_who_is_away_and_stops_where_one_takes_it_back(
    tmp_path, home, monkeypatch, ends, states, code
):
    async def one(peer, args):
        name = roster.name_of(peer, ids.from_text(args["peer"])).label
        base = {"peer": name, "id": args["peer"]}
        yield base | {"state": "offered", "version": "2", "board": "x", "files": 1}
        end = ends.get(name, "good")
        if end != "silent":
            yield base | {"state": end}
        if end != "good":
            raise Failure(f"{name}: {end}", None, FAILED)

    async def scenario():
        async with a_house(tmp_path, home):
            told = {}
            words = ("update", *BOARDS, "--firmware", str(tmp_path))
            found = call(*words, *where(home)).items
            ended = OK
            try:
                async for row in found:
                    told[row["peer"]] = row["state"]
            except Failure as failure:
                ended = failure.exit_code
            assert [told[name] for name in BOARDS] == states
            assert ended == code
            with pytest.raises(Failure, match="none of the selected peers"):
                await items(call("update", f"{HERE}*", "--firmware", str(tmp_path), *where(home)))

    monkeypatch.setattr(firmware_offer, "update", one)
    monkeypatch.setattr(Firmware, "load", lambda folder: None)
    asyncio.run(scenario())
