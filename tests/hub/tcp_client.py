"""A stranger who speaks CoAP over TCP byte by byte, and a server for it."""

import asyncio
import contextlib

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.endpoint import COSE
from mesh.core.coap.message import Message
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import ObserverGone
from mesh.core.limits import Limits
from mesh.core.security.signed_client import request_for
from mesh.hub.desktop_limits import DESKTOP
from mesh.hub.fairness import Fairness
from mesh.hub.tcp.frames import Frames, frame
from mesh.hub.tcp.signals import BLOCK_WISE, CSM, MAX_MESSAGE_SIZE
from mesh.hub.tcp.tcp_requests import TcpRequests
from mesh.hub.tcp.tcp_server import TcpServer
from mesh.hub.transports import Transports

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


class Node:
    """Answers what transports take in by local_get(path, query, Accept), a Message or RemoteError;
    what is signed when it is told to.
    """

    def __init__(self, local_get):
        self.limits = Limits(**DESKTOP)
        self.endpoint = Transports(self.limits, bytes)
        self.local_get = local_get
        self.slow = []  # calls that wait for slowly()
        self.asked = asyncio.Event()
        self.watched = {}

    def call(self, now_ms, call, message):
        self.endpoint.came(now_ms, call, message)
        self._work()

    def lost(self, now_ms, calls):
        for call in calls:
            self.endpoint.lost(call)
        self._work()

    def slowly(self):
        """Answer what is signed and waits for it."""
        self.endpoint.respond(0, self.slow.pop(0), Message(codes.CHANGED))

    def changed(self, path):
        """Tell those who observe what is at a path."""
        for call, message in list(self.watched.items()):
            if message.path() == path:
                answer = self._answer(message)
                if answer.code < codes.BAD_REQUEST:
                    answer.add(coap.OBSERVE, self.endpoint.order())
                if not self.endpoint.notify(0, call, answer) or call.observe is None:
                    del self.watched[call]

    def _work(self):
        while (event := self.endpoint.next_event()) is not None:
            if isinstance(event, ObserverGone):
                self.watched.pop(event.ticket, None)
            elif event.message.uint(coap.CONTENT_FORMAT) == COSE:
                self.slow.append(event.ticket)
                self.asked.set()
            else:
                self._requested(event.ticket, event.message)

    def _requested(self, call, message):
        answer = self._answer(message)
        path = message.path()
        if path[:1] == ["sensors"] and len(path) == 2 and self.endpoint.observable(call):
            answer.add(coap.OBSERVE, self.endpoint.order())
            self.watched[call] = message
        self.endpoint.respond(0, call, answer)

    def _answer(self, message):
        try:
            return self.local_get(message.path(), message.query(), message.uint(coap.ACCEPT))
        except RemoteError as error:
            return Message(error.code, error.detail.encode())


class Driver:
    """The time of a Node, and what its users cost."""

    def __init__(self):
        self.fair = Fairness()

    def now(self):
        return 0

    def settle(self):
        pass

    def charged(self, user, work, *given):
        work(*given)


def answering(local_get=None):
    """What a TcpServer hands requests to, and the node that answers them."""
    node = Node(local_get or answers)
    return TcpRequests(node, Driver()), node


async def answer_to(connection, message, limit_s=5):
    """What is answered to a request of ours; RemoteError if it is none."""
    came = asyncio.get_running_loop().create_future()

    def heard(answer):
        if isinstance(answer, RemoteError):
            came.set_exception(answer)
        else:
            came.set_result(answer)

    try:
        token = connection.request(message, heard)
    except LocalError as error:
        raise RemoteError(error.detail) from error
    async with asyncio.timeout(limit_s):
        answer = await came
    connection.leave(token)
    return answer


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
        got = []
        while (message := await self.hear()) is not None:
            got.append(message.code)
        return got


BODY = b"0123456789abcdef" * 1000


def answers(path, query, accept):
    if path == ["big"]:
        return Message(codes.CONTENT, BODY)
    if path == ["nothing"]:
        raise RemoteError("nothing is here, and that is what there is to say about it", 0x84)
    return Message(codes.CONTENT, "/".join(path).encode())


def conversation(talk, local_get=answers, first=HELLO):
    """Run talk(client, node) against a server on loopback, after the first bytes of both."""

    async def main():
        requests, node = answering(local_get)
        server = TcpServer(requests, [HOST], 0)
        await server.start()
        node.port = server.port
        try:
            async with asyncio.timeout(20):
                reader, writer = await asyncio.open_connection(HOST, server.port)
                client = Client(reader, writer)
                client.say(first)
                hello = await client.hear()
                assert hello.code == CSM
                assert hello.uint(MAX_MESSAGE_SIZE) == 300_000  # docs/protocol.md s.3
                assert hello.get(BLOCK_WISE) == b""
                result = await talk(client, node)
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
