"""A fault of ours in a desktop: it is told once, counted, answered, and ends nothing else."""

import asyncio
import contextlib
import logging
import threading

import pytest
from breaking import broken
from hubs import acquainted, run, until
from tcp_client import answer_to
from tcp_peers import KIT, LIMITS, listening, runs_of, someone

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import LocalError
from mesh.core.events import PeerFound
from mesh.core.feed.chain import walk
from mesh.core.full.content import content
from mesh.core.policy.section_table import Sensor
from mesh.core.security.seal import open_response, seal_request
from mesh.core.security.signed_client import request_for
from mesh.hub import guard
from mesh.hub.failure import Failure
from mesh.hub.guard import Faults
from mesh.hub.large_offers import Offering
from mesh.hub.operations import control
from mesh.hub.tcp.connection import Connection

FAULT = 0xA0  # 5.00


class Fragile:
    """Calls that fail as often as is wanted, and then do what they should."""

    def __init__(self, work, times):
        self.work = work
        self.left = times

    def __call__(self, *given):
        self.left -= 1
        if self.left >= 0:
            broken()
        return self.work(*given)


def tracebacks(caplog):
    return [record for record in caplog.records if record.exc_info]


def test_a_resource_that_fails_is_answered_signed_told_once_and_counted(start, caplog):
    async def main():
        async with acquainted(start) as (one, two):
            peer = two.identity.public
            two.node.peer.heap = broken
            for _ in range(3):
                answer = await one.ask(peer, coap.FETCH, ["peer"])
                assert (answer.code, answer.signed) == (FAULT, True)
            two.node.peer.heap = None
            answer = await one.ask(peer, coap.FETCH, ["peer"])
            assert cbor.decode(answer.payload)["faults"] == 3
            assert not one.faults.count

    run(main)
    assert len(tracebacks(caplog)) == 1
    assert "request failed: KeyError: 'planted'" in caplog.text


@pytest.mark.parametrize("place", ["receive", "tick"])
def test_a_datagram_or_a_tick_that_fails_ends_nothing(start, place):
    async def main():
        async with acquainted(start) as (one, two):
            setattr(two.node, place, Fragile(getattr(two.node, place), 2))
            two.driver._tick()  # as its timer does
            answer = await one.ask(two.identity.public, coap.FETCH, ["time"])
            assert answer.code == codes.CONTENT
            await until(lambda: two.faults.count == 2)
            assert two.driver._timer is not None

    run(main)


def test_a_listener_that_fails_costs_its_event(start):
    async def main():
        async with start("one") as one, start("two") as two:
            one._on_event = Fragile(one._on_event, 1)
            one.driver._on_event = one._on_event
            with one.events() as events:
                one.node.emit("first")
                one.node.emit("second")
                one.driver.settle()
                assert await anext(events) == "second"
                one.node.candidate(one.now(), two.identity.public, two.address, "given")
                one.driver.settle()
                while not isinstance(await anext(events), PeerFound):
                    pass
            assert one.faults.count == 1

    run(main)


class Moody:
    """A sensor that psutil cannot read now and then."""

    UNIT = "1"
    RANGE = (0, 10)

    def __init__(self, error):
        self.error = error
        self.reads = 0

    def read(self):
        self.reads += 1
        if self.error is not None:
            raise self.error
        return 7

    def close(self):
        pass


@pytest.mark.parametrize("error", [ValueError("no"), ZeroDivisionError(), KeyError("x")])
def test_a_sensor_goes_on_whatever_its_reader_raises(start, monkeypatch, error):
    moody = Moody(error)
    monkeypatch.setattr("mesh.hub.desktop_peer.sensors.make", lambda _: moody)

    async def main():
        async with start("one", sensed={"moody": Sensor("moody", 20, {})}) as one:
            sensor = one.node.peer.sensors["moody"]
            await until(lambda: moody.reads > 2)
            assert type(error).__name__ in content(one.node.peer, 0, "peer")["failing"]["moody"]
            moody.error = None
            await until(lambda: sensor.value == 7)
            assert content(one.node.peer, 0, "peer")["failing"] == {}

    run(main)


