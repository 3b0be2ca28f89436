"""Desktop peers at work, over real sockets on loopback."""

import asyncio
import contextlib
import gc

import aiocoap
import needs
import pytest
from hubs import CPU, HOST, acquainted, run, until

from mesh.core import codes
from mesh.core.clock import NTP
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.errors import LocalError
from mesh.core.events import PeerFound, Reading, Refused
from mesh.core.limits import Limits
from mesh.core.policy.section_table import Sensor
from mesh.hub import desktop_peer, machine_clock
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.desktop_limits import DESKTOP, use_uvloop
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.foreign import coap_client
from mesh.hub.home.home import Home
from mesh.hub.net import browser
from mesh.hub.streams import Stream
from mesh.hub.tcp.tcp_requests import TcpRequests
from mesh.hub.tcp.tcp_server import TcpServer

# Others who are on loopback at that time may have told it first.
OTHERWISE = ("query", "group", "asked us", "peers")


def test_two_find_each_other_by_dns_sd(start):
    by_dns_sd = {"discovery": {"layers": ["dns-sd"]}}

    async def main():
        async with start("one", **by_dns_sd) as one, start("two", **by_dns_sd) as two:
            assert [layer.name for layer in one.layers if layer.active] == ["dns-sd", "peers"]
            for here, there in ((one, two), (two, one)):
                await here.wait_for_peer(there.identity.public)
                contact = here.node.contacts.get(there.identity.public)
                assert contact.address == there.address
                answer = await here.ask(there.identity.public, coap.FETCH, ["peer"])
                about = cbor.decode(answer.payload)
                assert answer.signed
                assert about["id"] == there.identity.public
                assert about["name"] == there.profile.name
                assert about["kind"] == "desktop"

    run(main)


def test_two_find_each_other_without_port_5353(start, monkeypatch):
    def taken():
        raise LocalError("port 5353: taken")

    monkeypatch.setattr(browser, "_check_port", taken)
    layers = {"discovery": {"layers": ["dns-sd", "query", "group"]}}

    async def main():
        async with start("one", **layers) as one, start("two", **layers) as two:
            assert one.layers[:2] == [("dns-sd", False, "port 5353: taken"), ("query", True, "")]
            if not one.layers[2].reason:  # the group is heard here
                await one.wait_for_peer(two.identity.public)
                assert one.node.contacts.get(two.identity.public).how in OTHERWISE

    run(main)


def test_one_without_5353_finds_one_with_it(start, monkeypatch):
    both = {"discovery": {"layers": ["dns-sd", "query"]}}

    async def main():
        async with start("one", **both) as one:
            with monkeypatch.context() as patched:

                def taken():
                    raise LocalError("port 5353: taken")

                patched.setattr(browser, "_check_port", taken)
                stack = contextlib.AsyncExitStack()
                two = await stack.enter_async_context(start("two", **both))
            async with stack:
                assert not two.layers[0].active
                await two.wait_for_peer(one.identity.public)
                assert two.node.contacts.get(one.identity.public).how in OTHERWISE

    run(main)


def test_layers_can_be_switched_off(start):
    async def main():
        async with start("one") as one:
            off = [(layer.name, layer.reason) for layer in one.layers if not layer.active]
            reason = "switched off in the settings"
            assert off == [("dns-sd", reason), ("query", reason), ("group", reason)]

    run(main)


def test_a_followed_feed_arrives_as_events(start, monkeypatch):
    monkeypatch.setattr(machine_clock, "is_synchronised", lambda: True)

    async def main():
        one = {"follow": "*"}
        async with acquainted(start, one=one, two={"sensed": CPU}) as (first, second):
            with first.events() as events:
                async for event in events:
                    if isinstance(event, Reading):
                        break
            assert (event.peer, event.sensor) == (second.identity.public, "cpu")
            assert event.clock[0] == NTP

    run(main)


def test_a_sensor_that_fails_is_told(start):
    async def main():
        sensed = {"no": Sensor("disk", 60_000, {"path": "/nowhere"})}
        async with acquainted(start, two={"sensed": sensed}) as (one, two):
            await until(lambda: two.node.peer.sensors["no"].error)
            answer = await one.ask(two.identity.public, coap.FETCH, ["sensors", "no"])
            assert answer.code == 0xA3
            assert "/nowhere" in answer.error

    run(main)


def test_an_unknown_kind_of_sensor_stops_the_start(start):
    async def main():
        with pytest.raises(LocalError, match="no kind of sensor 'gpu'"):
            async with start("one", sensed={"x": Sensor("gpu", 1000, {})}):
                pass

    run(main)


