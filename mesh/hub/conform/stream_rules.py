"""Section 3 over TCP (RFC 8323), where a peer listens on the number of its UDP port."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message
from mesh.core.errors import RemoteError
from mesh.core.security.signed_client import request_for
from mesh.hub.conform.expecting import NotOffered, Unmet, expect, expect_code
from mesh.hub.conform.one_rule import Check
from mesh.hub.conform.stranger import Stranger
from mesh.hub.tcp.frames import Frames, copied, frame
from mesh.hub.tcp.signals import ABORT, CSM, MAX_MESSAGE_SIZE, PING, PONG

LARGEST = 300_000
WAIT_S = 10.0
CHUNK = 65_536
UNKNOWN_CRITICAL = 65_001


class Connected:
    """A TCP connection to the peer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._frames = Frames(LARGEST)
        self._came: list[Message] = []

    def send(self, message: Message) -> None:
        """Send a message."""
        self._writer.write(frame(message))

    async def next(self) -> Message:
        """The next message. Unmet if none comes, or it is malformed."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not self._came:
                    data = await self._reader.read(CHUNK)
                    if not data:
                        raise Unmet("a message", "the end of the connection")
                    self._frames.feed(data)
                    self._came = list(self._frames.messages())
        except TimeoutError:
            raise Unmet("a message", f"none in {WAIT_S:g} s") from None
        except OSError as error:
            raise Unmet("a message", str(error)) from None
        return self._came.pop(0)

    async def answer(self, message: Message) -> Message:
        """The answer to a request; signals before it are skipped."""
        token = b"\x01\x02"
        self.send(copied(message, token=token))
        while (came := await self.next()).token != token:
            pass
        return came


@contextlib.asynccontextmanager
async def _connected(stranger: Stranger) -> AsyncGenerator[Connected, None]:
    try:
        async with asyncio.timeout(WAIT_S):
            reader, writer = await asyncio.open_connection(*stranger.address)
    except (OSError, TimeoutError):
        raise NotOffered("nobody listens on that TCP port") from None
    try:
        yield Connected(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):  # closed either way
            await writer.wait_closed()


async def settings(stranger: Stranger) -> None:
    """The first message is a CSM."""
    async with _connected(stranger) as one:
        one.send(Message(CSM))
        first = await one.next()
        expect(first.code == CSM, "a CSM first", codes.text(first.code))
        expect(first.get(MAX_MESSAGE_SIZE) is not None, "Max-Message-Size", first.options)


async def pong(stranger: Stranger) -> None:
    """Ping."""
    async with _connected(stranger) as one:
        one.send(Message(CSM))
        came = await one.answer(Message(PING))
        expect(came.code == PONG, "a Pong", codes.text(came.code))


async def unsigned(stranger: Stranger) -> None:
    """GET /time."""
    async with _connected(stranger) as one:
        one.send(Message(CSM))
        expect_code((await one.answer(request_for(coap.GET, ["time"]))).code, codes.CONTENT)


async def signed(stranger: Stranger) -> None:
    """FETCH /peer, signed with the same external_aad as over UDP."""
    async with _connected(stranger) as one:
        one.send(Message(CSM).add(MAX_MESSAGE_SIZE, LARGEST))
        message = request_for(coap.FETCH, ["peer"])
        digest = stranger.seal(message, b"")
        answer = stranger.open(digest, await one.answer(message))
        expect_code(answer.code, codes.CONTENT)
        expect(answer.signed, "a signed answer", "one that is not")


async def critical(stranger: Stranger) -> None:
    """A CSM with an unknown critical option."""
    async with _connected(stranger) as one:
        one.send(Message(CSM).add(UNKNOWN_CRITICAL, b"x"))
        try:
            while (came := await one.next()).code != ABORT:
                expect(came.code == CSM, "Abort", codes.text(came.code))
        except RemoteError as error:
            raise Unmet("Abort with Bad-CSM-Option", error.detail) from error


CHECKS = (
    Check("3", "TCP: a connection begins with a CSM", settings),
    Check("3", "TCP: a Ping gets a Pong", pong),
    Check("3", "TCP: a question is answered", unsigned),
    Check("3", "TCP: a signed question is answered as over UDP", signed),
    Check("3", "TCP: a critical option of a signal that is not known ends it", critical),
)