def test_a_sensor_that_was_not_there_at_the_start_comes_by_itself(start, monkeypatch):
    made = []

    class Late(Moody):
        def __init__(self, _):
            made.append(self)
            if len(made) < 3:
                raise ValueError("psutil does not expect that")
            super().__init__(None)

    monkeypatch.setattr("mesh.hub.own.sensors.KINDS", {"late": Late})

    async def main():
        async with start("one", sensed={"late": Sensor("late", 20, {})}) as one:
            await until(lambda: one.node.peer.sensors["late"].value == 7)

    run(main)


@contextlib.asynccontextmanager
async def door(peer):
    async with listening(peer) as source:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(lambda *_: None, lambda _: None, 300_000), *source.address
        )
        yield connection
        connection.end()


def test_a_request_over_tcp_that_fails_is_answered_and_the_connection_goes_on(start):
    async def main():
        async with start("one") as one, door(one) as connection:
            own = one.node.peer
            own.answer = Fragile(own.answer, 1)
            one.node.call = Fragile(one.node.call, 1)
            for code in (FAULT, FAULT, codes.CONTENT):
                answer = await answer_to(connection, request_for(coap.GET, ["time"]))
                assert answer.code == code
            feeds = one.node.peer.feeds
            heads, feeds.heads = feeds.heads, broken
            who = someone()
            answers = []
            for _ in range(2):
                message = request_for(coap.FETCH, ["feeds"])
                digest = seal_request(KIT, who, one.identity.public, message, None, b"")
                answer = await answer_to(connection, message)
                open_response(KIT, one.identity.public, who.public, digest, answer)
                answers.append(answer.code)
                feeds.heads = heads
            assert answers == [FAULT, codes.CONTENT]
            assert one.faults.count == 3

    run(main)


def test_an_offer_over_tcp_that_fails_is_answered(start, monkeypatch):
    async def main():
        monkeypatch.setattr(Offering, "_checked", broken)
        async with start("one") as one, door(one) as connection:
            one.node.gate.fresh = lambda *_: None
            message = request_for(coap.POST, ["feeds"])
            seal_request(KIT, someone(), one.identity.public, message, 60, b"\x80")
            answer = await answer_to(connection, message)
            assert answer.code == FAULT
            assert one.faults.count == 1

    run(main)


def test_a_command_that_fails_is_told_and_the_next_one_served(tmp_path):
    async def ops(op, args):
        if op == "bad":
            broken()
        yield op

    async def main():
        server = control.ControlServer(tmp_path / "s", ops, Faults(broken))
        await server.start()
        with pytest.raises(Failure, match="planted"):
            [item async for item in control.call(tmp_path / "s", "bad", {})]
        assert [item async for item in control.call(tmp_path / "s", "good", {})] == ["good"]
        await server.stop()

    run(main)


def test_what_a_callback_or_a_thread_leaves_is_counted(start):
    async def main():
        async with start("one") as one:
            asyncio.get_running_loop().call_soon(broken)
            thread = threading.Thread(target=one.faults.report, args=("store", KeyError("x")))
            thread.start()
            await asyncio.to_thread(thread.join)
            await until(lambda: one.faults.count == 2)

    run(main)


def test_a_run_that_the_store_cannot_take_is_counted_where_all_faults_are(start, caplog):
    async def main():
        async with start("one", keep=[{"who": "*"}]) as one:
            archive = one.node.peer.feeds.archive
            run_ = walk(KIT, runs_of(someone(), 5)[0], LIMITS)
            archive._writer._work._keeper.keep = broken
            archive.took(run_.author, run_)
            await until(lambda: one.faults.count)
            del archive._writer._work._keeper.keep
            assert one.faults.count == 1

    run(main)
    assert len(tracebacks(caplog)) == 1


def test_faults_of_many_kinds_take_a_bounded_room(caplog):
    one = Faults(lambda _: None)

    def fail(kind):
        raise type(kind, (Exception,), {})("x" * 10_000)

    for n in range(1000):
        one("part", fail, f"Kind{n}")
    assert one.count == 1000
    assert len(one._kinds) <= guard.MOST_KINDS + 1
    assert sum(len(record.getMessage()) for record in caplog.records) < 64 * 400


def test_set_up_that_is_wrong_is_told_and_no_fault(caplog):
    caplog.set_level(logging.ERROR)
    one = Faults(broken)

    def local():
        raise LocalError("the folder cannot be written")

    for _ in range(100):
        assert one("datagram", local) == "the folder cannot be written"
    assert one.count == 0
    assert len(caplog.records) == 1
    assert not tracebacks(caplog)
