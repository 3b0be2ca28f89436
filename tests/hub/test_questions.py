"""What a program asks other peers, over real sockets on loopback."""

import asyncio
import contextlib
import os

import pytest
from hubs import CPU, HOST, acquainted, run, until

from mesh.core import codes
from mesh.core import peer_id as ids
from mesh.core.coap import message as coap
from mesh.core.codec import cbor, senml_reading
from mesh.core.errors import LocalError, RemoteError
from mesh.core.limits import Limits
from mesh.core.policy.section_table import Sensor
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.desktop_limits import DESKTOP


def test_own_sensors_are_read_and_asked_for(start):
    async def main():
        async with acquainted(start, two={"sensed": CPU}) as (one, two):
            async with contextlib.aclosing(
                one.observe(two.identity.public, ["sensors", "cpu"])
            ) as answers:
                first, second = await anext(answers), await anext(answers)
            for answer in (first, second):
                (record,) = senml_reading.unpack(cbor.decode(answer.payload))
                assert record.name == f"{ids.to_text(two.identity.public)}/cpu"
                assert record.unit == "/"
                assert answer.signed

    run(main)


def test_observing_ends_with_the_iteration(start):
    async def main():
        async with acquainted(start, two={"sensed": CPU}) as (one, two):
            async for _ in one.observe(two.identity.public, ["sensors", "cpu"]):
                break
            # the next notification is answered by a reset
            await until(lambda: not two.node.serving._watchers)
            assert not one._questions._sinks

    run(main)


def test_what_cannot_be_observed_answers_once(start):
    async def main():
        async with acquainted(start) as (one, two):
            answers = [a.code async for a in one.observe(two.identity.public, ["peer"])]
            assert answers == [codes.CONTENT]

    run(main)


def test_an_observation_is_made_anew_when_nothing_comes(start, monkeypatch):
    monkeypatch.setattr("mesh.hub.asking.MAX_AGE_S", 0.05)

    async def main():
        slow = {"sensed": {"up": Sensor("uptime", 3_600_000, {})}}
        async with acquainted(start, two=slow) as (one, two):
            await until(lambda: two.node.peer.sensors["up"].value is not None)
            async with contextlib.aclosing(
                one.observe(two.identity.public, ["sensors", "up"])
            ) as answers:
                for _ in range(3):
                    assert (await anext(answers)).code == codes.CONTENT

    run(main)


def test_refusals_are_answers(start):
    async def main():
        async with acquainted(start) as (one, two):
            answer = await one.ask(two.identity.public, coap.FETCH, ["nothing"])
            assert (answer.code, answer.signed) == (0x84, True)
            assert "nothing here" in answer.error
            answer = await one.ask(two.identity.public, coap.PUT, ["actuators", "x"], b"\x01", 60)
            assert answer.code in (0x83, 0x84)

    run(main)


def test_whoever_is_unknown_cannot_be_asked(start):
    async def main():
        async with start("one") as one:
            with pytest.raises(LocalError):
                await one.ask(os.urandom(32), coap.FETCH, ["peer"])
            with pytest.raises(Unanswered):
                await one.wait_for_peer(os.urandom(32), timeout=0.01)

    run(main)


def test_silence_ends_in_time_and_leaves_nothing(start):
    async def main():
        async with acquainted(start) as (one, two):
            await two.stop()
            with pytest.raises(Unanswered):
                await one.ask(two.identity.public, coap.FETCH, ["peer"], timeout=0.05)
            task = asyncio.ensure_future(one.ask(two.identity.public, coap.FETCH, ["peer"]))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert not one._questions._sinks
            assert not [a for a in one.node.asks.open.values() if a.body[0] is None]

    run(main)


def test_silence_ends_by_itself(start):
    quick = Limits(**DESKTOP | {"ack_timeout_ms": 20, "max_retransmit": 1})

    async def main():
        async with acquainted(start, one={"limits": quick}) as (one, two):
            await two.stop()
            with pytest.raises(Unanswered):
                await one.ask(two.identity.public, coap.FETCH, ["peer"])

    run(main)


def test_plain_questions_to_an_address(start):
    async def main():
        async with start("one") as one, start("two") as two:
            answer = await one.get(two.address, [".well-known", "core"], ["rt=othermesh.peer"])
            assert answer.content_format == 40
            assert ids.to_text(two.identity.public).encode() in answer.payload
            assert (await one.get(two.address, ["peer"], accept=60)).content_format == 60
            with pytest.raises(Unanswered):
                await one.get((HOST, 9), ["peer"], timeout=0.05)

    run(main)


def test_many_questions_at_once(start):
    async def main():
        async with acquainted(start) as (one, two):
            answers = await asyncio.gather(
                *[one.ask(two.identity.public, coap.FETCH, ["time"]) for _ in range(200)]
            )
            assert {answer.code for answer in answers} == {codes.CONTENT}

    run(main)


def test_a_body_of_many_blocks(start):
    async def main():
        async with acquainted(start) as (one, two):
            two.profile.name = "x" * 20_000
            answer = await one.ask(two.identity.public, coap.FETCH, ["peer"])
            assert cbor.decode(answer.payload)["name"] == "x" * 20_000

    run(main)


def test_an_answer_that_is_not_signed_by_the_peer_is_an_error(start, monkeypatch):
    async def main():
        async with acquainted(start) as (one, two):
            other = bytes(64)
            monkeypatch.setattr(two.identity, "sign", lambda data: other)
            with pytest.raises(RemoteError, match=r"forged|not signed"):
                await one.ask(two.identity.public, coap.FETCH, ["peer"])

    run(main)


def test_a_question_follows_a_peer_that_moves_meanwhile(start):
    """It starts anew at another port while it is asked where it was."""

    async def main():
        async with start("one") as first:
            async with start("two") as second:
                first.node.candidate(first.now(), second.identity.public, second.address, "given")
                first.driver.settle()
                await first.wait_for_peer(second.identity.public)
                await second.wait_for_peer(first.identity.public)
                who, was = second.identity.public, second.address
            asked = asyncio.create_task(first.ask(who, coap.FETCH, ["peer"], timeout=15))
            await asyncio.sleep(0)  # it is on its way
            async with start("two") as second:
                assert second.address != was
                assert (await asked).signed
                assert first.node.contacts.get(who).address == second.address

    run(main)
