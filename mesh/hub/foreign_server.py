"""CoAP on TCP (RFC 8323), for everybody: what this peer shares with all by plain GET, and what
peers ask signed, in large pieces.
"""

import asyncio
import errno
import socket
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from mesh.core import coap
from mesh.core.coap import Message
from mesh.core.errors import LocalError, RemoteError
from mesh.core.primitives import Guard
from mesh.hub.bulk_connection import Connection
from mesh.hub.foreign_watching import LocalGet, Watching, Wish, sliced

PORT = 5683
MOST_CLIENTS = 64  # at once; of the host with most of them, the first must go then
MOST_REQUEST = 300_000  # bytes of one message that comes in, at most
COSE = 18
FAULT = 0xA0  # 5.00


class Signed(Protocol):
    """Who answers signed requests."""

    def requested(self, connection: Connection, message: Message) -> None:
        """Answer one, now or later."""

    def failed(self, connection: Connection, message: Message) -> None:
        """Say that a fault of ours keeps it from being answered."""

    def gone(self, connection: Connection) -> None:
        """A connection is no more."""

    def close(self) -> None:
        """Leave what is under way."""


class ForeignServer:
    """Serves local_get() and what is signed, on TCP `port`; on a free one if that is taken."""

    def __init__(
        self,
        local_get: LocalGet,
        hosts: Sequence[str] | None = None,
        port: int = PORT,
        signed: Signed | None = None,
        guard: Guard | None = None,
    ) -> None:
        self._guard = guard or Guard()
        self._local_get = local_get
        self._hosts = list(hosts) if hosts else None
        self._wanted = port
        self._signed = signed
        self._server: asyncio.Server | None = None
        self._connections: dict[Connection, None] = {}  # oldest first
        self._watching = Watching(local_get)
        self.port = 0

    async def start(self) -> None:
        """Listen. LocalError if that cannot be had."""
        loop = asyncio.get_running_loop()
        for attempt in (self._wanted, 0, 0, 0):
            self.port = attempt or _free_port(self._hosts)
            try:
                self._server = await loop.create_server(self._accept, self._hosts, self.port)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    continue
                raise LocalError(f"cannot listen on TCP port {self.port}: {error}") from error
            return
        raise LocalError("no TCP port is free")

    async def stop(self) -> None:
        """Close all connections."""
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            for connection in list(self._connections):
                connection.end()
            if self._signed is not None:
                self._signed.close()
            await server.wait_closed()

    def _accept(self) -> Connection:
        while len(self._connections) >= MOST_CLIENTS:
            hosts = Counter(one.source[0] for one in self._connections)
            most = max(hosts.values())
            victim = next(c for c in self._connections if hosts[c.source[0]] == most)
            del self._connections[victim]
            victim.abort("too many connections")
        connection = Connection(self._requested, self._gone, MOST_REQUEST)
        self._connections[connection] = None
        return connection

    def changed(self, path: list[str]) -> None:
        """Tell those who observe what is at a path that it is another now."""
        self._watching.changed(path)

    def _gone(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        self._watching.gone(connection)
        if self._signed is not None:
            self._signed.gone(connection)

    def _requested(self, connection: Connection, message: Message) -> None:
        if not self._guard("tcp request", self._answer, connection, message):
            return
        is_signed = self._signed is not None and message.uint(coap.CONTENT_FORMAT) == COSE
        failed = self._signed.failed if self._signed is not None and is_signed else self._failed
        if self._guard("tcp refusal", failed, connection, message):
            self._failed(connection, message)

    @staticmethod
    def _failed(connection: Connection, message: Message) -> None:
        connection.send(Message(FAULT, b"a fault of this peer", token=message.token))

    def _answer(self, connection: Connection, message: Message) -> None:
        reply = self._refused(message)
        if reply is None:
            if self._signed is not None and message.uint(coap.CONTENT_FORMAT) == COSE:
                self._signed.requested(connection, message)
                return
            reply = self._reply(connection, message)
        reply.token = message.token
        connection.send(reply)

    def _refused(self, message: Message) -> Message | None:
        """What is the same for all requests: options that are not known, and proxying."""
        critical = coap.sift(message)
        if critical is not None:
            return _refusal(coap.BAD_OPTION, f"option {critical} is not known here")
        if (message.uint(coap.BLOCK1) or 0) & ~7:  # messages are as long as need be: none in parts
            return _refusal(coap.BAD_OPTION, f"option {coap.BLOCK1}: send it in one message")
        if message.get(coap.PROXY_URI) is not None or message.get(coap.PROXY_SCHEME) is not None:
            return _refusal(coap.NO_PROXY, "this is no proxy")
        return None

    def _reply(self, connection: Connection, message: Message) -> Message:
        self._watching.end(connection, message.token)  # who asks anew, or no more
        if message.code != coap.GET:
            return _refusal(coap.NOT_ALLOWED, "only GET, or what is signed")
        try:
            wish = Wish(message.path(), message.query(), message.uint(coap.ACCEPT))
            answer = self._local_get(*wish)
        except RemoteError as error:
            return _refusal(error.code, error.detail)
        if message.uint(coap.OBSERVE) == 0 and not (message.uint(coap.BLOCK2) or 0) >> 4:
            self._watching.begin(connection, message.token, wish, answer)
        return sliced(connection.can, message.uint(coap.BLOCK2), answer)


def _refusal(code: int, detail: str) -> Message:
    return Message(code, detail.encode())


def _free_port(hosts: Sequence[str] | None) -> int:
    """One that nobody listens on, for all hosts together."""
    family = socket.AF_INET6 if hosts and ":" in hosts[0] else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.bind((hosts[0] if hosts else "", 0))
        except OSError as error:
            raise LocalError(f"no TCP port is free: {error}") from error
        return int(probe.getsockname()[1])
