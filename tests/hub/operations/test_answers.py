"""What peers answer: nonsense, refusals and silence; and values as they are typed and shown."""

import asyncio
import contextlib
import json
import types
from pathlib import Path

import pytest
from commands import do
from rich.console import Console

from mesh.cli.views.data_view import VIEWS
from mesh.core import codes
from mesh.core.codec import cbor
from mesh.core.discovery.contact import UP, Contact
from mesh.core.errors import LocalError
from mesh.core.events import Answer, PeerFound, PeerLost, Reading, Refused
from mesh.hub import failure
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.failure import FAILED, NOBODY, TIMEOUT, USAGE, Failure
from mesh.hub.home.home import Home
from mesh.hub.operations import answers, happenings
from mesh.hub.streams import Stream

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
        peer = types.SimpleNamespace(kit=kit, feeds=types.SimpleNamespace(foreign={}))
        self.node = types.SimpleNamespace(contacts=contacts, profile=profile, peer=peer)
        self.identity = types.SimpleNamespace(public=b"\x01" * 32)
        self.home = Home(Path(__file__).parent / "nowhere")
        self.gone = {}

    def now(self):
        return 1000

    def events(self):
        return Stream(1)

    async def ask(self, *_args, **_named):
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


def said(payload, code=codes.CONTENT, error=None, signed=True):
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
        (Unanswered("no answer in 5 s"), TIMEOUT, "did not answer"),
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
        assert caught.value.exit_code == code
        assert words in caught.value.detail

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("answer", "kind", "code", "reason"),
    [
        (Unanswered("no answer in 5 s"), failure.NoAnswer, None, None),
        (LocalError("no address"), failure.Unreachable, None, None),
        (said(b"", 0x84, "no such sensor: there are none"), failure.NotFound, None, None),
        (said(b"", 0x83, "no: be nice"), failure.Refused, "4.03", "no"),
    ],
)
def test_the_kind_of_an_error_survives_the_control_socket(answer, kind, code, reason):
    async def scenario():
        with pytest.raises(failure.Failure) as caught:
            await do(Pretender(answer), "read", peer="liar", wait=0)
        told = json.loads(json.dumps(failure.to_plain(caught.value)))
        for error in (caught.value, failure.from_plain(told)):
            assert type(error) is kind
            assert getattr(error, "code", None) == code
            assert getattr(error, "reason", None) == reason
            assert (error.detail, error.help) == (caught.value.detail, caught.value.help)
            assert error.exit_code == caught.value.exit_code

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
        assert caught.value.exit_code == USAGE

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
    found = happenings.happening(peer, PeerFound(LIAR, "liar", ("::1", 5683), "mdns"))
    assert found["event"] == "found"
    assert found["label"] == "liar"
    assert found["address"] == "[::1]:5683"
    lost = happenings.happening(peer, PeerLost(LIAR, "no answer"))
    assert lost["reason"] == "no answer"
    reading = Reading(LIAR, 7, "t", "Cel", cbor.Decimal(15, -1), [2, 1, 5, None])
    assert happenings.happening(peer, reading)["value"] == 1.5
    refused = happenings.happening(peer, Refused(None, None, 0x83, "rule: no"))
    assert refused["detail"] == "rule: no"
    assert happenings.happening(peer, said(b"")) is None
