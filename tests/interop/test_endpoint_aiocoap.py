"""The endpoint on a real socket, with aiocoap as server and as client."""

import asyncio
import contextlib

import aiocoap
import aiocoap.resource
import pytest
from loopback import BIG, HOST, Socket, free_port, run

from mesh.core import codes
from mesh.core.coap import message as coap


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
                assert (await end.ask(port, coap.PUT, "store", BIG[::-1])).code == codes.CHANGED
                assert (await end.ask(port, coap.GET, "store")).payload == BIG[::-1]
                fetched = await end.ask(port, coap.FETCH, "store", b"abc")
                assert fetched.payload == b"abc" * 1000
                assert (await end.ask(port, coap.POST, "store", BIG)).payload == BIG
                assert (await end.ask(port, coap.GET, "none")).code == codes.NOT_FOUND
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
