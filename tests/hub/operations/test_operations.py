"""What commands do with a peer: real ones on loopback."""

import asyncio
import contextlib
import json

import pytest
from commands import do

from mesh.core import peer_id
from mesh.core.codec import cbor
from mesh.core.discovery.contact import UP
from mesh.core.errors import LocalError
from mesh.core.relations import pact
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.failure import FAILED, NOBODY, USAGE, Failure
from mesh.hub.home.home import Home
from mesh.hub.home.settings_words import parse
from mesh.hub.operations import table

LIMIT_S = 30
LOOPBACK = ["127.0.0.1"]


class Fan:
    """An actuator that has its limits."""

    def __init__(self):
        self.value = False

    def apply(self, value):
        if not isinstance(value, bool):
            raise LocalError("a fan is on or off", "true or false")
        self.value = value


@contextlib.asynccontextmanager
async def a_peer(folder, settings):
    """A peer on loopback that knows nobody but who is given by hand."""
    profile = parse({"discovery": {"layers": []}} | settings, "desktop")
    with Home(folder) as home:
        async with HubPeer(home, profile, interfaces=LOOPBACK, port=0, sensed={}) as peer:
            yield peer


@contextlib.asynccontextmanager
async def two(tmp_path, **settings):
    """A greenhouse with a sensor and a fan, and somebody who knows its address."""
    with Home(tmp_path / "study") as home:
        own = peer_id.to_text(home.identity.public)
    async with asyncio.timeout(LIMIT_S), contextlib.AsyncExitStack() as stack:
        told = {"name": "greenhouse", "introduced_by": own} | settings
        greenhouse = await stack.enter_async_context(a_peer(tmp_path / "greenhouse", told))
        greenhouse.node.add_sensor("temperature", "Cel")
        greenhouse.node.reading(greenhouse.now(), "temperature", cbor.Decimal(2135, -2))
        greenhouse.fan = Fan()
        greenhouse.node.add_actuator("fan", greenhouse.fan.apply, False)
        host, port = greenhouse.address
        given = {"name": "study", "peers": [{"address": f"{host}:{port}"}]}
        study = await stack.enter_async_context(a_peer(tmp_path / "study", given))
        yield greenhouse, study


def test_a_peer_is_listed(tmp_path):
    async def scenario():
        async with two(tmp_path) as (greenhouse, study):
            await do(study, "read", peer="greenhouse")
            [rows] = await do(study, "peers", wait=0)
            [row] = [row for row in rows if row["name"] == "greenhouse"]
            assert row["name"] == row["label"] == "greenhouse"
            assert row["id"] == peer_id.to_text(greenhouse.identity.public)
            assert row["state"] == UP
            assert row["addresses"][0] == f"127.0.0.1:{greenhouse.address[1]}"
            assert row["heard_s"] >= 0
            assert row["verified"] > 0

    asyncio.run(scenario())


def test_a_peer_is_shown_with_all_that_it_tells(tmp_path):
    async def scenario():
        async with two(tmp_path) as (greenhouse, study):
            [shown] = await do(study, "show", peer=peer_id.short(greenhouse.identity.public))
            assert shown["about"]["name"] == "greenhouse"
            assert shown["about"]["clock"][0] == 2
            assert shown["sensors"][0]["value"] == 21.35
            assert shown["actuators"] == {"fan": False}
            assert "/sensors/temperature" in shown["resources"]
            assert [head["label"] for head in shown["heads"]] == ["greenhouse"]

    asyncio.run(scenario())


def test_a_reading_comes_with_unit_age_and_proof(tmp_path):
    async def scenario():
        async with two(tmp_path) as (_, study):
            for path in ({"sensor": "temperature"}, {}):
                [[row]] = await do(study, "read", peer="greenhouse", **path)
                assert row["value"] == 21.35
                assert row["unit"] == "Cel"
                assert row["sensor"] == "temperature"
                assert row["verified"] is True
                assert 0 <= row["age_s"] < LIMIT_S

    asyncio.run(scenario())


def test_a_sensor_that_is_not_there_is_the_peers_own_word(tmp_path):
    async def scenario():
        async with two(tmp_path) as (_, study):
            with pytest.raises(Failure) as caught:
                await do(study, "read", peer="greenhouse", sensor="humidity")
            assert caught.value.exit_code == FAILED
            assert "greenhouse refused, 4.04" in caught.value.detail

    asyncio.run(scenario())


def test_an_actuator_is_set_by_whom_it_listens_to(tmp_path):
    async def scenario():
        async with two(tmp_path) as (greenhouse, study):
            [done] = await do(study, "set", peer="greenhouse", actuator="fan", value="true")
            assert done["value"] is True
            assert greenhouse.fan.value is True
            with pytest.raises(Failure) as caught:
                await do(study, "set", peer="greenhouse", actuator="fan", value="21.35")
            assert "a fan is on or off" in caught.value.detail
            assert caught.value.help == "true or false"
            assert greenhouse.fan.value is True

    asyncio.run(scenario())


