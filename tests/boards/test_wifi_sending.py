"""Sending a network to a board: what is said where the board is not the one with the code, or is
not heard any more.
"""

import asyncio
from types import SimpleNamespace

import pytest

from mesh.boards import wifi_sending
from mesh.core import codes
from mesh.core.codec import cbor
from mesh.core.events import Answer
from mesh.core.security.code_proof import Code
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.desktop_kit import make_kit
from mesh.hub.failure import FAILED, TIMEOUT, Failure

CODE = "k7mp-3xqd-w9hn-r4tz"
BOARD, OWN, CHALLENGE = bytes(range(32)), bytes(32), bytes(16)
HOUSE = {"ssid": "house", "password": "correct horse"}
ARGS = {"address": "192.168.4.1:5683", "code": CODE, "network": HOUSE, "timeout": 0.3}


class Peer:
    """A peer that runs, and a board at the other end of it: answers to its questions in turn."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []
        self.identity = SimpleNamespace(public=OWN)
        self.node = SimpleNamespace(peer=SimpleNamespace(kit=make_kit()))

    async def ask(self, _peer, code, _path, body=b"", _form=None, timeout=None):  # noqa: ASYNC109
        self.sent.append((code, body, timeout))
        found = self.answers.pop(0) if self.answers else None
        if found is None:
            raise Unanswered("no answer")
        return Answer(1, found[0], 60, found[1], True, None, False)


def told(**more):
    return codes.CONTENT, cbor.encode({"state": "open", "challenge": CHALLENGE} | more)


def send(monkeypatch, *answers):
    """The rows, and the Failure at their end."""
    contact = SimpleNamespace(peer=BOARD, address=("192.168.4.1", 5683))
    name = SimpleNamespace(label="attic", id="x")

    async def at(_peer, _address):
        return contact

    monkeypatch.setattr(wifi_sending, "_at", at)
    monkeypatch.setattr(wifi_sending, "LOOK_S", 0.01)
    monkeypatch.setattr(wifi_sending.roster, "name_of", lambda *_: name)
    peer, rows = Peer(*answers), []

    async def go():
        async for row in wifi_sending.send(peer, ARGS):
            rows.append(row)  # noqa: PERF401 - those before a failure count

    try:
        asyncio.run(go())
    except Failure as failure:
        return peer, rows, failure
    return peer, rows, None


def test_who_takes_it_without_the_code_is_found_out_and_reads_nothing(monkeypatch):
    for wrong in (b"", cbor.encode(bytes(32)), cbor.encode(True)):
        peer, rows, failure = send(monkeypatch, told(), (codes.CHANGED, wrong))
        assert [row["state"] for row in rows] == ["found"]
        assert "does not have the code" in failure.detail
        assert failure.exit_code == FAILED
        assert b"correct horse" not in peer.sent[1][1]
        assert b"house" not in peer.sent[1][1]


def test_a_board_that_is_not_heard_any_more_has_most_likely_joined(monkeypatch):
    monkeypatch.setattr(wifi_sending.os, "urandom", bytes)
    taken = cbor.encode(Code(make_kit().sha256, CODE).receipt(BOARD + OWN + CHALLENGE, bytes(16)))
    _, rows, failure = send(monkeypatch, told(), (codes.CHANGED, taken), told(state="trying"))
    assert [row["state"] for row in rows] == ["found", "trying"]
    assert failure.exit_code == TIMEOUT
    assert "was not heard since" in failure.detail
    assert "`mesh peers` shows the board" in failure.help
    joined = told(state="joined", ssid="house", address="192.0.2.7", why="not kept")
    _, rows, failure = send(monkeypatch, told(), (codes.CHANGED, taken), None, joined)
    assert failure is None
    assert rows[-1]["address"] == "192.0.2.7"
    assert rows[-1]["why"] == "not kept"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        cbor.encode([1]),
        cbor.encode({"challenge": "x"}),
        cbor.encode({"state": "open"}),
    ],
)
def test_what_is_no_door_is_told(monkeypatch, payload):
    _, rows, failure = send(monkeypatch, (codes.CONTENT, payload))
    assert (rows, failure.exit_code) == ([], FAILED)
    assert "takes no network now" in failure.detail


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (CODE, CODE),
        (" K7MP 3XQD w9hnr4tz\n", CODE),
        ("a sentence that somebody chose", "a sentence that somebody chose"),
        ("UPPER-CASE-THAT-IS-LONGER", "UPPER-CASE-THAT-IS-LONGER"),
    ],
)
def test_a_code_is_read_as_people_write_it(typed, code):
    assert wifi_sending.tidied(typed) == code
