"""The kit says what holds of a desktop's peer, and finds each rule that is broken."""

import asyncio
import json

import pytest
from commands import mesh
from conforming import LIMIT_S, of, report
from hubs import CPU, until

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import RemoteError
from mesh.core.feed.feeds import Feeds
from mesh.core.resources import peer as peer_resources
from mesh.core.resources import server
from mesh.core.resources.peer import Peer
from mesh.core.security import replay
from mesh.hub.conform.expecting import Unmet
from mesh.hub.conform.stranger import Stranger


async def measured(peer):
    await until(lambda: peer.node.peer.feeds.own.next_seq > 1)


def test_a_desktop_keeps_to_it(start):
    async def main():
        async with asyncio.timeout(LIMIT_S), start("hall", sensed=CPU) as peer:
            await measured(peer)
            rows = await report(peer.address, True)
        fails = [row for row in rows if row.get("outcome") == "fail"]
        assert not fails, fails
        assert {row["section"] for row in rows if row["event"] == "check"} == {
            "2", "3", "4", "5", "6", "7", "8", "9", "10",
        }  # fmt: skip
        assert rows[0]["id"] != rows[0]["asked_by"]
        refused = of(rows, "not offered")
        assert [rule for rule in refused if "TCP" not in rule] == [
            "a stranger's offers are not looked at"
        ], refused

    asyncio.run(main())


def _represent(kit, value, *given, right=peer_resources.represent):
    """Leaves out of /peer how often it started."""
    if isinstance(value, dict):
        value = {name: one for name, one in value.items() if name != "boots"}
    return right(kit, value, *given)


def _reply(self, now_ms, event, opened, right=server.Server._reply):
    """Takes every method for GET."""
    event.message.code = coap.GET
    return right(self, now_ms, event, opened)


def _asked(self, request, *given, right=Peer.asked):
    """Takes what it does not know for /peer."""
    if request.path() == ["conform-nothing-here"]:
        request.drop(coap.URI_PATH)
        request.add(coap.URI_PATH, "peer")
    return right(self, request, *given)


def _reply(self, now_ms, event, opened, right=server.Server._reply):
    """Takes methods that are not there for paths that are not."""
    if event.message.code not in server.METHODS:
        raise RemoteError("nothing here", codes.NOT_FOUND)
    return right(self, now_ms, event, opened)


FAULTS = [  # the section, what is broken, and the rule that tells
    ("3", coap, "sift", lambda message: None, "an unknown critical option gets 4.02"),
    ("3", server.Server, "_reply", _reply, "a method that is not there gets 4.05"),
    ("4", replay.Freshness, "accept", lambda *_: None,
     "a counter is taken once, and a new sender's after an Echo"),
    ("6", Feeds, "run", lambda *_: None, "{author: seq}: a run with that seq"),
    ("6", Feeds, "heads", lambda self: [b"\x80"], "all heads, each signed by its author"),
    ("7", peer_resources, "represent", _represent, "/peer has its fields"),
    ("8", Peer, "asked", _asked, "refusals are signed problem details"),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_broken_is_found(start, monkeypatch, fault):
    section, where, name, wrong, rule = fault

    async def main():
        async with asyncio.timeout(LIMIT_S), start("hall", sensed=CPU) as peer:
            await measured(peer)
            monkeypatch.setattr(where, name, wrong)
            rows = await report(peer.address, False, section)
        assert rule in of(rows, "fail"), rows
        assert {row["section"] for row in rows if row["event"] == "check"} == {section}

    asyncio.run(main())


def test_who_checks_no_signature_is_found(start):
    async def main():
        async with asyncio.timeout(LIMIT_S), start("hall") as peer:
            peer.node.peer.kit.verify = lambda *_: True
            rows = await report(peer.address, False, "4")
        fails = of(rows, "fail")
        for rule in (
            "a wrong signature gets 4.01",
            "what is signed for another peer gets 4.01",
            "what is signed for another path gets 4.01",
            "S is less than L",
        ):
            assert rule in fails, rows

    asyncio.run(main())


def test_an_answer_by_another_key_is_found(start):
    async def main():
        async with asyncio.timeout(LIMIT_S), start("hall") as peer:
            asker = Stranger(peer.address, bytes(31) + b"\x07")
            async with asker.opened():
                with pytest.raises(Unmet):
                    await asker.read("peer")

    asyncio.run(main())


def test_the_command(start, monkeypatch):
    """JSON by line, exit code 0 or 1, and a report in words."""

    async def main():
        async with asyncio.timeout(LIMIT_S), start("hall", sensed=CPU) as peer:
            await measured(peer)
            address = f"{peer.address[0]}:{peer.address[1]}"
            code, out, err = await mesh("conform", address, "--section", "5", "--json")
            rows = [json.loads(line) for line in out.splitlines()]
            assert (code, err) == (0, "")
            assert [row["event"] for row in rows] == ["peer", "check", "check", "check", "sum"]
            code, out, err = await mesh("conform", address, "--section", "5")
            assert code == 0, err
            assert "3 pass, 0 fail, 0 not offered" in out
            monkeypatch.setattr(peer_resources, "represent", _represent)
            code, out, err = await mesh("conform", address, "-s", "7")
            assert code == 1, err
            assert "expected  'boots' in the map" in out, out
            assert "1 of 8 checks do not hold" in err, err
            assert list(peer.node.peer.feeds.foreign) == [], "something was left there"

    asyncio.run(main())


def test_nobody_there_and_no_address():
    async def main():
        async with asyncio.timeout(LIMIT_S):
            code, _, err = await mesh("conform", "127.0.0.1:9", "--timeout", "2")
            assert code == 3, err
            assert "nothing answers there" in err
            code, _, err = await mesh("conform", "hall")
            assert code == 2, err

    asyncio.run(main())
