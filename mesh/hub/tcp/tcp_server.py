"""TCP listener for CoAP (RFC 8323); closes connections when there are too many."""

import asyncio
import errno
import socket
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from mesh.core import codes
from mesh.core.coap.message import Message
from mesh.core.errors import LocalError
from mesh.core.kit import Guard
from mesh.hub.listening import stop_listening
from mesh.hub.tcp.connection import Connection

PORT = 5683
MOST_CLIENTS = 64  # connections; if full, the oldest one of the host with most is closed
MOST_REQUEST = 300_000  # most bytes of an incoming message


class Answering(Protocol):
    """Interface of what answers the requests of connections."""

    def requested(self, connection: Connection, message: Message) -> None:
        """Answer a request, now or later."""

    def gone(self, connection: Connection) -> None:
        """A connection ended."""


class TcpServer:
    """Listens on TCP `port`, or on a free one if it is taken."""

    def __init__(
        self,
        answering: Answering,
        hosts: Sequence[str] | None = None,
        port: int = PORT,
        guard: Guard | None = None,
    ) -> None:
        self._guard = guard or Guard()
        self._answering = answering
        self._hosts = list(hosts) if hosts else None
        self._wanted = port
        self._server: asyncio.Server | None = None
        self._connections: dict[Connection, None] = {}  # the oldest first
        self._over = False
        self.port = 0

    async def start(self) -> None:
        """Begin to listen. LocalError if it is not possible."""
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
        """Close all connections, also those that the event loop is about to make."""
        self._over = True
        if self._server is not None:
            server, self._server = self._server, None
            await stop_listening(server)
            for connection in list(self._connections):
                connection.end()
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
        if self._over:
            connection.end()
        return connection

    def _gone(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        self._answering.gone(connection)

    def _requested(self, connection: Connection, message: Message) -> None:
        if self._guard("tcp request", self._answering.requested, connection, message):
            connection.send(Message(codes.FAULT, b"a fault of this peer", token=message.token))


def _free_port(hosts: Sequence[str] | None) -> int:
    """A port that is free on all hosts."""
    family = socket.AF_INET6 if hosts and ":" in hosts[0] else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.bind((hosts[0] if hosts else "", 0))
        except OSError as error:
            raise LocalError(f"no TCP port is free: {error}") from error
        return int(probe.getsockname()[1])
