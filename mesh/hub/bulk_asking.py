"""Asking one peer over TCP: signed questions out, opened answers in."""

import contextlib
from asyncio import get_running_loop, timeout
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from mesh.core import coap
from mesh.core.asks import MOST_ECHOES, request_for
from mesh.core.coap import Message
from mesh.core.errors import RemoteError
from mesh.core.message import open_response, seal_request
from mesh.core.primitives import Identity, Kit
from mesh.core.represent import CBOR
from mesh.hub import bulk_check
from mesh.hub.bulk_connection import Connection
from mesh.hub.bulk_runs import LARGE, OVERHEAD
from mesh.hub.interfaces import Address

COSE = 18
CONNECT_S = 5.0
ANSWER_S = 20.0


class Source(NamedTuple):
    """A peer, and where it listens."""

    peer: bytes
    address: Address


class Answered(NamedTuple):
    """An answer, not yet opened, and the digest of the question to which it is bound."""

    digest: bytes
    message: Message


class Way:
    """A connection to a peer, and what can be asked there. RemoteError when that fails."""

    def __init__(self, kit: Kit, identity: Identity, peer: bytes, connection: Connection) -> None:
        self._kit = kit
        self._identity = identity
        self._peer = peer
        self._connection = connection

    async def fetch(self, body: bytes, query: Sequence[str]) -> Answered:
        """Put a signed FETCH /feeds, with a body in CBOR if any."""
        message = request_for(coap.FETCH, ["feeds"], list(query))
        return await self._ask(message, body)

    async def offer(self, runs: list[list[Any]]) -> dict[bytes, int]:
        """Give runs, and return what is then held there: {author: last seq}, kept for good."""
        message = request_for(coap.POST, ["feeds"])
        body = bulk_check.packed_all(runs)
        for _ in range(1 + MOST_ECHOES):
            answer = await self._ask(message, body)
            echo = answer.message.get(coap.ECHO)
            if answer.message.code != coap.UNAUTHORIZED or echo is None:
                break
            self.opened(answer, coap.UNAUTHORIZED)
            message = request_for(coap.POST, ["feeds"]).add(coap.ECHO, echo)
        held = self._kit.decode(self.opened(answer, coap.CHANGED))
        if not isinstance(held, dict):
            raise RemoteError("not a map of what is held")
        return held

    async def _ask(self, message: Message, body: bytes) -> Answered:
        content_format = CBOR if body else None
        digest = seal_request(self._kit, self._identity, self._peer, message, content_format, body)
        return Answered(digest, await self._connection.ask(message, ANSWER_S))

    def opened(self, answer: Answered, code: int = coap.CONTENT) -> bytes:
        """The payload of an answer that the peer signed, with that code; in any thread."""
        message = answer.message
        if message.uint(coap.CONTENT_FORMAT) != COSE:
            reason = message.payload[:80].decode(errors="replace")
            raise RemoteError(f"refused without a signature: {reason}")
        own_id = self._identity.public
        _, payload = open_response(self._kit, self._peer, own_id, answer.digest, message)
        if message.code != code:
            raise RemoteError(f"refused: {coap.code_text(message.code)}")
        return payload


@contextlib.asynccontextmanager
async def connected(kit: Kit, identity: Identity, source: Source) -> AsyncIterator[Way]:
    """A way to a peer. OSError, TimeoutError."""
    host, port = source.address
    async with timeout(CONNECT_S):
        _, connection = await get_running_loop().create_connection(
            lambda: Connection(_refuse, lambda _: None, LARGE + OVERHEAD), host, port
        )
    try:
        yield Way(kit, identity, source.peer, connection)
    finally:
        connection.end()


def _refuse(connection: Connection, message: Message) -> None:
    connection.send(Message(0x85, b"nothing is served here", token=message.token))
