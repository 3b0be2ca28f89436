"""A stranger who speaks CoAP over TCP byte by byte, and a server for it."""

import asyncio
import contextlib

from mesh.core import coap
from mesh.core.asks import request_for
from mesh.core.coap import Message
from mesh.core.errors import RemoteError
from mesh.hub.bulk_frames import Frames, frame
from mesh.hub.bulk_signals import (
    BLOCK_WISE,
    CSM,
    MAX_MESSAGE_SIZE,
)
from mesh.hub.foreign_server import ForeignServer

HOST = "127.0.0.1"
HELLO = frame(Message(CSM))
ROOMY = frame(Message(CSM).add(MAX_MESSAGE_SIZE, 10_000).add(BLOCK_WISE, b""))


def signal(code, *options, payload=b"", token=b""):
    """A signalling message with raw options."""
    message = Message(code, payload, token=token)
    message.options = list(options)
    return frame(message)


def asking(path, token=b"t", **options):
    message = request_for(coap.GET, list(path))
    message.token = token
    for name, value in options.items():
        message.add(getattr(coap, name), value)
    return message


class Slow:
    """Answers signed requests when it is told to."""

    def __init__(self):
        self.waiting = []
        self.asked = asyncio.Event()

    def requested(self, connection, message):
        self.waiting.append((connection, Message(coap.CHANGED, token=message.token)))
        self.asked.set()

    def answer(self):
        connection, reply = self.waiting.pop(0)
        connection.send(reply)

    def gone(self, connection):
        pass

    def close(self):
        pass


class Client:
    """The bytes of a stranger: `say` them, `hear` messages one by one."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.frames = Frames(1 << 20)
        self.heard = []
        self.length = 0  # of what came, in bytes

    def say(self, *data):
        self.writer.write(b"".join(frame(d) if isinstance(d, Message) else d for d in data))

    async def hear(self):
        """The next message, or None when it was hung up."""
        while not self.heard:
            data = await self.reader.read(65_536)
            if not data:
                return None
            self.length += len(data)
            self.frames.feed(data)
            self.heard += list(self.frames.messages())
        return self.heard.pop(0)

    async def rest(self):
        """The codes of all that comes until it is hung up."""
        codes = []
        while (message := await self.hear()) is not None:
            codes.append(message.code)
        return codes


BODY = b"0123456789abcdef" * 1000


def answers(path, query, accept):
    if path == ["big"]:
        return Message(coap.CONTENT, BODY)
    if path == ["nothing"]:
        raise RemoteError("nothing is here, and that is what there is to say about it", 0x84)
    return Message(coap.CONTENT, "/".join(path).encode())


def conversation(talk, local_get=answers, signed=None, first=HELLO):
    """Run talk(client, server) against a server on loopback, after the first bytes of both."""

    async def main():
        server = ForeignServer(local_get, [HOST], 0, signed)
        await server.start()
        try:
            async with asyncio.timeout(20):
                reader, writer = await asyncio.open_connection(HOST, server.port)
                client = Client(reader, writer)
                client.say(first)
                hello = await client.hear()
                assert hello.code == CSM
                assert hello.get(MAX_MESSAGE_SIZE)
                assert hello.get(BLOCK_WISE) == b""
                result = await talk(client, server)
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()
                return result
        finally:
            await server.stop()

    return asyncio.run(main())


def ends(data, first=HELLO):
    """The last message that is told when this is said, and then it is hung up."""

    async def talk(client, _):
        client.say(data)
        last = None
        while (message := await client.hear()) is not None:
            last = message
        return last

    return conversation(talk, first=first)
