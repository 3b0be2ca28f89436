"""Desktop peers at work, over real sockets on loopback; and the sockets under them."""

import asyncio
import contextlib
import errno
import gc
import os
import socket

import aiocoap
import pytest

from mesh.core import cbor, coap, ids, senml
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import PeerFound, Reading, Refused
from mesh.core.limits import Limits
from mesh.core.settings import Sensor, parse
from mesh.hub import discovery, foreign, loop, udp
from mesh.hub.desktop import DESKTOP, use_uvloop
from mesh.hub.errors import NoAnswer
from mesh.hub.foreign_server import ForeignServer
from mesh.hub.home import Home
from mesh.hub.loop import HubPeer
from mesh.hub.streams import Stream

HOST = "127.0.0.1"
LIMIT_S = 20
# Others who are on loopback at that time may have told it first.
OTHERWISE = ("query", "group", "asked us", "peers")
CPU = {"cpu": Sensor("cpu", 100, {})}


def run(main, **options):
    async def limited():
        async with asyncio.timeout(LIMIT_S):
            await main()

    asyncio.run(limited(), **options)


async def until(condition):
    """Look again and again; run() bounds it."""
    while not condition():  # noqa: ASYNC110 - what the node did has no event of its own
        await asyncio.sleep(0.005)


@pytest.fixture
def start(tmp_path):
    """start(name, settings): a context manager with a started peer, in a home of its own."""

    @contextlib.asynccontextmanager
    async def started(name, sensed=None, limits=None, **settings):
        settings.setdefault("discovery", {"layers": []})
        profile = parse({"name": name, "port": 0, **settings}, "desktop")
        with Home(tmp_path / name) as home:
            peer = HubPeer(home, profile, limits, [HOST], sensed=sensed or {})
            async with peer:
                yield peer

    return started


@contextlib.asynccontextmanager
async def acquainted(start, one=None, two=None):
    """Two peers that know each other, by addresses given by hand."""
    async with start("one", **(one or {})) as first, start("two", **(two or {})) as second:
        first.node.candidate(first.now(), second.identity.public, second.address, "given")
        first.driver.settle()
        await first.wait_for_peer(second.identity.public)
        await second.wait_for_peer(first.identity.public)
        yield first, second


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

    monkeypatch.setattr(discovery, "_check_port", taken)
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

                patched.setattr(discovery, "_check_port", taken)
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


def test_own_sensors_are_read_and_asked_for(start):
    async def main():
        async with acquainted(start, two={"sensed": CPU}) as (one, two):
            async with contextlib.aclosing(
                one.observe(two.identity.public, ["sensors", "cpu"])
            ) as answers:
                first, second = await anext(answers), await anext(answers)
            for answer in (first, second):
                (record,) = senml.unpack(cbor.decode(answer.payload))
                assert record.name == f"urn:othermesh:{ids.to_text(two.identity.public)}:cpu"
                assert record.unit == "/"
                assert answer.signed

    run(main)


def test_a_followed_feed_arrives_as_events(start):
    async def main():
        one = {"follow": "*"}
        async with acquainted(start, one=one, two={"sensed": CPU}) as (first, second):
            with first.events() as events:
                async for event in events:
                    if isinstance(event, Reading):
                        break
            assert (event.peer, event.sensor) == (second.identity.public, "cpu")
            assert event.clock[0] == 2

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


def test_observing_ends_with_the_iteration(start):
    async def main():
        async with acquainted(start, two={"sensed": CPU}) as (one, two):
            async for _ in one.observe(two.identity.public, ["sensors", "cpu"]):
                break
            # the next notification is answered by a reset
            await until(lambda: not two.node.endpoint.observers)
            assert not one._questions._sinks

    run(main)


def test_what_cannot_be_observed_answers_once(start):
    async def main():
        async with acquainted(start) as (one, two):
            answers = [a.code async for a in one.observe(two.identity.public, ["peer"])]
            assert answers == [coap.CONTENT]

    run(main)


def test_an_observation_is_made_anew_when_nothing_comes(start, monkeypatch):
    monkeypatch.setattr("mesh.hub.questions.MAX_AGE_S", 0.05)

    async def main():
        slow = {"sensed": {"up": Sensor("uptime", 3_600_000, {})}}
        async with acquainted(start, two=slow) as (one, two):
            await until(lambda: two.node.peer.sensors["up"].value is not None)
            async with contextlib.aclosing(
                one.observe(two.identity.public, ["sensors", "up"])
            ) as answers:
                for _ in range(3):
                    assert (await anext(answers)).code == coap.CONTENT

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
            with pytest.raises(NoAnswer):
                await one.wait_for_peer(os.urandom(32), timeout=0.01)

    run(main)


