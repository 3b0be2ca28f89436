"""Incoming requests of a TCP connection (RFC 8323) and their responses: whole, or block-wise if
larger than the other end accepts. Observations (s.7) end with the connection.
"""

import hashlib
from collections.abc import Iterable

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.message import Message
from mesh.hub.tcp.connection import Connection
from mesh.hub.tcp.frames import copied
from mesh.hub.tcp.signals import Capabilities
from mesh.hub.transports import Call

MOST_WATCHED = 32  # observations on one connection
OVERHEAD = 128  # most bytes of a message besides its payload
BERT = 7  # SZX of BERT: several blocks of 1024 at once (RFC 8323 s.6)
KIB = 1024


class Calls:
    """The open requests of one connection, and its observations."""

    def __init__(self, connection: Connection, notified: int) -> None:
        self.connection = connection
        self.notified = notified  # most bytes of a notification
        self.open: dict[int, TcpCall] = {}  # by number
        self.watched: dict[bytes, TcpCall] = {}  # by token

    def all(self) -> Iterable["TcpCall"]:
        """All calls that may still get an answer or notification."""
        return [*self.open.values(), *self.watched.values()]


class TcpCall(Call):
    """A request on a TCP connection."""

    def __init__(self, calls: Calls, message: Message, number: int) -> None:
        super().__init__(calls.connection.source, message)
        self._calls = calls
        self._number = number
        calls.open[number] = self

    def put(self, message: Message, *, first: bool) -> bool:
        """As in Call."""
        connection = self._calls.connection
        part = message
        if message.code < codes.BAD_REQUEST:  # an error is cut to size, if need be
            part = sliced(connection.can, self.block2 if first else None, message)
        if first:
            self._calls.open.pop(self._number, None)
        connection.send(copied(part, token=self.token))
        return part is message

    def left(self) -> None:
        """As in Call."""
        self._calls.open.pop(self._number, None)
        self._calls.connection.settled(self.token)

    def room(self) -> int:
        """As in Call."""
        return min(self._calls.notified, self.largest() - OVERHEAD)

    def largest(self) -> int:
        """As in Call."""
        return self._calls.connection.can.size

    def idle(self) -> bool:
        """As in Call."""
        return self._calls.connection.drained

    def watchable(self) -> bool:
        """As in Call."""
        watched = self._calls.watched
        return self.token in watched or len(watched) < MOST_WATCHED

    def watch(self) -> None:
        """As in Call."""
        self._calls.watched[self.token] = self
        self._calls.connection.hold(True)

    def unwatch(self) -> None:
        """As in Call."""
        watched = self._calls.watched
        if watched.get(self.token) is self:
            del watched[self.token]
        self._calls.connection.hold(bool(watched))


def sliced(can: Capabilities, wanted: int | None, reply: Message) -> Message:
    """The requested block of a reply, or the first if it is too large (RFC 7959, RFC 8323 s.6);
    the whole reply if it fits.

    The ETag shows a client whether the content changed in between.
    """
    body = reply.payload
    most = can.size - OVERHEAD
    if wanted is None and len(body) <= most:
        return reply
    number, szx = (0, BERT) if wanted is None else (wanted >> 4, wanted & 7)
    start = number * (16 << min(szx, 6))
    if number and start >= len(body):
        return Message(codes.BAD_REQUEST, b"there is no such block")
    szx = _fitting(can, szx, most)
    size = most // KIB * KIB if szx == BERT else 16 << szx
    end = start + size
    part = copied(reply, payload=body[start:end])
    part.add(coap.BLOCK2, start >> min(szx, 6) + 4 << 4 | (end < len(body)) << 3 | szx)
    return part.add(coap.ETAG, hashlib.sha256(body).digest()[:8])


def _fitting(can: Capabilities, szx: int, most: int) -> int:
    """The largest block size up to `szx` that the other end accepts."""
    if szx == BERT and not (can.bert and most >= KIB):
        szx = BERT - 1
    while szx and szx != BERT and 16 << szx > most:
        szx -= 1
    return szx
