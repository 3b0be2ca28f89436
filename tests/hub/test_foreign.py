"""The door to the rest of CoAP, through real sockets on loopback; the stranger is aiocoap."""

import asyncio
import contextlib
import socket

import aiocoap
import pytest
from aiocoap import resource

from mesh.core import coap
from mesh.core.errors import LocalError, RemoteError
from mesh.hub import foreign, foreign_server
from mesh.hub.errors import NoAnswer
from mesh.hub.foreign_server import ForeignServer

HOST = "127.0.0.1"


class Ticker(resource.ObservableResource):
    """Says 1, and 2 when told to."""

    def __init__(self):
        super().__init__()
        self.count = 1

    def tick(self):
        self.count += 1
        self.updated_state()

    async def render_get(self, request):
        return aiocoap.Message(payload=b"%d" % self.count, content_format=0)


class Echo(resource.Resource):
    async def render_get(self, request):
        return aiocoap.Message(payload=b"x" * 3000, content_format=request.opt.accept or 0)


class Silent(resource.Resource):
    async def render_get(self, request):
        await asyncio.sleep(60)


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@contextlib.asynccontextmanager
async def stranger(transport):
    """An aiocoap server, and the beginning of its addresses."""
    site = resource.Site()
    site.ticker = Ticker()
    site.add_resource(["ticker"], site.ticker)
    site.add_resource(["big"], Echo())
    site.add_resource(["silent"], Silent())
    port = free_port(socket.SOCK_DGRAM if transport == "udp6" else socket.SOCK_STREAM)
    scheme = {"udp6": "coap", "tcpserver": "coap+tcp", "ws": "coap+ws"}[transport]
    # aiocoap binds WebSockets 3000 above the port that it is given
    bind = (
        "::ffff:127.0.0.1" if transport == "udp6" else HOST,
        port - (3000 if transport == "ws" else 0),
    )
    context = await aiocoap.Context.create_server_context(site, bind=bind, transports=[transport])
    try:
        yield site, f"{scheme}://{HOST}:{port}"
    finally:
        await context.shutdown()


every_transport = pytest.mark.parametrize("transport", ["udp6", "tcpserver", "ws"])


@every_transport
def test_get(transport):
    async def main():
        async with stranger(transport) as (_, base):
            assert await foreign.get(f"{base}/ticker") == (0x45, 0, b"1")

    asyncio.run(main())


@every_transport
def test_accept_and_a_body_of_several_blocks(transport):
    async def main():
        async with stranger(transport) as (_, base):
            assert await foreign.get(f"{base}/big", accept=112) == (0x45, 112, b"x" * 3000)

    asyncio.run(main())


@every_transport
def test_a_refusal_is_a_reply(transport):
    async def main():
        async with stranger(transport) as (_, base):
            assert (await foreign.get(f"{base}/nothing")).code == 0x84

    asyncio.run(main())


@every_transport
def test_observe(transport):
    async def main():
        async with (
            stranger(transport) as (site, base),
            contextlib.aclosing(foreign.observe(f"{base}/ticker")) as replies,
            asyncio.timeout(10),
        ):
            assert (await anext(replies)).payload == b"1"
            site.ticker.tick()
            assert (await anext(replies)).payload == b"2"

    asyncio.run(main())


def test_what_cannot_be_observed_replies_once():
    async def main():
        async with stranger("udp6") as (_, base), asyncio.timeout(10):
            assert [reply.code async for reply in foreign.observe(f"{base}/big")] == [0x45]

    asyncio.run(main())


@every_transport
def test_silence_ends_in_time(transport):
    async def main():
        async with stranger(transport) as (_, base):
            with pytest.raises(NoAnswer):
                await foreign.get(f"{base}/silent", time_limit_s=0.2)

    asyncio.run(main())


@pytest.mark.parametrize("scheme", ["coap", "coap+tcp", "coap+ws"])
def test_a_closed_port_refuses(scheme):
    async def main():
        port = free_port(socket.SOCK_DGRAM if scheme == "coap" else socket.SOCK_STREAM)
        with pytest.raises(RemoteError, match="nobody listens there"):
            await foreign.get(f"{scheme}://{HOST}:{port}/x", time_limit_s=5)

    asyncio.run(main())


@pytest.mark.parametrize("scheme", ["coap", "coap+tcp", "coap+ws"])
def test_a_name_that_is_none(scheme):
    async def main():
        with pytest.raises(RemoteError, match="no such host"):
            await foreign.get(f"{scheme}://nobody.invalid/x", time_limit_s=10)

    asyncio.run(main())


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "x",
        "http://127.0.0.1/",
        "coap:/x",
        "coap://",
        "coap://[::1/x",
        "coap://h:port/",
        "coap://127.0.0.1/#f",
    ],
)
def test_what_is_no_address(uri):
    with pytest.raises(LocalError, match="no CoAP address"):
        asyncio.run(foreign.get(uri))


