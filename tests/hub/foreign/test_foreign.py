"""The door to the rest of CoAP, through real sockets on loopback; the stranger is aiocoap."""

import asyncio
import contextlib
import socket

import aiocoap
import pytest
from aiocoap import resource

from mesh.core.errors import LocalError, RemoteError
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.foreign import coap_client

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
            assert await coap_client.get(f"{base}/ticker") == (0x45, 0, b"1")

    asyncio.run(main())


@every_transport
def test_accept_and_a_body_of_several_blocks(transport):
    async def main():
        async with stranger(transport) as (_, base):
            assert await coap_client.get(f"{base}/big", accept=112) == (0x45, 112, b"x" * 3000)

    asyncio.run(main())


@every_transport
def test_a_refusal_is_a_reply(transport):
    async def main():
        async with stranger(transport) as (_, base):
            assert (await coap_client.get(f"{base}/nothing")).code == 0x84

    asyncio.run(main())


@every_transport
def test_observe(transport):
    async def main():
        async with (
            stranger(transport) as (site, base),
            contextlib.aclosing(coap_client.observe(f"{base}/ticker")) as replies,
            asyncio.timeout(10),
        ):
            assert (await anext(replies)).payload == b"1"
            site.ticker.tick()
            assert (await anext(replies)).payload == b"2"

    asyncio.run(main())


def test_what_cannot_be_observed_replies_once():
    async def main():
        async with stranger("udp6") as (_, base), asyncio.timeout(10):
            assert [reply.code async for reply in coap_client.observe(f"{base}/big")] == [0x45]

    asyncio.run(main())


@every_transport
def test_silence_ends_in_time(transport):
    async def main():
        async with stranger(transport) as (_, base):
            with pytest.raises(Unanswered):
                await coap_client.get(f"{base}/silent", time_limit_s=0.2)

    asyncio.run(main())


@pytest.mark.parametrize("scheme", ["coap", "coap+tcp", "coap+ws"])
def test_a_closed_port_refuses(scheme):
    async def main():
        port = free_port(socket.SOCK_DGRAM if scheme == "coap" else socket.SOCK_STREAM)
        with pytest.raises(RemoteError, match="nobody listens there"):
            await coap_client.get(f"{scheme}://{HOST}:{port}/x", time_limit_s=5)

    asyncio.run(main())


@pytest.mark.parametrize("scheme", ["coap", "coap+tcp", "coap+ws"])
def test_a_name_that_is_none(scheme):
    async def main():
        with pytest.raises(RemoteError, match="no such host"):
            await coap_client.get(f"{scheme}://nobody.invalid/x", time_limit_s=10)

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
        asyncio.run(coap_client.get(uri))


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
                    await coap_client.get(f"{scheme}://{HOST}:{port}/x", time_limit_s=1)

    asyncio.run(main())
