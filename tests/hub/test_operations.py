"""What commands do with a peer: real ones on loopback, and one that tells nonsense."""

import asyncio
import contextlib
import types

import pytest
from rich.console import Console

from mesh.core import cbor, coap, ids
from mesh.core.contacts import UP, Contact
from mesh.core.errors import LocalError
from mesh.core.events import Answer, PeerFound, PeerLost, Reading, Refused
from mesh.core.settings import parse
from mesh.hub import answers, operations, watching
from mesh.hub.cli.views import VIEWS
from mesh.hub.errors import NoAnswer
from mesh.hub.failure import FAILED, NOBODY, TIMEOUT, USAGE, Failure
from mesh.hub.home import Home
from mesh.hub.loop import HubPeer
from mesh.hub.streams import Stream

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
        own = ids.to_text(home.identity.public)
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


async def do(hub, op, **args):
    return [item async for item in operations.run(hub, op, {"wait": 10, "timeout": 10} | args)]


def test_a_peer_is_listed(tmp_path):
    async def scenario():
        async with two(tmp_path) as (greenhouse, study):
            await do(study, "read", peer="greenhouse")
            [rows] = await do(study, "peers", wait=0)
            [row] = [row for row in rows if row["name"] == "greenhouse"]
            assert row["name"] == row["label"] == "greenhouse"
            assert row["id"] == ids.to_text(greenhouse.identity.public)
            assert row["state"] == UP
            assert row["addresses"][0] == f"127.0.0.1:{greenhouse.address[1]}"
            assert row["heard_s"] >= 0
            assert row["verified"] > 0

    asyncio.run(scenario())


def test_a_peer_is_shown_with_all_that_it_tells(tmp_path):
    async def scenario():
        async with two(tmp_path) as (greenhouse, study):
            [shown] = await do(study, "show", peer=ids.short(greenhouse.identity.public))
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
            assert caught.value.code == FAILED
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
        other = ids.to_text(b"\x07" * 32)
        async with two(tmp_path, introduced_by=other) as (greenhouse, study):
            with pytest.raises(Failure) as caught:
                await do(study, "set", peer="greenhouse", actuator="fan", value="true")
            assert caught.value.code == FAILED
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
            found = operations.run(study, "watch", {"wait": 10} | args)
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


def test_watching_ends_in_time_and_tells_silence_from_absence(tmp_path):
    async def scenario():
        async with a_peer(tmp_path, {}) as alone:
            with pytest.raises(Failure) as caught:
                await do(alone, "watch", seconds=0.05)
            assert caught.value.code == NOBODY
            with pytest.raises(Failure) as caught:
                await do(alone, "watch", peer="greenhouse", wait=0.05)
            assert caught.value.code == NOBODY

    asyncio.run(scenario())


def test_who_is_remembered_and_not_there_is_named(tmp_path):
    async def scenario():
        async with a_peer(tmp_path, {}) as alone:
            remembered = [["q" * 51 + "a", "attic", ""]]
            with pytest.raises(Failure) as caught:
                await do(alone, "read", peer="attic", wait=0, remembered=remembered)
            assert caught.value.detail == "attic (qqqqqqqq) was not found"
            assert caught.value.code == NOBODY
            own = ids.to_text(alone.identity.public)
            with pytest.raises(Failure, match="is this peer itself"):
                await do(alone, "read", peer="me", wait=0, remembered=[[own, "me", ""]])

    asyncio.run(scenario())


def test_comings_and_goings_redraw_the_list(tmp_path):
    async def scenario():
        async with (
            two(tmp_path) as (_, study),
            contextlib.aclosing(operations.run(study, "peers.watch", {})) as lists,
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
        ("peers", {"wait": -1}),
        ("watch", {"seconds": True}),
    ],
)
def test_wrong_arguments_are_usage(tmp_path, op, args):
    async def scenario():
        async with a_peer(tmp_path, {}) as alone:
            with pytest.raises(Failure) as caught:
                await do(alone, op, **({"wait": 0} | args))
            assert caught.value.code == USAGE

    asyncio.run(scenario())


# A peer that answers as it likes

LIAR = b"\x05" * 32


class Pretender:
    """As much of a HubPeer as operations need; whoever it asks answers with `said`."""

    def __init__(self, said):
        self.said = said
        contact = Contact(LIAR, 0)
        contact.state, contact.address, contact.name = UP, ("127.0.0.1", 1), "liar"
        profile = types.SimpleNamespace(names={}, name="me")
        contacts = types.SimpleNamespace(listed=lambda: [contact], get={LIAR: contact}.get)
        kit = types.SimpleNamespace(decode=cbor.decode)
        self.node = types.SimpleNamespace(
            contacts=contacts, profile=profile, peer=types.SimpleNamespace(kit=kit)
        )
        self.identity = types.SimpleNamespace(public=b"\x01" * 32)

    def now(self):
        return 1000

    def events(self):
        return Stream(1)

    async def ask(self, *_args, **_named):
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