def test_a_server_that_speaks_no_coap():
    async def main():
        async def talk(reader, writer):
            writer.write(b"220 smtp ready\r\n" * 100)
            await reader.read()
            writer.close()

        server = await asyncio.start_server(talk, HOST, 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            for scheme in ("coap+tcp", "coap+ws"):
                with pytest.raises(RemoteError):
                    await foreign.get(f"{scheme}://{HOST}:{port}/x", time_limit_s=1)

    asyncio.run(main())


def answers(path, query, accept):
    """As a node would answer."""
    if path == ["busy"]:
        raise RemoteError("come back later", 0xA3)
    if path == ["big"]:
        return coap.Message(coap.CONTENT, b"y" * 100_000)
    text = "|".join([*path, *query, str(accept)])
    return coap.Message(coap.CONTENT, text.encode()).add(coap.CONTENT_FORMAT, 40)


@contextlib.asynccontextmanager
async def door(local_get=answers):
    server = ForeignServer(local_get, [HOST], free_port(socket.SOCK_STREAM))
    await server.start()
    try:
        yield f"coap+tcp://{HOST}:{server.port}"
    finally:
        await server.stop()


def test_our_door_on_tcp():
    async def main():
        async with door() as base:
            reply = await foreign.get(f"{base}/.well-known/core?rt=a&x", accept=40)
            assert reply == (0x45, 40, b".well-known|core|rt=a|x|40")
            assert await foreign.get(f"{base}/") == (0x45, 40, b"None")
            assert (await foreign.get(f"{base}/big")).payload == b"y" * 100_000
            assert await foreign.get(f"{base}/busy") == (0xA3, None, b"come back later")

    asyncio.run(main())


@pytest.mark.parametrize("size_exponent", [2, 6])
def test_our_door_cuts_blocks(size_exponent):
    async def main():
        async with door() as base:
            context = await aiocoap.Context.create_client_context(transports=["tcpclient"])
            request = aiocoap.Message(code=aiocoap.GET, uri=f"{base}/big")
            request.opt.block2 = (0, False, size_exponent)
            assert (await context.request(request).response).payload == b"y" * 100_000
            request = aiocoap.Message(code=aiocoap.GET, uri=f"{base}/big")
            request.opt.block2 = (90_000, False, size_exponent)
            last = await context.request(request, handle_blockwise=False).response
            assert int(last.code) == 0x80
            await context.shutdown()

    asyncio.run(main())


def test_only_get_through_our_door():
    async def main():
        async with door() as base:
            context = await aiocoap.Context.create_client_context(transports=["tcpclient"])
            request = aiocoap.Message(code=aiocoap.PUT, uri=f"{base}/actuators/lamp", payload=b"1")
            assert int((await context.request(request).response).code) == 0x85
            await context.shutdown()

    asyncio.run(main())


def test_a_taken_port_is_not_shared():
    async def main():
        async with door() as base:
            taken = int(base.rpartition(":")[2])
            second = ForeignServer(answers, [HOST], taken)
            await second.start()
            assert second.port != taken
            await second.stop()

    asyncio.run(main())


def test_connections_are_capped(monkeypatch):
    monkeypatch.setattr(foreign_server, "MOST_CLIENTS", 3)

    async def main():
        async with door() as base, asyncio.timeout(10):
            port = int(base.rpartition(":")[2])
            clients = [await asyncio.open_connection(HOST, port) for _ in range(6)]
            for reader, _ in clients[:3]:
                await reader.read()  # ends: it was hung up on
            assert (await foreign.get(f"{base}/x")).code == 0x45
            for _, writer in clients:
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()

    asyncio.run(main())


def test_who_does_not_read_is_cut_off(monkeypatch):
    monkeypatch.setattr(foreign_server, "MOST_UNREAD", 50_000)

    async def main():
        async with door() as base, asyncio.timeout(20):
            port = int(base.rpartition(":")[2])
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, (HOST, port))
            _, writer = await asyncio.open_connection(sock=sock, limit=1024)
            writer.write(b"\x00\xe1")  # CSM, no options
            with contextlib.suppress(ConnectionError):
                for number in range(100_000):
                    token = number.to_bytes(3, "big")
                    writer.write(b"\x43\x01" + token + b"\xb3big")  # GET /big
                    await writer.drain()
                    await asyncio.sleep(0)
                pytest.fail("it was never cut off")
            writer.close()
            assert (await foreign.get(f"{base}/x")).code == 0x45

    asyncio.run(main())
