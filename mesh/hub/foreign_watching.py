"""Who observes over TCP what this peer shares with all (RFC 8323 section 7), and large answers."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from mesh.core import coap
from mesh.core.coap import Message
from mesh.core.errors import RemoteError
from mesh.hub.bulk_connection import Connection
from mesh.hub.bulk_signals import Capabilities

MOST_WATCHED = 32  # observations on one connection
OVERHEAD = 128  # bytes of a message around its payload, at most
BERT = 7  # the block size that stands for several blocks of 1024 (RFC 8323 s.6)
KIB = 1024
OBSERVABLE = "sensors"  # what is one of these is told when it changes

# (path, query, Accept or None) -> the answer; RemoteError says why there is none
LocalGet = Callable[[list[str], list[str], int | None], Message]


class Wish(NamedTuple):
    """What is asked for."""

    path: list[str]
    query: list[str]
    accept: int | None


class Watching:
    """Observations by connection and token. They end with their connection."""

    def __init__(self, local_get: LocalGet) -> None:
        self._local_get = local_get
        self._wishes: dict[Connection, dict[bytes, Wish]] = {}
        self._number = 0

    def begin(self, connection: Connection, token: bytes, wish: Wish, answer: Message) -> None:
        """Take in an observer whose first answer this is, if there is room: Observe says so."""
        wishes = self._wishes.setdefault(connection, {})
        if len(wish.path) != 2 or wish.path[0] != OBSERVABLE:  # noqa: PLR2004 - kind and name
            return
        if len(wishes) < MOST_WATCHED:
            wishes[token] = wish
            connection.hold(True)
            answer.add(coap.OBSERVE, self._next())

    def end(self, connection: Connection, token: bytes) -> None:
        """End an observation, if there is one of that token."""
        wishes = self._wishes.get(connection)
        if wishes is not None and wishes.pop(token, None) is not None and not wishes:
            connection.hold(False)

    def gone(self, connection: Connection) -> None:
        """A connection is no more."""
        self._wishes.pop(connection, None)

    def changed(self, path: list[str]) -> None:
        """Tell those who observe that path. What is the same for several is made once."""
        made: dict[tuple[object, ...], Message] = {}
        for connection, wishes in list(self._wishes.items()):
            for token, wish in list(wishes.items()):
                if wish.path == path:
                    key = (tuple(wish.query), wish.accept)
                    if key not in made:
                        made[key] = self._answer(wish)
                    self._tell(connection, token, made[key])

    def _answer(self, wish: Wish) -> Message:
        try:
            return self._local_get(*wish).add(coap.OBSERVE, self._next())
        except RemoteError as error:
            return Message(error.code, error.detail.encode())

    def _next(self) -> int:
        """TCP keeps the order, so any number will do (s.7.1); but not every client knows that."""
        self._number = self._number + 1 & 0xFFFFFF
        return self._number

    def _tell(self, connection: Connection, token: bytes, answer: Message) -> None:
        note = Message(answer.code, answer.payload, token=token)
        note.options = list(answer.options)
        if answer.code >= coap.BAD_REQUEST:  # it ends what is observed (RFC 7641 s.4.2)
            self.end(connection, token)
        connection.send(sliced(connection.can, None, note))


def sliced(can: Capabilities, wanted: int | None, reply: Message) -> Message:
    """The block that was asked for, or the first if the reply is too large (RFC 7959, 8323 s.6).

    Each block is cut anew; by the ETag a client sees if the content changed in between.
    """
    body = reply.payload
    most = can.size - OVERHEAD
    if wanted is None and len(body) <= most:
        return reply
    number, szx = (0, BERT) if wanted is None else (wanted >> 4, wanted & 7)
    start = number * (16 << min(szx, 6))
    if number and start >= len(body):
        return Message(coap.BAD_REQUEST, b"there is no such block")
    szx = _fitting(can, szx, most)
    size = most // KIB * KIB if szx == BERT else 16 << szx
    end = start + size
    reply.payload = body[start:end]
    reply.add(coap.BLOCK2, start >> min(szx, 6) + 4 << 4 | (end < len(body)) << 3 | szx)
    reply.add(coap.ETAG, hashlib.sha256(body).digest()[:8])
    return reply


def _fitting(can: Capabilities, szx: int, most: int) -> int:
    """The largest size of blocks up to `szx` that the other end takes."""
    if szx == BERT and not (can.bert and most >= KIB):
        szx = BERT - 1
    while szx and szx != BERT and 16 << szx > most:
        szx -= 1
    return szx