def test_stopping_fails_what_is_open_and_ends_what_is_heard(start):
    async def main():
        async with acquainted(start) as (one, two):
            await two.stop()
            asked = asyncio.ensure_future(one.ask(two.identity.public, coap.FETCH, ["peer"]))
            events = one.events()
            await asyncio.sleep(0)
            await one.stop()
            with pytest.raises(Unanswered, match="this peer was stopped"):
                await asked
            async for _ in events:
                pass
            with pytest.raises(LocalError, match="not started"):
                one.now()
            await one.stop()

    run(main)


def test_aiocoap_reads_what_is_open(start):
    async def main():
        async with start("two", sensed=CPU) as two:
            await until(lambda: two.node.peer.sensors["cpu"].value is not None)
            base = "coap://{}:{}".format(*two.address)
            assert (await coap_client.get(f"{base}/sensors/cpu")).content_format == 110
            assert b"othermesh.peer" in (await coap_client.get(f"{base}/.well-known/core")).payload

    run(main)


def test_aiocoap_reads_what_is_open_by_tcp(start):
    async def main():
        async with start("two", sensed=CPU) as two:
            await until(lambda: two.node.peer.sensors["cpu"].value is not None)
            door = TcpServer(TcpRequests(two.node, two.driver), [HOST])
            await door.start()
            base = f"coap+tcp://{HOST}:{door.port}"
            links = await coap_client.get(f"{base}/.well-known/core")
            assert links.content_format == 40
            assert b"</sensors/cpu>" in links.payload
            assert (await coap_client.get(f"{base}/peer")).content_format == 50
            assert (await coap_client.get(f"{base}/sensors/cpu", accept=112)).content_format == 112
            assert (await coap_client.get(f"{base}/sensors/none")).code == 0x84
            await door.stop()

    run(main)


def test_addresses_are_remembered_over_a_restart(start):
    async def main():
        async with start("two") as two:
            async with start("one") as one:
                one.node.candidate(one.now(), two.identity.public, two.address, "given")
                one.driver.settle()
                await one.wait_for_peer(two.identity.public)
            async with start("one") as one:
                await one.wait_for_peer(two.identity.public)
                assert one.node.contacts.get(two.identity.public).how == "last"
                assert one.home.boots == 2

    run(main)


def test_events_tell_of_peers_and_refusals(start):
    async def main():
        async with start("one") as one, start("two") as two:
            with one.events() as events:
                one.node.candidate(one.now(), two.identity.public, two.address, "given")
                one.driver.settle()
                async for event in events:
                    if isinstance(event, PeerFound):
                        break
                assert (event.peer, event.name, event.address) == (
                    two.identity.public,
                    "two",
                    two.address,
                )
                context = await aiocoap.Context.create_client_context(transports=["udp6"])
                uri = "coap://{}:{}/actuators/x".format(*one.address)
                request = aiocoap.Message(code=aiocoap.PUT, uri=uri, payload=b"1")
                assert int((await context.request(request).response).code) == 0x81
                await context.shutdown()
                async for event in events:
                    if isinstance(event, Refused):
                        break
                assert event.code == 0x81

    run(main)


def test_a_slow_listener_loses_the_oldest():
    async def main():
        stream = Stream(3)
        for n in range(10):
            stream.put(n)
        stream.close()
        stream.put(11)
        assert [n async for n in stream] == [7, 8, 9]
        assert stream.dropped == 7

    run(main)


def test_whoever_stops_listening_is_forgotten(start):
    async def main():
        async with start("one") as one:
            for _ in range(10):
                one.events()
            gc.collect()
            assert len(one._streams) == 0

    run(main)


def test_a_home_must_be_open(tmp_path):
    with pytest.raises(LocalError, match="not open"):
        HubPeer(Home(tmp_path / "one"))


def test_on_uvloop(start):
    uvloop = needs.module("uvloop")

    async def main():
        async with acquainted(start, two={"sensed": CPU}) as (one, two):
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == codes.CONTENT
            async for answer in one.observe(two.identity.public, ["sensors", "cpu"]):
                assert answer.signed
                break

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_uvloop_is_used_if_it_is_there():
    before = asyncio.get_event_loop_policy()
    try:
        assert use_uvloop() == (type(asyncio.get_event_loop_policy()).__module__ == "uvloop")
    finally:
        asyncio.set_event_loop_policy(before)


def test_limits_of_a_desktop_exist():
    limits, board = Limits(**DESKTOP), Limits()
    assert (limits.datagram, limits.block_szx) == (board.datagram, board.block_szx)
    assert desktop_peer.DESKTOP is DESKTOP