def test_silence_ends_in_time_and_leaves_nothing(start):
    async def main():
        async with acquainted(start) as (one, two):
            await two.stop()
            with pytest.raises(NoAnswer):
                await one.ask(two.identity.public, coap.FETCH, ["peer"], timeout=0.05)
            task = asyncio.ensure_future(one.ask(two.identity.public, coap.FETCH, ["peer"]))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert not one._questions._sinks
            assert not one.node.asks._open

    run(main)


def test_silence_ends_by_itself(start):
    quick = Limits(**DESKTOP | {"ack_timeout_ms": 20, "max_retransmit": 1})

    async def main():
        async with acquainted(start, one={"limits": quick}) as (one, two):
            await two.stop()
            with pytest.raises(NoAnswer):
                await one.ask(two.identity.public, coap.FETCH, ["peer"])

    run(main)


def test_stopping_fails_what_is_open_and_ends_what_is_heard(start):
    async def main():
        async with acquainted(start) as (one, two):
            await two.stop()
            asked = asyncio.ensure_future(one.ask(two.identity.public, coap.FETCH, ["peer"]))
            events = one.events()
            await asyncio.sleep(0)
            await one.stop()
            with pytest.raises(NoAnswer, match="this peer was stopped"):
                await asked
            async for _ in events:
                pass
            with pytest.raises(LocalError, match="not started"):
                one.now()
            await one.stop()

    run(main)


def test_plain_questions_to_an_address(start):
    async def main():
        async with start("one") as one, start("two") as two:
            answer = await one.get(two.address, [".well-known", "core"], ["rt=othermesh.peer"])
            assert answer.content_format == 40
            assert ids.to_text(two.identity.public).encode() in answer.payload
            assert (await one.get(two.address, ["peer"], accept=60)).content_format == 60
            with pytest.raises(NoAnswer):
                await one.get((HOST, 9), ["peer"], timeout=0.05)

    run(main)


def test_aiocoap_reads_what_is_open(start):
    async def main():
        async with start("two", sensed=CPU) as two:
            await until(lambda: two.node.peer.sensors["cpu"].value is not None)
            base = "coap://{}:{}".format(*two.address)
            assert (await foreign.get(f"{base}/sensors/cpu")).content_format == 110
            assert b"othermesh.peer" in (await foreign.get(f"{base}/.well-known/core")).payload

    run(main)


def test_aiocoap_reads_what_is_open_by_tcp(start):
    async def main():
        async with start("two", sensed=CPU) as two:
            await until(lambda: two.node.peer.sensors["cpu"].value is not None)
            door = ForeignServer(two.local_get, [HOST])
            await door.start()
            base = f"coap+tcp://{HOST}:{door.port}"
            links = await foreign.get(f"{base}/.well-known/core")
            assert links.content_format == 40
            assert b"</sensors/cpu>" in links.payload
            assert (await foreign.get(f"{base}/peer")).content_format == 50
            assert (await foreign.get(f"{base}/sensors/cpu", accept=112)).content_format == 112
            assert (await foreign.get(f"{base}/sensors/none")).code == 0x84
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


def test_a_port_that_is_taken_is_left(start):
    async def main():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
            holder.bind((HOST, 0))
            taken = holder.getsockname()[1]
            async with start("one", port=taken) as one:
                assert one.address[0] == HOST
                assert one.address[1] != taken

    run(main)


def test_the_port_of_the_settings_is_used(start):
    async def main():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((HOST, 0))
            free = probe.getsockname()[1]
        async with start("one", port=free) as one:
            assert one.address == (HOST, free)

    run(main)


def test_an_interface_that_is_not_there(tmp_path):
    async def main():
        with Home(tmp_path / "one") as home:
            one = HubPeer(home, interfaces=["192.0.2.99"])
            with pytest.raises(LocalError, match=r"no socket could be opened on 192\.0\.2\.99"):
                await one.start()

    run(main)


def test_a_home_must_be_open(tmp_path):
    with pytest.raises(LocalError, match="not open"):
        HubPeer(Home(tmp_path / "one"))


def test_garbage_stops_nothing(start):
    async def main():
        async with acquainted(start) as (one, two):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for n in range(500):
                    sender.sendto(os.urandom(n % 200), two.address)
                sender.sendto(b"", two.address)
                sender.sendto(bytes(9000), two.address)
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == coap.CONTENT
            assert two.driver.udp.oversized == 1

    run(main)


def test_a_socket_that_dies_is_opened_again(start):
    async def main():
        async with acquainted(start) as (one, two):
            address = two.address
            for endpoint in list(two.driver.udp._endpoints.values()):
                os.close(endpoint.sock.detach())
            two.driver.udp.refresh()
            assert two.address == address
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == coap.CONTENT
            for endpoint in list(one.driver.udp._endpoints.values()):
                os.close(endpoint.sock.detach())
            # noticed by sending; what was sent is sent again
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == coap.CONTENT
            assert one.driver.udp.unsent >= 1

    run(main)


