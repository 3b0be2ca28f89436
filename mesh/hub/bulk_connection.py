"""One connection of CoAP over TCP (RFC 8323), either end: what is asked, answered, and let go."""

import asyncio
from collections.abc import Callable
from typing import cast

from mesh.core import coap
from mesh.core.coap import Message
from mesh.core.errors import LocalError, RemoteError
from mesh.hub.bulk_frames import (
    ABORT,
    BASE_SIZE,
    BLOCK_WISE,
    CSM,
    MAX_MESSAGE_SIZE,
    PING,
    PONG,
    RELEASE,
    Frames,
    frame,
)
from mesh.hub.interfaces import Address

AT_ONCE = 8  # messages taken in before other tasks get their turn
STALLED_S = 10.0  # in which a message that was begun has to be whole
IDLE_S = 120.0  # after which a connection that says nothing is closed
MOST_UNREAD = 1 << 20  # bytes that the other end may leave unread before it is cut off
ENOUGH = 1 << 18  # bytes that wait to be read there, before more should be sent


class Connection(asyncio.Protocol):
    """`requested(connection, message)` gets each request; closed(connection) is called once.

    theirs: the largest message that the other end takes. To be used in its event loop only.
    """

    def __init__(
        self,
        requested: "Callable[[Connection, Message], None]",
        closed: "Callable[[Connection], None]",
        most: int,
    ) -> None:
        self.source: Address = ("", 0)
        self.theirs = BASE_SIZE
        self.closing = False
        self._requested = requested
        self._closed = closed
        self._most = most
        self._frames = Frames(most)
        self._loop = asyncio.get_running_loop()
        self._met = False  # its CSM came
        self._open: dict[bytes, asyncio.Future[Message]] = {}
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        self._drained = asyncio.Event()
        self._drained.set()
        self._transport: asyncio.Transport | None = None

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say how long messages may be."""
        self._transport = transport = cast("asyncio.Transport", transport)
        if self.closing:
            transport.abort()
            return
        transport.set_write_buffer_limits(ENOUGH)
        self.source = transport.get_extra_info("peername")[:2]
        hello = Message(CSM).add(MAX_MESSAGE_SIZE, self._most)
        self.send(hello.add(BLOCK_WISE, b""))
        self._watch(IDLE_S)

    def data_received(self, data: bytes) -> None:
        """Take in what came, a few messages at a time."""
        began = not len(self._frames)
        self._frames.feed(data)
        self._work(began)

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody is there any more: who waits for an answer learns so."""
        self.closing = True
        self._drained.set()
        if self._timer is not None:
            self._timer.cancel()
        for waiting in list(self._open.values()):
            if not waiting.done():
                waiting.set_exception(RemoteError("the connection broke off"))
        self._closed(self)

    def pause_writing(self) -> None:
        """More than ENOUGH waits to be read there."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """It was read."""
        self._drained.set()

    # what the rest calls

    def send(self, message: Message) -> None:
        """Send a message. Who does not read what was sent is cut off."""
        if self.closing or self._transport is None:
            return
        if self._transport.get_write_buffer_size() > MOST_UNREAD:
            self.closing = True
            self._transport.abort()
            return
        self._transport.write(frame(message))

    async def drained(self) -> None:
        """Return when there is room for more, or the connection is gone."""
        await self._drained.wait()

    async def ask(self, message: Message, time_limit_s: float) -> Message:
        """Send a request, and give what is answered. RemoteError if nothing is, in time."""
        if self.closing:
            raise RemoteError("the connection broke off")
        self._number += 1
        message.token = self._number.to_bytes(4, "big")
        waiting = self._open[message.token] = self._loop.create_future()
        self.send(message)
        try:
            return await asyncio.wait_for(waiting, time_limit_s)
        except TimeoutError:
            raise RemoteError("no answer in time") from None
        finally:
            del self._open[message.token]

    def abort(self, why: str) -> None:
        """Say why, and hang up."""
        if not self.closing:
            self.send(Message(ABORT, why.encode()))
            self.close()

    def close(self) -> None:
        """Hang up; what was sent still goes, if it is read soon."""
        self.closing = True
        if self._transport is not None:
            self._transport.close()
            self._watch(STALLED_S)

    def end(self) -> None:
        """Hang up at once."""
        self.closing = True
        if self._transport is not None:
            self._transport.abort()

    # inside

    def _work(self, began: bool) -> None:
        left = AT_ONCE
        try:
            for message in self._frames.messages():
                if self.closing:
                    return
                self._take(message)
                began = True
                left -= 1
                if not left:
                    self._pause()
                    return
        except RemoteError as error:
            self.abort(error.detail)
            return
        if self._transport is not None:
            self._transport.resume_reading()
        if began:
            self._watch(STALLED_S if len(self._frames) else IDLE_S)

    def _pause(self) -> None:
        """Read no more until what came was taken in, after others had their turn."""
        if self._transport is not None:
            self._transport.pause_reading()
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        if not self.closing:
            self._work(True)

    def _take(self, message: Message) -> None:
        code = message.code
        if not self._met and code != CSM:
            raise RemoteError("a connection begins with a CSM (RFC 8323 s.5.3)")
        if code == CSM:
            self._met = True
            self.theirs = message.uint(MAX_MESSAGE_SIZE) or self.theirs
        elif code == PING:
            self.send(Message(PONG, token=message.token))
        elif code in (RELEASE, ABORT):
            self.close()
        elif 0 < code < coap.CREATED & 0xE0:
            try:
                self._requested(self, message)
            except LocalError as error:
                self.abort(error.detail)
        elif (waiting := self._open.get(message.token)) is not None and not waiting.done():
            waiting.set_result(message)

    def _watch(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._late)

    def _late(self) -> None:
        self._timer = None
        self.end()
