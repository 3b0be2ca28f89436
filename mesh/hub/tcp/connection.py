"""One connection of CoAP over TCP (RFC 8323), either end: requests, responses, release."""

import asyncio
from collections.abc import Callable
from typing import cast

from mesh.core import codes
from mesh.core.coap.message import Message, sift
from mesh.core.errors import LocalError, RemoteError
from mesh.hub.tcp import signals
from mesh.hub.tcp.custody import Custody
from mesh.hub.tcp.frames import Frames, copied, fitted, frame
from mesh.hub.transports import Stream

AT_ONCE = 8  # messages handled before other tasks may run
STALLED_S = 10.0  # time for a message to arrive whole
IDLE_S = 120.0  # silence after which a connection is closed, or tested by a Ping
MOST_UNREAD = 1 << 20  # bytes that the other end may leave unread before it is disconnected
ENOUGH = 1 << 18  # unread bytes above which no more should be sent
BROKEN = "the connection broke off"
TOO_LONG = "messages of at most {} bytes are taken there"

# called with each answer to a request, or with the RemoteError why there will be none
Heard = Callable[[Message | RemoteError], None]


class Connection(asyncio.Protocol):
    """A CoAP connection over TCP, for its event loop only. `can`: what the other end accepts.

    requested(connection, message) gets each request; closed(connection) is called once.
    """

    def __init__(
        self,
        requested: "Callable[[Connection, Message], None]",
        closed: "Callable[[Connection], None]",
        most: int,
    ) -> None:
        self.source = Stream(("", 0))
        self.can = signals.Capabilities()
        self.closing = False
        self._requested = requested
        self._closed = closed
        self._most = most
        self._frames = Frames(most)
        self._loop = asyncio.get_running_loop()
        self._met = False  # whether its CSM came
        self._open: dict[bytes, Heard] = {}  # own requests, by token
        self._long: list[Message] = []  # own requests that wait for a CSM
        self._number, self._wait_s = 0, 0.0
        self._postponed: Message | None = None  # a request that is handed over again
        self._custody = Custody()
        self._leaving = ""  # why no new requests are made: the other end will close
        self._held = False  # whether a caller waits for notifications here
        self._tried = False  # whether a Ping was sent after silence
        self._timer: asyncio.TimerHandle | None = None
        self.drained = True  # whether at most ENOUGH is unread
        self._transport: asyncio.Transport | None = None

    # called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send our CSM: how long messages may be."""
        self._transport = transport = cast("asyncio.Transport", transport)
        if self.closing:
            transport.abort()
            return
        transport.set_write_buffer_limits(ENOUGH)
        self.source = Stream(transport.get_extra_info("peername")[:2])
        hello = Message(signals.CSM).add(signals.MAX_MESSAGE_SIZE, self._most)
        self.send(hello.add(signals.BLOCK_WISE, b""))
        self._watch(IDLE_S)

    def data_received(self, data: bytes) -> None:
        """Handle incoming bytes, a few messages at a time."""
        began = not len(self._frames)
        self._frames.feed(data)
        self._work(began)

    def eof_received(self) -> bool:
        """The other end sends no more, but may still read answers."""
        self._fail()
        self._leave(BROKEN)
        return not self.closing

    def connection_lost(self, error: Exception | None) -> None:
        """Fail all open requests, as the connection ended."""
        self.closing = self.drained = True
        if self._timer is not None:
            self._timer.cancel()
        self._fail()
        self._closed(self)

    def pause_writing(self) -> None:
        """More than ENOUGH bytes are unread at the other end."""
        self.drained = False

    def resume_writing(self) -> None:
        """The other end has read them."""
        self.drained = True

    # called by the rest of the package

    def send(self, message: Message) -> None:
        """Send a message, cut to the size that the other end accepts. It is disconnected if it
        leaves too much unread.
        """
        if self.closing or self._transport is None:
            return
        if self._transport.get_write_buffer_size() > MOST_UNREAD:
            self.closing = True
            self._transport.abort()
            return
        self._transport.write(fitted(message, self.can.size))
        if message.code >= codes.CREATED and not signals.is_signal(message.code):
            self.settled(message.token)

    def request(self, message: Message, heard: Heard) -> bytes:
        """Send a request. Its answers go to heard(), until leave() with the token that this gives.

        LocalError if the connection is closed or closing, or the other end takes none so long.
        """
        if self.closing or self._leaving:
            raise LocalError(self._leaving or BROKEN)
        self._number += 1
        token = self._number.to_bytes(4, "big")
        asked = copied(message, token=token)
        if len(frame(asked)) <= self.can.size:
            self.send(asked)
        elif self._met:
            raise LocalError(TOO_LONG.format(self.can.size))
        else:
            self._long.append(asked)
        self._open[token] = heard
        return token

    def leave(self, token: bytes) -> None:
        """Stop listening for answers to a request."""
        self._open.pop(token, None)
        self._settle()

    def settled(self, token: bytes) -> None:
        """Note that an incoming request was answered, or will not be."""
        if self._custody.settled(token):
            self._settle()

    def hold(self, held: bool) -> None:
        """Whether to keep this connection alive by Pings."""
        self._held = held

    def postpone(self, request: Message, seconds: float) -> bool:
        """Read nothing for a time, then hand the request over again. False if it was postponed."""
        if request is self._postponed:
            return False
        self._postponed, self._wait_s = request, seconds
        return True

    def abort(self, why: str, option: int | None = None) -> None:
        """Send an Abort with the reason, and close. `option`: the CSM option to blame."""
        if not self.closing:
            message = Message(signals.ABORT, why.encode())
            if option is not None:
                message.add(signals.BAD_CSM_OPTION, option)
            self.send(message)
            self.close()

    def close(self) -> None:
        """Close, after what was sent is read, if that is soon."""
        self.closing = True
        if self._transport is not None:
            self._transport.close()
            self._watch(STALLED_S)

    def end(self) -> None:
        """Close at once."""
        self.closing = True
        if self._transport is not None:
            self._transport.abort()

    # internal

    def _send_long(self) -> None:
        """Send the requests that waited for the other end's CSM."""
        waiting, self._long = self._long, []
        for message in waiting:
            if len(frame(message)) <= self.can.size:
                self.send(message)
            elif (heard := self._open.pop(message.token, None)) is not None:
                heard(RemoteError(TOO_LONG.format(self.can.size)))

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
                if not left or self._wait_s:
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
        """Stop reading until what came is handled, and let other tasks run."""
        if self._transport is not None:
            self._transport.pause_reading()
            self._loop.call_later(self._wait_s, self._go_on)

    def _go_on(self) -> None:
        self._wait_s = 0.0
        if self._postponed is not None and not self.closing:
            self._request(self._postponed)
        self._postponed = None
        self._work(True)

    def _take(self, message: Message) -> None:
        code = message.code
        if not self._met and code != signals.CSM:
            raise RemoteError("a connection begins with a CSM (RFC 8323 s.5.3)")
        if signals.is_signal(code):
            self._signalled(message)
        elif 0 < code < codes.CREATED & 0xE0:
            self._custody.requested(message.token)
            self._request(message)
        elif (heard := self._open.get(message.token)) is not None:
            if sift(message) is None:
                heard(message)
            else:
                heard(RemoteError("an answer with a critical option not known"))

    def _request(self, message: Message) -> None:
        try:
            self._requested(self, message)
        except LocalError as error:
            self.abort(error.detail)

    def _signalled(self, message: Message) -> None:
        options = signals.options_of(message)
        if message.code == signals.CSM:
            self.can.told(message)
            self._met = True
            self._send_long()
        elif message.code == signals.PING:
            if signals.CUSTODY in options and self._custody.pinged(message.token):
                self._settle()
            else:
                self.send(Message(signals.PONG, token=message.token))
        elif message.code == signals.RELEASE:
            self._leave(signals.reason(message))
        elif message.code == signals.ABORT:
            self._leaving = signals.reason(message)
            self.close()

    def _fail(self) -> None:
        """Fail all own open requests."""
        waiting, self._open = self._open, {}
        for heard in waiting.values():
            heard(RemoteError(self._leaving or BROKEN))

    def _settle(self) -> None:
        """Send the Pongs that waited for answers (s.5.4.1); close if the other end wanted that."""
        for token in self._custody.due():
            self.send(Message(signals.PONG, token=token).add(signals.CUSTODY, b""))
        if self._leaving and not self._custody and not self._open:
            self.close()

    def _leave(self, why: str) -> None:
        """Handle a Release: answer open requests, and make no new ones (s.5.5)."""
        self._leaving = why
        self._watch(STALLED_S)
        self._settle()

    def _watch(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._late)

    def _late(self) -> None:
        """Handle a time-out: an incomplete message, or silence."""
        self._timer = None
        going = self.closing or self._leaving or not self._met
        if going or self._tried or len(self._frames):
            self.end()
        elif self._held or self._open:
            self._tried = True
            self.send(Message(signals.PING))
            self._watch(STALLED_S)
        else:
            self.send(Message(signals.RELEASE, b"nothing was said for long"))
            self.close()
