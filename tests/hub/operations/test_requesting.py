"""`mesh ask`: real peers on loopback, one of which answers by its setting `consent`."""

import asyncio
import contextlib
import time

import pytest
from commands import do
from hubs import until

from mesh.core import peer_id
from mesh.core.errors import LocalError
from mesh.core.relations.agreements import Agreements
from mesh.core.replication import rollback
from mesh.core.resources.granted import apply
from mesh.core.resources.relation_runs import answer, begin
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.failure import FAILED, TIMEOUT, USAGE, Failure, NoAnswer, NotFound, Refused
from mesh.hub.home.home import Home
from mesh.hub.home.settings_words import parse

LIMIT_S = 30
LOOPBACK = ["127.0.0.1"]
FAN = {"who": ["study"], "term": "act", "on": "fan", "low": 0, "high": 3, "seconds": 600}
ACTUATORS = {"fan": {"kind": "file", "path": "/nowhere"}}


class Fan:
    """An actuator that remembers what it was set to."""

    def __init__(self):
        self.values = []

    def apply(self, value):
        if value == 2:
            raise LocalError("it has no 2")
        self.values.append(value)


@pytest.fixture(autouse=True)
def no_wait(monkeypatch):
    """Nobody has to be asked for what is held of one's own feed."""
    monkeypatch.setattr(rollback, "WAIT_MS", 0)


@contextlib.asynccontextmanager
async def a_peer(folder, settings, agrees):
    profile = parse(
        {"discovery": {"layers": []}, "limits": {"head_ms": 200}} | settings, "desktop"
    )
    with Home(folder) as home:
        peer = HubPeer(home, profile, interfaces=LOOPBACK, port=0, sensed={})
        if agrees:
            part = begin(peer.node, Agreements(peer.node.peer.kit, peer.identity.public))
            answer(peer.node.peer)
            apply(peer.node, part, peer.pace)
        async with peer:
            yield peer


@contextlib.asynccontextmanager
async def two(tmp_path, *rows, agrees=True, listens=True):
    """A greenhouse with a fan that answers by these rows, and somebody who knows its address."""
    with Home(tmp_path / "study") as home:
        own = peer_id.to_text(home.identity.public)
    async with asyncio.timeout(LIMIT_S), contextlib.AsyncExitStack() as stack:
        told = {
            "name": "greenhouse",
            "names": {"study": own},
            "consent": list(rows),
            "keep": [],
            "follow": [],
            "relations": ["study" if listens else peer_id.to_text(bytes(32))],
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(told, "actuators", ACTUATORS)
            opened = a_peer(tmp_path / "greenhouse", told, agrees)
            greenhouse = await stack.enter_async_context(opened)
        greenhouse.fan = Fan()
        greenhouse.node.add_actuator("fan", greenhouse.fan.apply, 0)
        host, port = greenhouse.address
        given = {"name": "study", "peers": [{"address": f"{host}:{port}"}]}
        study = await stack.enter_async_context(a_peer(tmp_path / "study", given, False))
        yield study, greenhouse


def asked(value, seconds=60, timeout=10, actuator="fan", **more):
    args = {"peer": "greenhouse", "actuator": actuator, "value": value, "seconds": seconds}
    return args | {"timeout": timeout, "wait": 5} | more


def play(main):
    asyncio.run(main())


def test_it_agrees_and_is_set_until_its_time_is_over(tmp_path):
    async def main():
        async with two(tmp_path, dict(FAN, answer="yes")) as (study, greenhouse):
            (row,) = await do(study, "request", **asked("true"))
            assert (row["did"], row["value"], row["seconds"]) == ("set", True, 60)
            assert 50 < row["until"] - time.time() <= 60
            assert greenhouse.fan.values == [True]
            (told,) = (await do(study, "about", peer="greenhouse"))[0]["agreed"]
            assert told[:2] == [row["ref"], ["act", "fan", 1, 1, 60]]
            assert told[2][:2] == [peer_id.to_text(study.identity.public), True]
            (row,) = await do(study, "request", **asked("0.3", 1))
            assert greenhouse.fan.values[1] == pytest.approx(0.3)
            await until(lambda: len(greenhouse.fan.values) == 3)
            assert greenhouse.fan.values[2] == 0, "put back"

    play(main)


def test_what_it_offers_instead_is_accepted(tmp_path):
    async def main():
        async with two(tmp_path, dict(FAN, answer="yes")) as (study, greenhouse):
            args = asked("9", 3600)
            (row,) = await do(study, "request", **args)
            assert row["did"] == "offered"
            assert "0 to 3" in row["reason"]
            assert (row["low"], row["high"], row["seconds"]) == (3, 3, 600)
            assert greenhouse.fan.values == []
            (row,) = await do(study, "request.accept", **args, ref=row["ref"])
            assert (row["did"], row["value"], row["seconds"]) == ("set", 3, 600)
            assert greenhouse.fan.values == [3]
            with pytest.raises(NotFound):
                await do(study, "request.accept", **args, ref=peer_id.to_text(bytes(32)))

    play(main)


def test_a_no_comes_with_its_reason(tmp_path):
    async def main():
        async with two(tmp_path, dict(FAN, answer="never")) as (study, greenhouse):
            with pytest.raises(Refused) as caught:
                await do(study, "request", **asked("1"))
            assert caught.value.exit_code == FAILED
            assert "holder does not let it agree" in caught.value.detail
            assert caught.value.reason in caught.value.detail
            assert greenhouse.fan.values == []

    play(main)


def test_a_value_that_it_cannot_take_is_told_after_the_yes(tmp_path):
    async def main():
        async with two(tmp_path, dict(FAN, answer="yes")) as (study, _):
            with pytest.raises(Refused) as caught:
                await do(study, "request", **asked("2"))
            assert "it has no 2" in caught.value.detail

    play(main)


def test_who_may_wait_for_a_person_is_told_so(tmp_path):
    async def main():
        async with two(tmp_path, FAN) as (study, _):
            with pytest.raises(NoAnswer) as caught:
                await do(study, "request", **asked("1", timeout=1))
            assert caught.value.exit_code == TIMEOUT
            assert "did not answer it yet" in caught.value.detail
            assert "mesh agreement show" in caught.value.help

    play(main)


def test_who_does_not_look_at_agreements_is_told_at_once(tmp_path):
    async def main():
        async with two(tmp_path, FAN, agrees=False) as (study, _):
            with pytest.raises(Failure) as caught:
                await do(study, "request", **asked("1"))
            assert "does not look at agreements" in caught.value.detail
            assert "`relations`" in caught.value.help
            assert study.node.peer.feeds.own.next_seq == 1, "nothing was written"

    play(main)


def test_who_does_not_look_at_ours_is_told_at_once(tmp_path):
    async def main():
        async with two(tmp_path, FAN, listens=False) as (study, _):
            with pytest.raises(Failure) as caught:
                await do(study, "request", **asked("1"))
            assert "does not keep our feed" in caught.value.detail
            assert peer_id.to_text(study.identity.public) in caught.value.help

    play(main)


def test_what_cannot_be_asked_is_refused_before_anything_is_written(tmp_path):
    async def main():
        async with two(tmp_path, FAN) as (study, _):
            for args, code in (
                (asked("high"), USAGE),
                (asked("1", 0), USAGE),
                (asked("1", actuator="fann"), FAILED),
                (asked("1") | {"peer": "self"}, USAGE),
            ):
                with pytest.raises(Failure) as caught:
                    await do(study, "request", **args)
                assert caught.value.exit_code == code, args
            assert study.node.peer.feeds.own.next_seq == 1

    play(main)
