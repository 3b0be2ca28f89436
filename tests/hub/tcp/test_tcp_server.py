"""Our door for CoAP on TCP, on loopback; who comes through it is aiocoap."""

import asyncio
import contextlib
import socket

import aiocoap
import pytest
from tcp_client import answering
from tcp_peers import serving

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.errors import RemoteError
from mesh.hub.foreign import coap_client
from mesh.hub.tcp import connection, tcp_server
from mesh.hub.tcp.tcp_server import TcpServer

HOST = "127.0.0.1"


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def answers(path, query, accept):
    """As a node would answer."""
    if path == ["busy"]:
        raise RemoteError("come back later", 0xA3)
    if path == ["big"]:
        return coap.Message(codes.CONTENT, b"y" * 100_000)
    text = "|".join([*path, *query, str(accept)])
    return coap.Message(codes.CONTENT, text.encode()).add(coap.CONTENT_FORMAT, 40)


@contextlib.asynccontextmanager
async def door(local_get=answers):
    server = TcpServer(answering(local_get)[0], [HOST], free_port(socket.SOCK_STREAM))
    await server.start()
    try:
        yield f"coap+tcp://{HOST}:{server.port}"
    finally:
        await server.stop()


def test_our_door_on_tcp():
    async def main():
        async with door() as base:
            reply = await coap_client.get(f"{base}/.well-known/core?rt=a&x", accept=40)
            assert reply == (0x45, 40, b".well-known|core|rt=a|x|40")
            assert await coap_client.get(f"{base}/") == (0x45, 40, b"None")
            assert (await coap_client.get(f"{base}/big")).payload == b"y" * 100_000
            assert await coap_client.get(f"{base}/busy") == (0xA3, None, b"come back later")

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


def test_only_get_without_a_signature(tmp_path):
    done = []

    async def main():
        async with serving(tmp_path / "a") as (peer, source):
            peer.node.add_actuator("lamp", done.append, None)
            base = "coap+tcp://{}:{}".format(*source.address)
            context = await aiocoap.Context.create_client_context(transports=["tcpclient"])
            got = []
            for code in (aiocoap.PUT, aiocoap.POST, aiocoap.FETCH, aiocoap.DELETE):
                uri = f"{base}/actuators/lamp"
                request = aiocoap.Message(code=code, uri=uri, payload=b"1")
                got.append(int((await context.request(request).response).code))
            assert got == [codes.UNAUTHORIZED, codes.NOT_ALLOWED] * 2, "POST is not there"
            await context.shutdown()

    asyncio.run(main())
    assert not done


def test_a_taken_port_is_not_shared():
    async def main():
        async with door() as base:
            taken = int(base.rpartition(":")[2])
            second = TcpServer(answering()[0], [HOST], taken)
            await second.start()
            assert second.port != taken
            await second.stop()

    asyncio.run(main())


def test_connections_are_capped(monkeypatch):
    monkeypatch.setattr(tcp_server, "MOST_CLIENTS", 3)

    async def main():
        async with door() as base, asyncio.timeout(10):
            port = int(base.rpartition(":")[2])
            clients = [await asyncio.open_connection(HOST, port) for _ in range(6)]
            for reader, _ in clients[:3]:
                await reader.read()  # ends: it was hung up on
            assert (await coap_client.get(f"{base}/x")).code == 0x45
            for _, writer in clients:
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()

    asyncio.run(main())


@pytest.mark.parametrize("turns", range(8))
def test_who_comes_while_it_stops_is_hung_up_on(turns):
    """Wherever the event loop is between the accepted socket and the connection."""

    async def main():
        async with asyncio.timeout(10):
            server = TcpServer(answering()[0], [HOST], free_port(socket.SOCK_STREAM))
            await server.start()
            with socket.create_connection((HOST, server.port)) as client:
                for _ in range(turns):
                    await asyncio.sleep(0)
                await server.stop()
                client.settimeout(5)
                with contextlib.suppress(ConnectionError):
                    while await asyncio.to_thread(client.recv, 4096):
                        pass

    asyncio.run(main())


def test_who_does_not_read_is_cut_off(monkeypatch):
    monkeypatch.setattr(connection, "MOST_UNREAD", 50_000)

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
            assert (await coap_client.get(f"{base}/x")).code == 0x45

    asyncio.run(main())
