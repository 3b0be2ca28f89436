"""The endpoint on a real socket, with libcoap and node's coap as servers and as clients."""

import json

import needs
import pytest
from loopback import BIG, HOST, Socket, free_port, output, run, started
from node_client import NODE_CLIENT

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.events import Answered

NODE_SERVER = """
const coap = require('coap');
let stored = '';
const big = process.argv[2];
const server = coap.createServer((request, response) => {
  if (request.method === 'PUT') { stored = request.payload.toString(); response.code = '2.04'; }
  if (request.url === '/count' && request.headers['Observe'] === 0) {
    let n = 0;
    const timer = setInterval(() => response.write(String(++n)), 50);
    response.on('finish', () => clearInterval(timer));
    return;
  }
  response.end({'/big': big, '/store': stored}[request.url] || 'hello');
});
server.listen(0, '127.0.0.1', () => console.log(server._sock.address().port));
"""


# libcoap


@pytest.mark.parametrize("trusting", [False, True], ids=["stranger", "proven"])
def test_libcoap_asks(coap_client, trusting):
    async def main():
        async with Socket.open(trusting) as end:
            base = f"coap://{HOST}:{end.port}"

            async def client(*arguments):
                return (await output(coap_client, "-B", "9", *arguments)).rstrip(b"\n")

            assert await client("-m", "get", f"{base}/hello") == b"hello"
            assert await client("-m", "get", "-N", f"{base}/hello") == b"hello"
            assert await client("-m", "get", f"{base}/slow") == b"hello"
            before = len(end.asked)
            assert await client("-m", "get", f"{base}/big") == BIG
            assert len(end.asked) == before + 1, "later blocks come from the body kept"
            assert await client("-m", "get", "-b", "64", f"{base}/big") == BIG
            await client("-m", "put", "-e", BIG.decode(), f"{base}/store")
            assert end.stored == BIG
            await client("-m", "put", "-b", "128", "-e", BIG.decode()[::-1], f"{base}/store")
            assert end.stored == BIG[::-1]
            assert await client("-m", "get", f"{base}/store") == BIG[::-1]
            before = len(end.asked)
            assert await client("-m", "fetch", "-e", "abc", f"{base}/fetch") == b"abc" * 1000
            assert len(end.asked) == before + 1, "a FETCH repeated is one question"
            echoed = await client("-m", "post", "-e", BIG.decode(), f"{base}/echo")
            assert echoed == BIG, "a body each way"

    run(main())


def test_libcoap_asks_with_losses(coap_client):
    async def main():
        async with Socket.open(True) as end:
            uri = f"coap://{HOST}:{end.port}/big"
            assert (await output(coap_client, "-l", "2,4", "-m", "get", uri)).rstrip() == BIG
            assert len([path for _, path in end.asked if path == "big"]) == 1

    run(main())


def test_libcoap_observes(coap_client):
    async def main():
        async with Socket.open() as end:
            uri = f"coap://{HOST}:{end.port}/count"
            heard = await output(coap_client, "-w", "-s", "1", "-m", "get", uri)
            lines = heard.decode().split()
            assert lines[:5] == ["0", "1", "2", "3", "4"], heard
            await end.gone.wait()
            assert not end.end.observers

    run(main())


def test_libcoap_answers(coap_client):
    server = needs.program("coap-server-notls", "coap-server")
    if server is None:
        needs.missing("no coap-server (libcoap3-bin)")

    async def main():
        port = free_port()
        async with started(server, "-A", HOST, "-p", str(port), "-d", "9"), Socket.open() as end:
            while True:  # it says nowhere that it listens
                _, queue = end.start(port, coap.GET, "time")
                if isinstance(await queue.get(), Answered):
                    break
            stored = await end.ask(port, coap.PUT, "made", BIG)
            assert stored.code == codes.CREATED, stored.code
            assert (await end.ask(port, coap.GET, "made")).payload == BIG
            small = await end.ask(port, coap.GET, "made", BLOCK2=2)
            assert small.payload == BIG
            assert (await end.ask(port, coap.GET, "none")).code == codes.NOT_FOUND
            number, queue = end.start(port, coap.GET, "time", OBSERVE=0)
            orders = []
            for _ in range(3):
                event = await queue.get()
                assert event.more
                orders.append(event.message.uint(coap.OBSERVE))
            assert orders == sorted(set(orders))
            end.end.cancel(end.now(), number)

    run(main())


# node's coap


async def node_asks(folder, port, *arguments):
    paths = str(folder / "node_modules")
    said = await output("node", "-e", NODE_CLIENT, "-", str(port), *arguments, NODE_PATH=paths)
    return [json.loads(line) for line in said.splitlines()]


@pytest.mark.parametrize("trusting", [False, True], ids=["stranger", "proven"])
def test_node_asks(node_coap, trusting):
    async def main():
        async with Socket.open(trusting) as end:
            big = BIG.decode()
            assert await node_asks(node_coap, end.port, "GET", "/hello", "0") == [
                ["2.05", "hello"]
            ]
            assert await node_asks(node_coap, end.port, "GET", "/big", "0") == [["2.05", big]]
            assert await node_asks(node_coap, end.port, "PUT", "/store", "0", "x") == [
                ["2.04", ""]
            ]
            assert end.stored == b"x"
            assert await node_asks(node_coap, end.port, "GET", "/count", "1") == [
                ["2.05", str(n)] for n in range(4)
            ]

    run(main())


def test_node_answers(node_coap):
    async def main():
        paths = str(node_coap / "node_modules")
        async with (
            started("node", "-e", NODE_SERVER, "-", BIG.decode(), NODE_PATH=paths) as server,
            Socket.open() as end,
        ):
            port = int(await server.stdout.readline())
            assert (await end.ask(port, coap.GET, "hello")).payload == b"hello"
            assert (await end.ask(port, coap.GET, "big")).payload == BIG
            assert (await end.ask(port, coap.PUT, "store", BIG[::-1])).code == codes.CHANGED
            assert (await end.ask(port, coap.GET, "store")).payload == BIG[::-1]
            number, queue = end.start(port, coap.GET, "count", OBSERVE=0)
            assert [(await queue.get()).message.payload for _ in range(5)] == [
                b"%d" % n for n in range(1, 6)
            ]
            end.end.cancel(end.now(), number)

    run(main())
