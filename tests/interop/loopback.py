"""One endpoint on a real loopback socket, and programs of others beside it."""

import asyncio
import contextlib
import os
import socket
import subprocess

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.endpoint import Endpoint
from mesh.core.events import Answered, ObserverGone, Requested
from mesh.core.limits import Limits

PATIENCE_S = 40
BIG = "".join(f"{n:06d};" for n in range(430)).encode()  # 3,010 bytes
HOST = "127.0.0.1"


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
        answer = coap.Message(codes.CONTENT, b"hello").add(coap.CONTENT_FORMAT, 0)
        if message.code in (coap.PUT, coap.POST):
            self.stored = message.payload
            answer = coap.Message(codes.CHANGED, message.payload if path == "echo" else b"")
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
            answer = coap.Message(codes.CONTENT, b"%d" % self.count)
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


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]
