"""CoAP messages in a stream (RFC 8323 section 3.2): bytes to messages and back."""

from collections.abc import Iterator

from mesh.core import coap
from mesh.core.blocks import shortened
from mesh.core.coap import Message
from mesh.core.errors import RemoteError
from mesh.hub.bulk_signals import is_signal

_HEADER = 4  # bytes of a message over UDP before its token
# by the upper four bits of the first byte: how many bytes of length follow, and what they add to
_LENGTHS = {13: (1, 13), 14: (2, 269), 15: (4, 65805)}


def frame(message: Message) -> bytes:
    """A message as it goes over a stream. LocalError if its parts are out of range."""
    token = message.token
    rest = coap.build(message)[_HEADER + len(token) :]
    size = len(rest)
    nibble, extended = size, b""
    for larger, (width, base) in _LENGTHS.items():
        if size >= base:
            nibble, extended = larger, (size - base & (1 << 8 * width) - 1).to_bytes(width, "big")
    return b"".join(
        (bytes((nibble << 4 | len(token),)), extended, bytes((message.code,)), token, rest)
    )


def fitted(message: Message, most: int) -> bytes:
    """A signal or an answer as it goes to an end that takes so many bytes: cut short if need be.

    A refusal keeps its code; content that cannot be cut is refused by 4.06 instead.
    """
    data = frame(message)
    if len(data) <= most:
        return data
    code = message.code
    short = Message(code, token=message.token)
    if coap.CREATED <= code < coap.BAD_REQUEST:
        short.code = coap.NOT_ACCEPTABLE
    elif message.get(coap.CONTENT_FORMAT) is None:
        room = most - len(data) + len(message.payload)
        short.payload = shortened(message.payload, room)
        short.options = message.options
    data = frame(short)
    if len(data) > most:
        short.payload, short.options = b"", []
    return frame(short)


class Frames:
    """Puts together what comes in; no message may be longer than `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data)

    def feed(self, data: bytes) -> None:
        """Take in what came."""
        self._data += data

    def messages(self) -> Iterator[Message]:
        """The messages that are whole, as they are asked for. RemoteError ends it all."""
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> Message | None:
        data = self._data
        if not data:
            return None
        width, base = _LENGTHS.get(data[0] >> 4, (0, data[0] >> 4))
        at = 1 + width
        if len(data) < at:
            return None
        length = base + int.from_bytes(data[1:at], "big")
        token = data[0] & 15
        end = at + 1 + token + length
        if token > 8 or end > self._most:  # noqa: PLR2004 - RFC 7252 s.3
            raise RemoteError("message too long, or its token")
        if len(data) < end:
            return None
        code = data[at]
        # Signals have options of their own; all else is read as it would be over UDP.
        known = coap.GET if is_signal(code) else code
        header = bytes((0x40 | token, known, 0, 0)) if code else b"\x40\0\0\0"
        with memoryview(data) as view:
            message = coap.parse(header + bytes(view[at + 1 : end]) if code else header)
        message.code = code
        del data[:end]
        return message
