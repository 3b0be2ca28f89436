"""`mesh ask`: real peers on loopback, one of which answers by its setting `consent`."""

import asyncio
import contextlib
import time

import pytest
from commands import do
from hubs import until

from mesh.core import peer_id
from mesh.core.codec import cbor
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.failure import FAILED, TIMEOUT, USAGE, Failure, NoAnswer, NotFound, Refused
from mesh.hub.home.home import Home
from mesh.hub.home.settings_words import parse

LIMIT_S = 30
LOOPBACK = ["127.0.0.1"]
FAN = {"who": ["study"], "term": "act", "on": "fan", "low": 0, "high": 3, "seconds": 600}


pytestmark = pytest.mark.usefixtures("no_wait")


@contextlib.asynccontextmanager
async def a_peer(folder, settings):
    quick = {"discovery": {"layers": []}, "limits": {"head_ms": 200}}
    profile = parse(quick | settings, "desktop")
    with Home(folder) as home:
        async with HubPeer(home, profile, interfaces=LOOPBACK, port=0, sensed={}) as peer:
            yield peer


@contextlib.asynccontextmanager
async def two(tmp_path, *rows, relations=("study",), **fan):
    """A greenhouse with a fan that answers by these rows, and somebody who knows its address."""
    with Home(tmp_path / "study") as home:
        own = peer_id.to_text(home.identity.public)
    path = tmp_path / "fan"
    if not path.exists():
        path.write_text("0\n")
    async with asyncio.timeout(LIMIT_S), contextlib.AsyncExitStack() as stack:
        told = {
            "name": "greenhouse",
            "keep": [],
            "follow": [],
            "names": {"study": own},
            "actuators": {"fan": {"kind": "file", "path": str(path), "least": 0, "most": 9} | fan},
            "consent": list(rows),
            "relations": list(relations),
        }
        greenhouse = await stack.enter_async_context(a_peer(tmp_path / "greenhouse", told))
        await until(lambda: greenhouse.node.peer.actuators["fan"][1] is not None)
        host, port = greenhouse.address
        given = {"name": "study", "peers": [{"address": f"{host}:{port}"}]}
        study = await stack.enter_async_context(a_peer(tmp_path / "study", given))
        yield study, path


def asked(value, seconds=60, timeout=10, actuator="fan", **more):
    args = {"peer": "greenhouse", "actuator": actuator, "value": value, "seconds": seconds}
    return args | {"timeout": timeout, "wait": 5} | more


def play(main):
    asyncio.run(main())


def test_it_agrees_and_is_set_until_its_time_is_over(tmp_path):
    async def main():
        async with two(tmp_path, dict(FAN, answer="yes")) as (study, fan):
            (row,) = await do(study, "request", **asked("1"))
            assert (row["did"], row["value"], row["seconds"]) == ("set", 1, 60)
            assert 50 < row["until"] - time.time() <= 60
            assert fan.read_text() == "1\n"
            (told,) = (await do(study, "about", peer="greenhouse"))[0]["agreed"]
            assert told[:2] == [row["ref"], ["act", "fan", 1, 1, 60]]
            assert told[2][:2] == [peer_id.to_text(study.identity.public), 1]
            (row,) = await do(study, "request", **asked("0.3", 1))
            assert float(fan.read_text()) == pytest.approx(0.3)
            await until(lambda: fan.read_text() == "0\n")

    play(main)


def test_a_start_after_a_crash_puts_back_what_was_set(tmp_path):
    async def main():
        async with two(tmp_path, dict(FAN, answer="yes")) as (study, fan):
            await do(study, "request", **asked("3", 600))
            assert fan.read_text() == "3\n"
        assert fan.read_text() == "3\n", "it stopped meanwhile"
        async with two(tmp_path, FAN) as (study, fan):
            await until(lambda: fan.read_text() == "0\n")
            assert cbor.decode((tmp_path / "greenhouse" / "lent").read_bytes()) == []

    play(main)


def test_what_was_noted_may_be_damaged(tmp_path):
    async def main():
        async with two(tmp_path, FAN):
            pass
        for rubbish in (b"", b"rubbish", cbor.encode([1, ["fan"], [2, 3], ["gone", 1]])):
            (tmp_path / "greenhouse" / "lent").write_bytes(rubbish)
            async with two(tmp_path, dict(FAN, answer="yes")) as (study, _):
                (row,) = await do(study, "request", **asked("1"))
                assert row["did"] == "set"

    play(main)


def test_what_it_offers_instead_is_accepted(tmp_path):
    async def main():
        async with two(tmp_path, dict(FAN, answer="yes")) as (study, fan):
            args = asked("9", 3600)
            (row,) = await do(study, "request", **args)
            assert row["did"] == "offered"
            assert "0 to 3" in row["reason"]
            assert (row["low"], row["high"], row["seconds"]) == (3, 3, 600)
            assert fan.read_text() == "0\n"
            (row,) = await do(study, "request.accept", **args, ref=row["ref"])
            assert (row["did"], row["value"], row["seconds"]) == ("set", 3, 600)
            assert fan.read_text() == "3\n"
            with pytest.raises(NotFound):
                await do(study, "request.accept", **args, ref=peer_id.to_text(bytes(32)))

    play(main)


def test_a_no_comes_with_its_reason(tmp_path):
    async def main():
        async with two(tmp_path, dict(FAN, answer="never")) as (study, fan):
            with pytest.raises(Refused) as caught:
                await do(study, "request", **asked("1"))
            assert caught.value.exit_code == FAILED
            assert "holder does not let it agree" in caught.value.detail
            assert caught.value.reason in caught.value.detail
            assert fan.read_text() == "0\n"

    play(main)


def test_a_value_that_it_cannot_take_is_told_after_the_yes(tmp_path):
    async def main():
        async with two(tmp_path, dict(FAN, answer="yes"), most=1) as (study, _):
            with pytest.raises(Refused) as caught:
                await do(study, "request", **asked("2"))
            assert "refused, 4.00" in caught.value.detail

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
        async with two(tmp_path, FAN, relations=()) as (study, _):
            with pytest.raises(Failure) as caught:
                await do(study, "request", **asked("1"))
            assert "does not look at agreements" in caught.value.detail
            assert "`relations`" in caught.value.help
            assert study.node.peer.feeds.own.next_seq == 1, "nothing was written"

    play(main)


def test_who_does_not_look_at_ours_is_told_at_once(tmp_path):
    async def main():
        async with two(tmp_path, FAN, relations=[peer_id.to_text(bytes(32))]) as (study, _):
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
