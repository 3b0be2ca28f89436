"""One connection of CoAP over TCP (RFC 8323), either end: what is asked, answered, and let go."""

import asyncio
from collections.abc import Callable
from typing import cast

from mesh.core import coap
from mesh.core.coap import Message
from mesh.core.errors import LocalError, RemoteError
from mesh.hub import bulk_signals as signals
from mesh.hub.bulk_frames import Frames, fitted, frame
from mesh.hub.interfaces import Address

AT_ONCE = 8  # messages taken in before other tasks get their turn
STALLED_S = 10.0  # in which a message that was begun has to be whole
IDLE_S = 120.0  # after which a connection that says nothing is closed, or tried by a Ping
MOST_UNREAD = 1 << 20  # bytes that the other end may leave unread before it is cut off
ENOUGH = 1 << 18  # bytes that wait to be read there, before more should be sent
MOST_PONGS = 64  # that wait; what is asked beyond is answered at once
BROKEN = "the connection broke off"


class Connection(asyncio.Protocol):
    """`requested(connection, message)` gets each request; closed(connection) is called once.

    can: what the other end takes. To be used in its event loop only.
    """

    def __init__(
        self,
        requested: "Callable[[Connection, Message], None]",
        closed: "Callable[[Connection], None]",
        most: int,
    ) -> None:
        self.source: Address = ("", 0)
        self.can = signals.Capabilities()
        self.closing = False
        self._requested = requested
        self._closed = closed
        self._most = most
        self._frames = Frames(most)
        self._loop = asyncio.get_running_loop()
        self._met = asyncio.Event()  # its CSM came
        self._open: dict[bytes, asyncio.Future[Message]] = {}  # requests of ours
        self._number = self._requests = 0
        self._rest_s = 0.0
        self._asked: dict[int, bytes] = {}  # tokens of their requests that wait for an answer
        self._pongs: list[tuple[int, bytes]] = []  # that wait for the requests before them
        self._leaving = ""  # why no more is begun: the other end wants to close
        self._held = False  # somebody waits for what will be sent here
        self._tried = False  # a Ping went because nothing was said
        self._timer: asyncio.TimerHandle | None = None
        self._drained = asyncio.Event()
        self._drained.set()
        self._transport: asyncio.Transport | None = None

    @property
    def theirs(self) -> int:
        """The largest message that the other end takes, in bytes."""
        return self.can.size

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say how long messages may be."""
        self._transport = transport = cast("asyncio.Transport", transport)
        if self.closing:
            transport.abort()
            return
        transport.set_write_buffer_limits(ENOUGH)
        self.source = transport.get_extra_info("peername")[:2]
        hello = Message(signals.CSM).add(signals.MAX_MESSAGE_SIZE, self._most)
        self.send(hello.add(signals.BLOCK_WISE, b""))
        self._watch(IDLE_S)

    def data_received(self, data: bytes) -> None:
        """Take in what came, a few messages at a time."""
        began = not len(self._frames)
        self._frames.feed(data)
        self._work(began)

    def eof_received(self) -> bool:
        """The other end sends no more, but may still read what it asked for."""
        self._fail()
        self._leave(BROKEN)
        return not self.closing

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody is there any more: who waits for an answer learns so."""
        self.closing = True
        self._drained.set()
        self._met.set()
        if self._timer is not None:
            self._timer.cancel()
        self._fail()
        self._closed(self)

    def pause_writing(self) -> None:
        """More than ENOUGH waits to be read there."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """It was read."""
        self._drained.set()

    # what the rest calls

    def send(self, message: Message) -> None:
        """Send a message, cut short if it is longer than the other end takes. Who does not read
        what was sent is cut off.
        """
        if self.closing or self._transport is None:
            return
        if self._transport.get_write_buffer_size() > MOST_UNREAD:
            self.closing = True
            self._transport.abort()
            return
        self._transport.write(fitted(message, self.theirs))
        if message.code >= coap.CREATED and not signals.is_signal(message.code):
            self._answered(message.token)

    async def drained(self) -> None:
        """Return when there is room for more, or the connection is gone."""
        await self._drained.wait()

    async def ask(self, message: Message, time_limit_s: float) -> Message:
        """Send a request, and give what is answered. RemoteError if nothing is, in time, or if the
        other end takes none that is so long.
        """
        self._number += 1
        message.token = self._number.to_bytes(4, "big")
        try:
            async with asyncio.timeout(time_limit_s):
                await self._fitting(message)
                if self.closing or self._leaving:
                    raise RemoteError(self._leaving or BROKEN)
                waiting: asyncio.Future[Message] = self._loop.create_future()
                self._open[message.token] = waiting
                self.send(message)
                return await waiting
        except TimeoutError:
            raise RemoteError("no answer in time") from None
        finally:
            self._open.pop(message.token, None)
            self._settle()

    def hold(self, held: bool) -> None:
        """Whether to look after this connection by Pings while nothing is said."""
        self._held = held

    def rest(self, seconds: float) -> None:
        """Take in nothing more for a time."""
        self._rest_s = seconds

    def abort(self, why: str, option: int | None = None) -> None:
        """Say why, and hang up; `option` is the one of their CSM that is to blame."""
        if not self.closing:
            message = Message(signals.ABORT, why.encode())
            if option is not None:
                message.add(signals.BAD_CSM_OPTION, option)
            self.send(message)
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

    async def _fitting(self, message: Message) -> None:
        """Return when a request may go: a long one once the other end said that it takes it."""
        size = len(frame(message))
        if size > self.theirs:
            await self._met.wait()
        if size > self.theirs and not self.closing:
            raise RemoteError(f"messages of at most {self.theirs} bytes are taken there")

    def _work(self, began: bool) -> None:
        left = AT_ONCE
        try:
            for message in self._frames.messages():
                if self.closing:
                    return
                self._tried = False
                self._take(message)
                began = True
                left -= 1
                if not left or self._rest_s:
                    self._pause()
                    return
        except RemoteError as error:
            self.abort(error.detail, getattr(error, "option", None))
            return
        if self._transport is not None:
            self._transport.resume_reading()
        if began and not self.closing:
            self._watch(STALLED_S if len(self._frames) or self._leaving else IDLE_S)

    def _pause(self) -> None:
        """Read no more until what came was taken in, after others had their turn."""
        if self._transport is not None:
            self._transport.pause_reading()
            self._loop.call_later(self._rest_s, self._go_on)
            self._rest_s = 0.0

    def _go_on(self) -> None:
        if not self.closing:
            self._work(True)

    def _take(self, message: Message) -> None:
        code = message.code
        if not self._met.is_set() and code != signals.CSM:
            raise RemoteError("a connection begins with a CSM (RFC 8323 s.5.3)")
        if signals.is_signal(code):
            self._signalled(message)
        elif 0 < code < coap.CREATED & 0xE0:
            self._requests += 1
            self._asked[self._requests] = message.token
            try:
                self._requested(self, message)
            except LocalError as error:
                self.abort(error.detail)
        elif (waiting := self._open.get(message.token)) is not None and not waiting.done():
            if coap.sift(message) is None:
                waiting.set_result(message)
            else:
                waiting.set_exception(RemoteError("an answer with a critical option not known"))

    def _signalled(self, message: Message) -> None:
        options = signals.options_of(message)
        if message.code == signals.CSM:
            self.can.told(message)
            self._met.set()
        elif message.code == signals.PING:
            if signals.CUSTODY in options and len(self._pongs) < MOST_PONGS:
                self._pongs.append((self._requests, message.token))
                self._settle()
            else:
                self.send(Message(signals.PONG, token=message.token))
        elif message.code == signals.RELEASE:
            self._leave(signals.reason(message))
        elif message.code == signals.ABORT:
            self._leaving = signals.reason(message)
            self.close()

    def _fail(self) -> None:
        """No answer will come any more."""
        for waiting in list(self._open.values()):
            if not waiting.done():
                waiting.set_exception(RemoteError(self._leaving or BROKEN))

    def _answered(self, token: bytes) -> None:
        for number, asked in self._asked.items():
            if asked == token:
                del self._asked[number]
                self._settle()
                return

    def _settle(self) -> None:
        """Send the Pongs that waited for what is answered now (s.5.4.1); close if that is all."""
        oldest = min(self._asked, default=self._requests + 1)
        while self._pongs and self._pongs[0][0] < oldest:
            token = self._pongs.pop(0)[1]
            self.send(Message(signals.PONG, token=token).add(signals.CUSTODY, b""))
        if self._leaving and not self._asked and not self._open:
            self.close()

    def _leave(self, why: str) -> None:
        """The other end wants to close: what it asked is answered, and no more begun (s.5.5)."""
        self._leaving = why
        self._watch(STALLED_S)
        self._settle()

    def _watch(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._late)

    def _late(self) -> None:
        """Nothing more came, of a message or at all."""
        self._timer = None
        going = self.closing or self._leaving or not self._met.is_set()
        if going or self._tried or len(self._frames):
            self.end()
        elif self._held or self._open:
            self._tried = True
            self.send(Message(signals.PING))
            self._watch(STALLED_S)
        else:
            self.send(Message(signals.RELEASE, b"nothing was said for long"))
            self.close()