def test_a_refusal_comes_with_its_reason_and_what_would_help(tmp_path):
    async def scenario():
        other = peer_id.to_text(b"\x07" * 32)
        async with two(tmp_path, introduced_by=other) as (greenhouse, study):
            with pytest.raises(Failure) as caught:
                await do(study, "set", peer="greenhouse", actuator="fan", value="true")
            assert caught.value.exit_code == FAILED
            assert "greenhouse refused, 4.03" in caught.value.detail
            assert "unsigned" not in caught.value.detail
            assert "actuators.fan.allow" in caught.value.help
            assert greenhouse.fan.value is False

    asyncio.run(scenario())


@pytest.mark.parametrize("sensor", [None, "temperature"])
def test_readings_are_watched_as_they_come(tmp_path, sensor):
    async def scenario():
        async with two(tmp_path) as (greenhouse, study):
            await do(study, "read", peer="greenhouse")
            args = {"peer": "greenhouse", "sensor": sensor} if sensor else {}
            seen = []
            found = table.run(study, "watch", {"wait": 10} | args)
            async for row in found:
                if row["peer"] != "greenhouse":
                    continue  # another test's peer on this loopback
                seen.append(row["value"])
                greenhouse.node.reading(greenhouse.now(), "temperature", 22 + len(seen))
                greenhouse.driver.settle()
                assert row["verified"] is True
                assert row["sensor"] == "temperature"
                if len(seen) == 3:
                    break
            await found.aclose()
            assert seen == [21.35, 23, 24]

    asyncio.run(scenario())


@pytest.mark.parametrize("sensor", [None, "temperature"])
def test_what_is_said_of_agreements_is_watched_where_no_sensor_is_named(tmp_path, sensor):
    async def scenario():
        async with two(tmp_path) as (greenhouse, study):
            await do(study, "read", peer="greenhouse")
            wanted = f"greenhouse/{sensor}" if sensor else "greenhouse*"
            seen = []
            found = table.run(study, "watch", {"wait": 10, "targets": [wanted, "green*/x"]})
            async for row in found:
                if row["peer"] != "greenhouse":
                    continue
                if "kind" in row:
                    assert "raw" not in row
                    json.dumps(row)
                    seen.append(row["words"])
                elif row["value"] == 25:
                    break
                elif not seen:
                    greenhouse.write("pact", pact.make(terms=[["answer", 5]]))
                    greenhouse.node.reading(greenhouse.now(), "temperature", 25)
                    greenhouse.driver.settle()
            await found.aclose()
            assert seen == ([] if sensor else ["promises an answer within 5 s"])

    asyncio.run(scenario())


def test_watching_ends_in_time_and_tells_silence_from_absence(tmp_path):
    async def scenario():
        async with a_peer(tmp_path, {}) as alone:
            with pytest.raises(Failure) as caught:
                await do(alone, "watch", seconds=0.05)
            assert caught.value.exit_code == NOBODY
            with pytest.raises(Failure) as caught:
                await do(alone, "watch", peer="greenhouse", wait=0.05)
            assert caught.value.exit_code == NOBODY

    asyncio.run(scenario())


def test_who_is_asleep_is_not_said_to_be_gone(tmp_path):
    async def scenario():
        async with two(tmp_path) as (greenhouse, study):
            await do(study, "show", peer="greenhouse", wait=LIMIT_S)
            contact = study.node.contacts.get(greenhouse.identity.public)
            study.node.contacts.asleep(study.now(), contact, 3600)
            await greenhouse.stop()
            with pytest.raises(Failure, match=r"greenhouse \(\w+\) is asleep") as caught:
                await do(study, "show", peer="greenhouse", wait=LIMIT_S, timeout=0.2)
            assert "mesh peers" in caught.value.help

    asyncio.run(scenario())


def test_who_is_remembered_and_not_there_is_named(tmp_path):
    async def scenario():
        async with a_peer(tmp_path, {}) as alone:
            remembered = [["q" * 51 + "a", "attic", ""]]
            with pytest.raises(Failure) as caught:
                await do(alone, "read", peer="attic", wait=0, remembered=remembered)
            assert caught.value.detail == "attic (qqqqqqqq) was not found"
            assert caught.value.exit_code == NOBODY
            own = peer_id.to_text(alone.identity.public)
            with pytest.raises(Failure, match="is this peer itself"):
                await do(alone, "read", peer="me", wait=0, remembered=[[own, "me", ""]])

    asyncio.run(scenario())


def test_comings_and_goings_redraw_the_list(tmp_path):
    async def scenario():
        async with (
            two(tmp_path) as (_, study),
            contextlib.aclosing(table.run(study, "peers.watch", {})) as lists,
        ):
            while not any(row["state"] == UP for row in await anext(lists)):
                pass

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("op", "args"),
    [
        ("nothing", {}),
        ("read", {}),
        ("read", {"peer": 5}),
        ("read", {"peer": "x", "wait": "long"}),
        ("read", {"peer": "self", "wait": "long"}),
        ("peers", {"wait": -1}),
        ("watch", {"seconds": True}),
    ],
)
def test_wrong_arguments_are_usage(tmp_path, op, args):
    async def scenario():
        async with a_peer(tmp_path, {}) as alone:
            with pytest.raises(Failure) as caught:
                await do(alone, op, **({"wait": 0} | args))
            assert caught.value.exit_code == USAGE

    asyncio.run(scenario())
