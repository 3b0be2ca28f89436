"""Framing of CoAP messages in a stream (RFC 8323 s.3.2): bytes to messages and back."""

from collections.abc import Iterator

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.blockwise import shortened
from mesh.core.coap.message import Message
from mesh.core.errors import RemoteError
from mesh.hub.tcp.signals import is_signal

_HEADER = 4  # bytes before the token of a message over UDP
# by the upper four bits of the first byte: bytes of extended length, and what is added to them
_LENGTHS = {13: (1, 13), 14: (2, 269), 15: (4, 65805)}


def frame(message: Message) -> bytes:
    """Encode a message for a stream. LocalError if its fields are out of range."""
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


def copied(
    message: Message,
    *,
    code: int | None = None,
    payload: bytes | None = None,
    token: bytes | None = None,
) -> Message:
    """A copy of a message, with what is given here replaced."""
    copy = Message(
        message.code if code is None else code,
        message.payload if payload is None else payload,
        token=message.token if token is None else token,
    )
    copy.options.extend(message.options)
    return copy


def fitted(message: Message, most: int) -> bytes:
    """Encode a signal or answer in at most `most` bytes, cut if need be.

    An error keeps its code; content that cannot be cut is replaced by 4.06.
    """
    data = frame(message)
    if len(data) <= most:
        return data
    code = message.code
    if codes.CREATED <= code < codes.BAD_REQUEST:
        return frame(Message(codes.NOT_ACCEPTABLE, token=message.token))
    if message.get(coap.CONTENT_FORMAT) is None:
        room = most - len(data) + len(message.payload)
        data = frame(copied(message, payload=shortened(message.payload, room)))
        if len(data) <= most:
            return data
    return frame(Message(code, token=message.token))


class Frames:
    """Decoder of a stream. No message may be longer than `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data)

    def feed(self, data: bytes) -> None:
        """Add incoming bytes."""
        self._data += data

    def messages(self) -> Iterator[Message]:
        """Yield the complete messages. A RemoteError ends the stream."""
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
        # signals have options of their own; other messages are parsed as over UDP
        known = coap.GET if is_signal(code) else code
        header = bytes((0x40 | token, known, 0, 0)) if code else b"\x40\0\0\0"
        with memoryview(data) as view:
            message = coap.parse(header + bytes(view[at + 1 : end]) if code else header)
        del data[:end]
        return copied(message, code=code) if code != known else message
