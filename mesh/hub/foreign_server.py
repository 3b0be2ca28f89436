"""What this peer shares with all, for CoAP clients on TCP (RFC 8323). Unsigned GET only."""

import hashlib
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Any

import aiocoap  # type: ignore[import-untyped]
from aiocoap import error as aioerror
from aiocoap import resource

from mesh.core import coap
from mesh.core.errors import LocalError, RemoteError

PORT = 5683
MOST_CLIENTS = 64  # at once; then whoever came first must go
MOST_UNREAD = 1 << 20  # bytes that a client may leave unread before it is cut off
CHUNK = 4096  # bytes that the kernel takes in before they are read; it doubles this
BERT = 7  # the block size that stands for several blocks of 1024 (RFC 8323 s.6)
LOGGER = "mesh.hub.foreign_server.coap"

# (path, query, Accept or None) -> the answer; RemoteError says why there is none
LocalGet = Callable[[list[str], list[str], int | None], coap.Message]


class ForeignServer:
    """Serves local_get() over CoAP on TCP: on `port`, or on any free one if that is taken."""

    def __init__(
        self, local_get: LocalGet, hosts: Sequence[str] | None = None, port: int = PORT
    ) -> None:
        self._site = _Site(local_get)
        self._hosts = list(hosts) if hosts else None
        self._wanted = port
        self._context: Any = None
        self.port = 0

    async def start(self) -> None:
        """Listen. LocalError if that cannot be had."""
        logger = logging.getLogger(LOGGER)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
        self.port = _free_port(self._hosts, self._wanted)
        try:
            self._context = await aiocoap.Context.create_server_context(
                self._site,
                bind=(self._hosts, self.port),
                transports=["tcpserver"],
                loggername=LOGGER,
            )
        except (OSError, aioerror.Error) as error:
            raise LocalError(f"cannot listen on TCP port {self.port}: {error}") from error
        server = self._context.request_interfaces[0].token_interface
        # aiocoap keeps any number of connections; this is where it keeps them.
        server._pool = _Pool()
        # It takes a chunk apart in time that grows with the square of its size: keep chunks small.
        for listener in server.server.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)

    async def stop(self) -> None:
        """Close all connections."""
        if self._context is not None:
            context, self._context = self._context, None
            await context.shutdown()


class _Pool(dict[Any, None]):
    """The open connections, oldest first, at most MOST_CLIENTS; for aiocoap it is a set."""

    def add(self, connection: Any) -> None:  # noqa: ANN401 - aiocoap has no types
        if len(self) >= MOST_CLIENTS:
            oldest = next(iter(self))
            del self[oldest]
            oldest.abort("too many connections")
        self[connection] = None

    def remove(self, connection: Any) -> None:  # noqa: ANN401 - aiocoap has no types
        del self[connection]


class _Site(resource.Resource):  # type: ignore[misc]  # aiocoap has no types
    def __init__(self, local_get: LocalGet) -> None:
        super().__init__()
        self._local_get = local_get

    async def needs_blockwise_assembly(self, request: Any) -> bool:  # noqa: ANN401 - as above
        return False  # aiocoap would keep any number of bodies, for as long as minutes

    async def render(self, request: Any) -> Any:  # noqa: ANN401 - as above
        transport = request.remote._transport
        if transport.get_write_buffer_size() > MOST_UNREAD:
            transport.abort()
        if transport.is_closing():
            raise aioerror.ServiceUnavailable("read the answers first")
        if int(request.code) != coap.GET:
            return _refusal(0x85, "only GET here: what is signed goes over UDP")
        option = request.opt
        accept = None if option.accept is None else int(option.accept)
        try:
            answer = self._local_get(list(option.uri_path), list(option.uri_query), accept)
        except RemoteError as error:
            return _refusal(error.code, error.detail)
        reply = aiocoap.Message(code=aiocoap.Code(answer.code), payload=answer.payload)
        content_format = answer.uint(coap.CONTENT_FORMAT)
        if content_format is not None:
            reply.opt.content_format = content_format
        return _sliced(request, reply)


def _sliced(request: Any, reply: Any) -> Any:  # noqa: ANN401 - aiocoap has no types
    """The block that was asked for, or the first if the reply is too large (RFC 7959, 8323 s.6).

    Each block is cut anew; by the ETag a client sees if the content changed in between.
    """
    body, most, wanted = reply.payload, request.remote.maximum_payload_size, request.opt.block2
    if wanted is None and len(body) <= most:
        return reply
    number, szx = wanted[::2] if wanted else (0, request.remote.maximum_block_size_exp)
    start = number * (16 << min(szx, 6))
    end = start + (most // 1024 * 1024 if szx == BERT else 16 << szx)
    if number and start >= len(body):
        return _refusal(0x80, "there is no such block")
    reply.payload = body[start:end]
    reply.opt.block2 = (number, end < len(body), szx)
    reply.opt.etag = hashlib.sha256(body).digest()[:8]
    return reply


def _refusal(code: int, detail: str) -> Any:  # noqa: ANN401 - aiocoap has no types
    return aiocoap.Message(code=aiocoap.Code(code), payload=detail.encode())


def _free_port(hosts: Sequence[str] | None, wanted: int) -> int:
    """`wanted` if nobody listens there, else a free port. aiocoap would share a port with another
    process.
    """
    for port in (wanted, 0):
        with socket.socket(
            socket.AF_INET6 if hosts and ":" in hosts[0] else socket.AF_INET
        ) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((hosts[0] if hosts else "", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise LocalError("no TCP port is free")
