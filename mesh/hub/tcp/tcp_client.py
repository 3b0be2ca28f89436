"""Client of one peer over TCP: the core's SignedClient over a connection."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message
from mesh.core.codec.formats import CBOR
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Answer, Answered, Failed
from mesh.core.kit import Identity, Kit
from mesh.core.security.signed_client import Ask, SignedClient, request_for
from mesh.hub.net.interfaces import Address
from mesh.hub.tcp import runs_check
from mesh.hub.tcp.connection import Connection
from mesh.hub.tcp.runs import LARGE, OVERHEAD

CONNECT_S = 5.0
ANSWER_S = 20.0


class Source(NamedTuple):
    """A peer, and the TCP address where it listens."""

    peer: bytes
    address: Address


class Requests:
    """The transport under SignedClient: requests on a connection. Each ends by Answered with
    more=False, or by Failed.
    """

    def __init__(self, kit: Kit, identity: Identity, connection: Connection) -> None:
        self.asks = SignedClient(kit, identity, self)
        self._connection = connection
        self._open: dict[int, tuple[bytes, Message]] = {}  # number -> (token, request)
        self._number = 0

    def request(
        self, now_ms: int, address: Address, message: Message, *, ordered: bool = True
    ) -> int:
        """Send a request. Gives its number. LocalError if it cannot be sent."""
        self._number = number = self._number + 1
        observes = message.uint(coap.OBSERVE) == 0

        def heard(answer: Message | RemoteError) -> None:
            if isinstance(answer, RemoteError):
                self._end(number)
                self.asks.outcome(0, Failed(number, answer.detail))
                return
            more = observes and answer.get(coap.OBSERVE) is not None
            if not more:
                self._end(number)
            self.asks.outcome(0, Answered(number, address, answer, more))

        self._open[number] = self._connection.request(message, heard), message
        return number

    def cancel(self, now_ms: int, number: int) -> None:
        """Cancel a request. An observation ends by another request with its token (RFC 8323
        s.7.4).
        """
        if number in self._open:
            token, message = self._open[number]
            self._end(number)
            if message.uint(coap.OBSERVE) == 0:
                end = Message(coap.GET, token=token).add(coap.OBSERVE, 1)
                for part in message.all(coap.URI_PATH):
                    end.add(coap.URI_PATH, part)
                self._connection.send(end)

    def unheard(self, event: Answered) -> None:
        """Nothing: over TCP notifications are not repeated."""

    def _end(self, number: int) -> None:
        token, _ = self._open.pop(number)
        self._connection.leave(token)


class Way:
    """A client connection to a peer. RemoteError when it fails."""

    def __init__(self, kit: Kit, identity: Identity, peer: bytes, connection: Connection) -> None:
        self._kit = kit
        self._peer = peer
        self._source = connection.source
        self._asks = Requests(kit, identity, connection).asks

    async def ask(
        self,
        code: int,
        path: Sequence[str],
        payload: bytes = b"",
        content_format: int | None = None,
        query: Sequence[str] = (),
    ) -> Answer:
        """Send a signed request. Gives the answer, signed or not, whatever its code."""
        came: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        message = request_for(code, list(path), list(query))
        number = self._put(message, content_format, payload, came.set_result)
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await came
        except TimeoutError:
            raise RemoteError("no answer in time") from None
        finally:
            self._asks.cancel(0, number)
        if not answer.code:
            raise RemoteError(answer.error or "no answer")
        return answer

    async def observe(
        self, path: Sequence[str], payload: bytes = b"", content_format: int | None = None
    ) -> AsyncGenerator[Answer, None]:
        """Yield what is answered now and on each change, until it ends."""
        news: asyncio.Queue[Answer] = asyncio.Queue()
        message = request_for(coap.FETCH, list(path), (), True)
        number = self._put(message, content_format, payload, news.put_nowait)
        try:
            while (answer := await news.get()).code:
                yield answer
                if not answer.more:
                    return
            raise RemoteError(answer.error or "no answer")
        finally:
            self._asks.cancel(0, number)

    async def fetch(self, body: bytes, query: Sequence[str]) -> bytes:
        """Send a signed FETCH to /feeds, with a CBOR body if given. Gives the content."""
        answer = await self.ask(coap.FETCH, ["feeds"], body, CBOR, query)
        return content(answer, codes.CONTENT)

    async def offer(self, runs: list[list[Any]]) -> dict[bytes, int]:
        """Offer runs. Gives what the peer then holds, durably: {author: last seq}."""
        body = runs_check.packed_all(runs)
        answer = await self.ask(coap.POST, ["feeds"], body, CBOR)
        held = self._kit.decode(content(answer, codes.CHANGED))
        if not isinstance(held, dict):
            raise RemoteError("not a map of what is held")
        return held

    def _put(
        self,
        message: Message,
        content_format: int | None,
        payload: bytes,
        heard: Callable[[Answer], None],
    ) -> int:
        body = content_format if payload else None, payload
        ask = Ask(self._peer, self._source, body, lambda _, __, answer: heard(answer))
        try:
            return self._asks.put(0, ask, message)
        except LocalError as error:
            raise RemoteError(error.detail) from error


def content(answer: Answer, code: int) -> bytes:
    """The payload of an answer, which has to be signed and have that code."""
    if not answer.signed or answer.code != code:
        why = answer.error or "not signed, or of another kind"
        raise RemoteError(f"refused: {codes.text(answer.code)} {why}", answer.code)
    payload: bytes = answer.payload
    return payload


@contextlib.asynccontextmanager
async def connected(kit: Kit, identity: Identity, source: Source) -> AsyncIterator[Way]:
    """Connect to a peer. OSError, TimeoutError."""
    host, port = source.address
    async with asyncio.timeout(CONNECT_S):
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(_refuse, lambda _: None, LARGE + OVERHEAD), host, port
        )
    try:
        yield Way(kit, identity, source.peer, connection)
    finally:
        connection.end()


def _refuse(connection: Connection, message: Message) -> None:
    connection.send(Message(codes.NOT_ALLOWED, b"nothing is served here", token=message.token))