@pytest.mark.parametrize(
    "code", [errno.ENETUNREACH, errno.EPERM, errno.ENOBUFS, errno.ECONNREFUSED, errno.EAGAIN]
)
def test_errors_of_the_network_stop_nothing(start, code):
    async def main():
        async with acquainted(start) as (one, two):
            routes = one.driver.udp._routes
            find, failures = routes.find, [code, code]

            def failing(data, target):
                raise OSError(failures.pop(), "as if")

            routes.find = lambda address: (failing, address) if failures else find(address)
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == coap.CONTENT
            assert one.driver.udp.unsent == 2

    run(main)


def test_refused_datagrams_stop_nothing(start):
    async def main():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((HOST, 0))
            closed = probe.getsockname()
        async with acquainted(start) as (one, two):
            for _ in range(20):
                with pytest.raises(NoAnswer):
                    await one.get(closed, ["x"], timeout=0.001)
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == coap.CONTENT

    run(main)


@pytest.mark.parametrize("address", [("fe80::1%nowhere", 5683), ("2001:db8::1", 5683), ("x", 1)])
def test_addresses_that_lead_nowhere(start, address):
    async def main():
        async with start("one") as one:
            with pytest.raises(NoAnswer):
                await one.get(address, ["peer"], timeout=0.01)
            assert one.driver.udp.unsent >= 1

    run(main)


def test_an_address_that_comes_and_goes(start, monkeypatch):
    """127.0.0.2 stands for an interface that appears."""
    here = [udp.Local(HOST, 1, 8)]
    monkeypatch.setattr(udp, "local_addresses", lambda wanted: list(here))

    async def main():
        async with start("one") as one, start("two") as two:
            port = two.address[1]
            here.append(udp.Local("127.0.0.2", 1, 8))
            two.driver.udp.refresh()
            assert two.addresses == [(HOST, port), ("127.0.0.2", port)]
            answer = await one.get(("127.0.0.2", port), ["peer"])  # answered from where it came in
            assert answer.code == coap.CONTENT
            here.pop()
            two.driver.udp.refresh()
            assert two.addresses == [(HOST, port)]
            assert (await one.get(two.address, ["peer"])).code == coap.CONTENT

    run(main)


def test_a_fault_in_the_node_is_not_the_end(start):
    async def main():
        async with acquainted(start) as (one, two):
            tick, faults = two.node.tick, [ZeroDivisionError]
            told = []
            asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what))

            def faulty(now_ms):
                if faults:
                    raise faults.pop()
                tick(now_ms)

            two.node.tick = faulty
            two.driver._timer.cancel()
            two.driver._timer = None
            with pytest.raises(ZeroDivisionError):
                two.driver._tick()
            assert two.driver._timer is not None
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == coap.CONTENT

    run(main)


def test_a_full_disk_is_survived(start, monkeypatch, caplog):
    async def main():
        async with acquainted(start) as (one, two):

            def full(*_):
                raise LocalError("No space left on device")

            with monkeypatch.context() as patched:
                patched.setattr(one.identity, "next_counter", full)
                with pytest.raises(LocalError, match="No space left"):
                    await one.ask(two.identity.public, coap.FETCH, ["peer"])
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == coap.CONTENT

    run(main)


def test_many_questions_at_once(start):
    async def main():
        async with acquainted(start) as (one, two):
            answers = await asyncio.gather(
                *[one.ask(two.identity.public, coap.FETCH, ["time"]) for _ in range(200)]
            )
            assert {answer.code for answer in answers} == {coap.CONTENT}

    run(main)


def test_a_body_of_many_blocks(start):
    async def main():
        async with acquainted(start) as (one, two):
            two.node.peer.name = "x" * 20_000
            answer = await one.ask(two.identity.public, coap.FETCH, ["peer"])
            assert cbor.decode(answer.payload)["name"] == "x" * 20_000

    run(main)


def test_on_uvloop(start):
    uvloop = pytest.importorskip("uvloop")

    async def main():
        async with acquainted(start, two={"sensed": CPU}) as (one, two):
            assert (await one.ask(two.identity.public, coap.FETCH, ["peer"])).code == coap.CONTENT
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
    assert loop.DESKTOP is DESKTOP


def test_an_answer_that_is_not_signed_by_the_peer_is_an_error(start, monkeypatch):
    async def main():
        async with acquainted(start) as (one, two):
            other = bytes(64)
            monkeypatch.setattr(two.identity, "sign", lambda data: other)
            with pytest.raises(RemoteError, match=r"forged|not signed"):
                await one.ask(two.identity.public, coap.FETCH, ["peer"])

    run(main)
