"""Test client with a throwaway key. Each datagram is built as a check wants it."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message
from mesh.core.codec.formats import CBOR, COSE
from mesh.core.errors import RemoteError
from mesh.core.security.cose import sign1
from mesh.core.security.seal import open_response
from mesh.core.security.signed_client import request_for
from mesh.hub.conform.arrivals import first_of
from mesh.hub.conform.expecting import Silent, Unmet
from mesh.hub.conform.sealing import PLAIN, Answer, Sealing, words_of, words_of_answer
from mesh.hub.desktop_kit import make_identity, make_kit, new_secret
from mesh.hub.net.interfaces import Address, socket_address
from mesh.hub.tcp.frames import copied

PAUSES_S = (1.0, 2.0, 4.0, 5.0)  # pause after each transmission of a message
WAIT_S = sum(PAUSES_S)
BUSY_PAUSES = 12  # how often 4.29 is waited out
LONGEST_PAUSE_S = 5.0
MOST_ECHOES = 3
MOST_BLOCKS = 2048
FITS = 900  # most bytes of a request in one datagram
SZX = 5
NOTIFICATIONS = 64  # notifications that may wait


class Stranger(asyncio.DatagramProtocol):
    """A key at a UDP port, and the peer that it tests. `sent` and `came`: bytes so far."""

    def __init__(self, address: Address, peer: bytes = b"") -> None:
        self.kit = make_kit()
        self._counter = iter(range(1, 1 << 40))
        self.identity = make_identity(new_secret(), self.next_counter)
        self.address = address
        self.peer = peer
        self.sent = self.came = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._mid = int.from_bytes(os.urandom(2))
        self._open: dict[bytes, asyncio.Queue[Message]] = {}  # queues by token
        self._empty: dict[int, asyncio.Queue[Message]] = {}  # queues by message id

    def next_counter(self, _ahead: int = 1) -> int:
        """The next counter of signed messages."""
        return next(self._counter)

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncGenerator["Stranger", None]:
        """A context with a socket. OSError if the address is unreachable."""
        loop = asyncio.get_running_loop()
        sock = socket.socket(socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET,
                             socket.SOCK_DGRAM)  # fmt: skip
        sock.setblocking(False)
        sock.connect(socket_address(self.address))
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=sock)
        try:
            yield self
        finally:
            self._transport.close()

    def another(self) -> "Stranger":
        """Another stranger, with its own key and port."""
        return Stranger(self.address, self.peer)

    def error_received(self, exc: Exception) -> None:
        """Ignored: an unreachable port shows as silence."""

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Handle a datagram: pass on answers, and refuse all requests."""
        self.came += len(data)
        try:
            message = coap.parse(data)
        except RemoteError:
            return
        if message.type in (coap.ACK, coap.RST) and message.code == coap.EMPTY:
            queue = self._empty.get(message.mid)
        else:
            queue = self._open.get(message.token) if message.code >= codes.CREATED else None
            if message.type == coap.CON:  # a ping is answered by a reset
                self._reply(message, coap.RST if queue is None else coap.ACK)
        if queue is not None and queue.qsize() < NOTIFICATIONS:
            queue.put_nowait(message)

    def _reply(self, message: Message, type: int) -> None:
        self.send(coap.build(Message(coap.EMPTY, b"", type, message.mid)))

    def send(self, data: bytes) -> None:
        """Send one datagram."""
        if self._transport is not None:
            self.sent += len(data)
            self._transport.sendto(data)

    def number(self, message: Message, type: int = coap.CON, token: bytes = b"") -> Message:
        """Give a message a type and an id, and a token if none is given."""
        self._mid = self._mid + 1 & 0xFFFF
        numbered = Message(message.code, message.payload, type, self._mid, token or os.urandom(4))
        numbered.options.extend(message.options)
        return numbered

    async def exchange(self, message: Message, data: bytes | None = None) -> Message:
        """Send a numbered message, or `data` for it, until an answer or reset comes. Silent."""
        data = coap.build(message) if data is None else data
        with self.listening(message.token) as answers, self._emptied(message) as empty:
            for pause_s in PAUSES_S if message.type == coap.CON else (WAIT_S,):
                self.send(data)
                came = await first_of(answers, empty, pause_s)
                if came is not None and came.type == coap.ACK and came.code == coap.EMPTY:
                    came = await first_of(answers, asyncio.Queue(), WAIT_S)
                if came is not None:
                    return came
        raise Silent(words_of(message), WAIT_S)

    @contextlib.contextmanager
    def listening(self, token: bytes) -> Any:  # noqa: ANN401 - an iterator of what it gives
        """A context with the queue of messages with a token."""
        queue = self._open.setdefault(token, asyncio.Queue())
        try:
            yield queue
        finally:
            self._open.pop(token, None)

    @contextlib.contextmanager
    def _emptied(self, message: Message) -> Any:  # noqa: ANN401 - an iterator of what it gives
        queue = self._empty[message.mid] = asyncio.Queue()
        try:
            yield queue
        finally:
            self._empty.pop(message.mid, None)

    async def plain(self, message: Message, szx: int | None = None) -> Message:
        """Send a message as it is, in blocks of 16 << szx bytes or as it fits; repeated while the
        peer is busy with strangers. Gives the answer with its blocks joined, or the error for one
        of the request's blocks.
        """
        for _ in range(BUSY_PAUSES):
            answer = await self._once(copied(message), szx)
            unsigned = answer.uint(coap.CONTENT_FORMAT) != COSE
            if answer.code != codes.UNAUTHORIZED or answer.get(coap.ECHO) is None or not unsigned:
                break
            await asyncio.sleep(1.0)
        return answer

    async def _once(self, message: Message, szx: int | None = None) -> Message:
        if szx is None:
            szx = SZX if len(message.payload) > FITS else None
        if szx is not None:
            refused = await self._told(message, szx)
            if refused is not None:
                return refused
        return await self._whole(message)

    async def _told(self, message: Message, szx: int) -> Message | None:
        """Send all blocks of a request but the last, which the message then has (RFC 7959 s.2.3).
        Gives an answer other than 2.31, if any.
        """
        body, size, at = message.payload, 16 << szx, 0
        while True:
            more = at + size < len(body)
            message.payload = body[at : at + size]
            message.drop(coap.BLOCK1)
            message.add(coap.BLOCK1, at // size << 4 | (8 if more else 0) | szx)
            if not more:
                return None
            answer = await self._admitted(message)
            if answer.code != codes.CONTINUE:
                return answer
            at += size

    async def get(
        self, path: str, *query: str, options: Sequence[tuple[int, int | bytes]] = ()
    ) -> Message:
        """GET a path, unsigned."""
        message = request_for(coap.GET, path.split("/"), list(query))
        for number, value in options:
            message.add(number, value)
        return await self.plain(message)

    async def ask(
        self,
        code: int,
        path: str,
        value: object = None,
        query: Sequence[str] = (),
        sealing: Sealing = PLAIN,
    ) -> Answer:
        """Send a signed request with a CBOR body, and with an Echo if asked for one. Unmet."""
        echo: bytes | None = None
        body = b"" if value is None else self.kit.encode(value)
        for _ in range(MOST_ECHOES):
            message = request_for(code, path.split("/"), list(query))
            if echo is not None:
                message.add(coap.ECHO, echo)
            digest = self.seal(message, body, sealing)
            answer = self.open(digest, await self._once(message))
            echo = answer.message.get(coap.ECHO)
            if answer.code != codes.UNAUTHORIZED or echo is None or sealing is not PLAIN:
                return answer
        return answer

    async def read(self, path: str, value: object = None, *query: str) -> Any:  # noqa: ANN401
        """The content of a signed FETCH. Unmet unless it is signed, and CBOR."""
        answer = await self.ask(coap.FETCH, path, value, query)
        if answer.code != codes.CONTENT or not answer.signed:
            raise Unmet(f"a signed 2.05 of /{path}", words_of_answer(answer))
        return self.kit.decode(answer.payload)

    def seal(self, message: Message, body: bytes, sealing: Sealing = PLAIN) -> bytes:
        """Sign a request in place. Gives its digest."""
        header: dict[int, Any] = {
            1: -19,
            3: CBOR if body else None,
            4: self.identity.public,
            15: {7: self.next_counter().to_bytes(8, "big")},
            **sealing.header,
        }
        kept = {label: value for label, value in header.items() if value is not None}
        aad = [
            "othermesh-request",
            sealing.recipient or self.peer,
            message.code,
            message.path(),
            message.query(),
            message.uint(coap.OBSERVE),
            message.uint(coap.ACCEPT),
            message.get(coap.ECHO),
        ]
        sealed = sign1(self.identity, self.kit.encode(kept), self.kit.encode(aad), body)
        if sealing.unprotected != PLAIN.unprotected:
            end = sealed.index(PLAIN.unprotected, 2 + len(self.kit.encode(kept)))
            sealed = sealed[:end] + sealing.unprotected + sealed[end + 1 :]
        if sealing.spoilt:
            sealed = sealed[:-1] + bytes((sealed[-1] ^ 1,))
        message.payload = sealed
        message.drop(coap.CONTENT_FORMAT)
        message.add(coap.CONTENT_FORMAT, COSE)
        return self.kit.sha256(sealed)

    def open(self, digest: bytes, message: Message) -> Answer:
        """Verify and open an answer to the request with that digest. Unmet if the signature is
        wrong.
        """
        if message.uint(coap.CONTENT_FORMAT) != COSE:
            form = message.uint(coap.CONTENT_FORMAT)
            return Answer(message.code, form, message.payload, False, message)
        try:
            form, payload = open_response(
                self.kit, self.peer, self.identity.public, digest, message
            )
        except RemoteError as error:
            raise Unmet("an answer signed by that peer for this question", error.detail) from error
        return Answer(message.code, form, payload, True, message)

    async def _whole(self, message: Message) -> Message:
        """The answer to a request, with its blocks joined. Later ones are requested with the same
        payload (RFC 8132 s.2.3.2).
        """
        body, asked = b"", message.uint(coap.BLOCK2)
        for _ in range(MOST_BLOCKS):
            answer = await self._admitted(message)
            block = answer.uint(coap.BLOCK2)
            if block is None or answer.code >= codes.BAD_REQUEST:
                return answer
            size = 16 << (block & 7)
            if block >> 4 << 4 + (block & 7) != len(body):
                raise Unmet(f"the block from {len(body)} on", f"one from {(block >> 4) * size} on")
            body += answer.payload
            if not block & 8:
                break
            if len(answer.payload) != size:
                raise Unmet(f"a block of {size} bytes", f"{len(answer.payload)}")
            # the request's blocks are complete (RFC 7959 s.3.3)
            if message.get(coap.BLOCK1) is not None:
                message.drop(coap.BLOCK1)
                message.payload = b""
            message.drop(coap.BLOCK2)
            message.add(coap.BLOCK2, (len(body) // size << 4) | block & 7)
        message.drop(coap.BLOCK2)
        if asked is not None:
            message.add(coap.BLOCK2, asked)
        answer.payload = body
        return answer

    async def _admitted(self, message: Message) -> Message:
        """The answer, repeated while the peer is busy."""
        for _ in range(BUSY_PAUSES):
            answer = await self.exchange(self.number(message))
            if answer.code != codes.TOO_MANY:
                return answer
            age_s = answer.uint(coap.MAX_AGE)
            await asyncio.sleep(min(LONGEST_PAUSE_S, 1.0 if age_s is None else age_s) + 0.5)
        return answer
