"""The endpoint on a real socket, with aiocoap, libcoap and node's coap as servers and clients."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess

import aiocoap
import aiocoap.resource
import needs
import pytest

from mesh.core import coap
from mesh.core.endpoint import Endpoint
from mesh.core.events import Answered, ObserverGone, Requested
from mesh.core.limits import Limits

PATIENCE_S = 40
BIG = "".join(f"{n:06d};" for n in range(430)).encode()  # 3,010 bytes
HOST = "127.0.0.1"

NODE_CLIENT = """
const coap = require('coap');
const [port, method, path, observe, body] = process.argv.slice(2);
const request = coap.request({host: '127.0.0.1', port: +port, method, pathname: path,
                              observe: observe === '1'});
let seen = 0;
const tell = (code, payload) => console.log(JSON.stringify([code, payload.toString()]));
request.on('response', (response) => {
  if (observe !== '1') { tell(response.code, response.payload); process.exit(0); }
  response.on('data', (chunk) => {
    tell(response.code, chunk);
    if (++seen === 4) process.exit(0);
  });
});
request.end(body);
"""

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


class Socket(asyncio.DatagramProtocol):
    """One endpoint on a loopback socket, with a few resources and requests as futures."""

    def __init__(self, trusting):
        self.end = Endpoint(Limits(), os.urandom)
        self.trusting = trusting
        self.loop = asyncio.get_running_loop()
        self.waiting = {}
        self.observers = []
        self.stored = b""
        self.asked = []
        self.count = 0
        self.timer = None
        self.gone = asyncio.Event()

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, trusting=False):
        loop = asyncio.get_running_loop()
        transport, end = await loop.create_datagram_endpoint(
            lambda: cls(trusting), local_addr=(HOST, 0)
        )
        end.transport = transport
        end.port = transport.get_extra_info("sockname")[1]
        try:
            yield end
        finally:
            transport.close()
            if end.timer is not None:
                end.timer.cancel()

    def datagram_received(self, data, source):
        self.end.receive(self.now(), source, data)
        if self.trusting:
            self.end.prove(source)
        self.flush()

    def now(self):
        return int(self.loop.time() * 1000)

    def flush(self):
        while (event := self.end.next_event()) is not None:
            if isinstance(event, Requested):
                self.serve(event)
            elif isinstance(event, ObserverGone):
                self.gone.set()
            else:
                self.waiting[event.number].put_nowait(event)
        while (datagram := self.end.next_send()) is not None:
            self.transport.sendto(datagram[1], datagram[0])
        if self.timer is not None:
            self.timer.cancel()
        at = self.end.wake_at()
        self.timer = at and self.loop.call_at(at / 1000 + 0.001, self.tick)

    def tick(self):
        self.end.tick(self.now())
        self.flush()

    def serve(self, event):
        message = event.message
        path = "/".join(message.path())
        self.asked.append((message.code, path))
        answer = coap.Message(coap.CONTENT, b"hello").add(coap.CONTENT_FORMAT, 0)
        if message.code in (coap.PUT, coap.POST):
            self.stored = message.payload
            answer = coap.Message(coap.CHANGED, message.payload if path == "echo" else b"")
        elif path == "big":
            answer.payload = BIG
        elif path == "store":
            answer.payload = self.stored
        elif path == "fetch":
            answer.payload = message.payload * 1000
        elif path == "count" and self.end.observable(event.ticket):
            answer.add(coap.OBSERVE, 1)
            answer.payload = b"0"
            self.observers.append(event.ticket)
            self.loop.call_later(0.05, self.notify)
        elif path == "slow":
            self.loop.call_later(1, self.late, event.ticket, answer)
            return
        self.end.respond(self.now(), event.ticket, answer)

    def late(self, ticket, answer):
        self.end.respond(self.now(), ticket, answer)
        self.flush()

    def notify(self):
        self.count += 1
        for ticket in self.observers:
            answer = coap.Message(coap.CONTENT, b"%d" % self.count)
            answer.add(coap.OBSERVE, self.count + 1).add(coap.CONTENT_FORMAT, 0)
            if self.end.notify(self.now(), ticket, answer):
                self.loop.call_later(0.05, self.notify)
        self.flush()

    def start(self, port, code, path, payload=b"", **options):
        """Send a request; a queue of its events."""
        message = coap.Message(code, payload)
        message.add(coap.URI_PATH, path)
        for name, value in options.items():
            message.add(getattr(coap, name), value)
        number = self.end.request(self.now(), (HOST, port), message)
        self.waiting[number] = asyncio.Queue()
        self.flush()
        return number, self.waiting[number]

    async def ask(self, port, code, path, payload=b"", **options):
        """Send a request; the message that answers it."""
        _, queue = self.start(port, code, path, payload, **options)
        event = await queue.get()
        assert isinstance(event, Answered), event
        assert not event.more
        return event.message


def run(main):
    """Run a test's coroutine, not for ever."""
    asyncio.run(asyncio.wait_for(main, PATIENCE_S))