def said(payload, code=coap.CONTENT, error=None, signed=True):
    return Answer(1, code, 60, payload, signed, error, False)


NONSENSE = [
    b"", b"\xff", b"\x00", b"\xf6", b"\x60", b"\x80", b"\xa0", b"\x81\x00", b"\x81\xa0",
    b"\x81\x43abc", cbor.encode([cbor.encode([b"\xa0", {}, b"", b""])]),
    cbor.encode({"clock": "abcd", "failing": [1], "heap": ["a", 2], "uptime": "x", "boots": b""}),
    cbor.encode({"clock": [99, None, "x", "y"], "sensors": {}, 1: 2}),
    cbor.encode([[b"\x05" * 32, 0, b"", [], b""]]),
    cbor.encode([{0: "a", 2: 1, 6: -(1 << 40)}]),
]  # fmt: skip


@pytest.mark.parametrize("payload", NONSENSE)
@pytest.mark.parametrize("op", ["show", "read", "set"])
def test_nonsense_is_shown_or_refused_but_breaks_nothing(op, payload):
    async def scenario():
        wish = {"actuator": "fan", "value": "1"}
        with contextlib.suppress(Failure):
            [found] = await do(Pretender(said(payload)), op, peer="liar", wait=0, **wish)
            view = VIEWS[{"show": "show", "read": "readings", "set": "set"}[op]]
            Console(quiet=True).print(view(found))

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (NoAnswer("no answer in 5 s"), TIMEOUT, "did not answer"),
        (LocalError("no address"), NOBODY, "no address"),
        (said(b"", 0, "timeout"), TIMEOUT, "did not answer: timeout"),
        (said(b"", 0x83, "no: be nice"), FAILED, "liar refused, 4.03: no"),
        (said(b"", 0xA3, "busy", False), FAILED, "unsigned"),
        (said(b"", 0x41, "forged answer"), FAILED, "forged"),
    ],
)
def test_each_way_to_fail_has_its_exit_code(answer, code, words):
    async def scenario():
        with pytest.raises(Failure) as caught:
            await do(Pretender(answer), "read", peer="liar", wait=0)
        assert caught.value.code == code
        assert words in caught.value.detail

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("42", 42),
        ("-5", -5),
        ("0.5", 0.5),
        ("21.35", cbor.Decimal(2135, -2)),
        ("-0.1", cbor.Decimal(-1, -1)),
        ("on", "on"),
        ("1e3", "1e3"),
        ("5.", "5."),
        ("--1", "--1"),
        ("1.2.3", "1.2.3"),
        ("", ""),
    ],
)
def test_what_is_typed_becomes_a_value(text, value):
    assert answers.wish(text) == value
    assert type(answers.wish(text)) is type(value)


@pytest.mark.parametrize("text", ["9" * 30, "0." + "1" * 40, "9" * 400 + ".5"])
def test_a_number_that_nothing_can_carry_is_usage(text):
    async def scenario():
        with pytest.raises(Failure) as caught:
            await do(Pretender(said(b"")), "set", peer="liar", wait=0, actuator="fan", value=text)
        assert caught.value.code == USAGE

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("decimal", "plain"),
    [
        (cbor.Decimal(2135, -2), 21.35),
        (cbor.Decimal(-5, -1), -0.5),
        (cbor.Decimal(2000, -3), 2.0),
        (cbor.Decimal(1, -9), 1e-9),
        (cbor.Decimal((1 << 62) + 1, -1), str(cbor.Decimal((1 << 62) + 1, -1))),
    ],
)
def test_decimals_stay_exact_in_json(decimal, plain):
    assert answers.plain(decimal) == plain


def test_events_are_plain_data():
    peer = Pretender(None)
    found = watching.happening(peer, PeerFound(LIAR, "liar", ("::1", 5683), "mdns"))
    assert found["event"] == "found"
    assert found["label"] == "liar"
    assert found["address"] == "[::1]:5683"
    lost = watching.happening(peer, PeerLost(LIAR, "no answer"))
    assert lost["reason"] == "no answer"
    reading = Reading(LIAR, 7, "t", "Cel", cbor.Decimal(15, -1), [2, 1, 5, None])
    assert watching.happening(peer, reading)["value"] == 1.5
    refused = watching.happening(peer, Refused(None, None, 0x83, "rule: no"))
    assert refused["detail"] == "rule: no"
    assert watching.happening(peer, said(b"")) is None