async def output(*command, **variables):
    """What a program prints."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, env={**os.environ, **variables}
    )
    try:
        return (await process.communicate())[0]
    finally:
        if process.returncode is None:
            process.kill()


@contextlib.asynccontextmanager
async def started(*command, **variables):
    """A program that goes on until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, env={**os.environ, **variables}
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


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


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


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
            assert stored.code == coap.CREATED, stored.code
            assert (await end.ask(port, coap.GET, "made")).payload == BIG
            small = await end.ask(port, coap.GET, "made", BLOCK2=2)
            assert small.payload == BIG
            assert (await end.ask(port, coap.GET, "none")).code == coap.NOT_FOUND
            number, queue = end.start(port, coap.GET, "time", OBSERVE=0)
            orders = []
            for _ in range(3):
                event = await queue.get()
                assert event.more
                orders.append(event.message.uint(coap.OBSERVE))
            assert orders == sorted(set(orders))
            end.end.cancel(end.now(), number)

    run(main())


# aiocoap


@contextlib.asynccontextmanager
async def aiocoap_client():
    context = await aiocoap.Context.create_client_context()
    try:
        yield context
    finally:
        await context.shutdown()


@pytest.mark.parametrize("trusting", [False, True], ids=["stranger", "proven"])
def test_aiocoap_asks(trusting):
    async def main():
        async with Socket.open(trusting) as end, aiocoap_client() as client:

            async def ask(code, path, payload=b""):
                uri = f"coap://{HOST}:{end.port}/{path}"
                request = aiocoap.Message(code=code, uri=uri, payload=payload)
                return await client.request(request).response

            assert (await ask(aiocoap.GET, "hello")).payload == b"hello"
            assert (await ask(aiocoap.GET, "slow")).payload == b"hello"
            assert (await ask(aiocoap.GET, "big")).payload == BIG
            assert (await ask(aiocoap.PUT, "store", BIG)).code == aiocoap.CHANGED
            assert end.stored == BIG
            assert (await ask(aiocoap.GET, "store")).payload == BIG
            before = len(end.asked)
            assert (await ask(aiocoap.FETCH, "fetch", b"abc")).payload == b"abc" * 1000
            assert len(end.asked) == before + 1
            assert (await ask(aiocoap.POST, "echo", BIG)).payload == BIG

    run(main())


def test_aiocoap_observes():
    async def main():
        async with Socket.open() as end, aiocoap_client() as client:
            uri = f"coap://{HOST}:{end.port}/count"
            request = client.request(aiocoap.Message(code=aiocoap.GET, uri=uri, observe=0))
            heard = [(await request.response).payload]
            async for message in request.observation:
                heard.append(message.payload)
                if len(heard) == 20:
                    break
            assert heard == [b"%d" % n for n in range(20)], heard
            request.observation.cancel()
            await end.gone.wait()
            assert not end.end.observers

    run(main())


class Store(aiocoap.resource.Resource):
    """Keeps what is PUT, gives it back."""

    content = BIG

    async def render_get(self, request):
        return aiocoap.Message(payload=self.content)

    async def render_put(self, request):
        self.content = request.payload
        return aiocoap.Message(code=aiocoap.CHANGED)

    async def render_fetch(self, request):
        return aiocoap.Message(payload=request.payload * 1000)

    async def render_post(self, request):
        return aiocoap.Message(code=aiocoap.CHANGED, payload=request.payload)


class Count(aiocoap.resource.ObservableResource):
    """Counts while it is watched."""

    count = 0

    def update_observation_count(self, newcount):
        if newcount:
            asyncio.get_running_loop().call_later(0.02, self.step)

    def step(self):
        self.count += 1
        self.updated_state()
        if self.count < 9:
            asyncio.get_running_loop().call_later(0.02, self.step)

    async def render_get(self, request):
        return aiocoap.Message(payload=str(self.count).encode() * (600 if self.count > 6 else 1))


def test_aiocoap_answers():
    async def main():
        port = free_port()
        site = aiocoap.resource.Site()
        site.add_resource(["store"], Store())
        site.add_resource(["count"], Count())
        server = await aiocoap.Context.create_server_context(
            site, bind=(HOST, port), transports=["simplesocketserver"]
        )
        try:
            async with Socket.open() as end:
                assert (await end.ask(port, coap.GET, "store")).payload == BIG
                assert (await end.ask(port, coap.PUT, "store", BIG[::-1])).code == coap.CHANGED
                assert (await end.ask(port, coap.GET, "store")).payload == BIG[::-1]
                fetched = await end.ask(port, coap.FETCH, "store", b"abc")
                assert fetched.payload == b"abc" * 1000
                assert (await end.ask(port, coap.POST, "store", BIG)).payload == BIG
                assert (await end.ask(port, coap.GET, "none")).code == coap.NOT_FOUND
                number, queue = end.start(port, coap.GET, "count", OBSERVE=0)
                heard = []
                while b"9" * 600 not in heard:
                    event = await queue.get()
                    assert event.more
                    heard.append(event.message.payload)
                assert len(heard) > 3, heard
                end.end.cancel(end.now(), number)
        finally:
            await server.shutdown()

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
            assert (await end.ask(port, coap.PUT, "store", BIG[::-1])).code == coap.CHANGED
            assert (await end.ask(port, coap.GET, "store")).payload == BIG[::-1]
            number, queue = end.start(port, coap.GET, "count", OBSERVE=0)
            assert [(await queue.get()).message.payload for _ in range(5)] == [
                b"%d" % n for n in range(1, 6)
            ]
            end.end.cancel(end.now(), number)

    run(main())
