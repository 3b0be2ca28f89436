"""Codec of CoAP messages over UDP (RFC 7252 s.3), without state: see endpoint."""

from binascii import crc32

from mesh.core import codes
from mesh.core.codec.utf8 import octets, text
from mesh.core.errors import LocalError, RemoteError

CON = 0
NON = 1
ACK = 2
RST = 3

EMPTY = 0
GET = 1
POST = 2
PUT = 3
DELETE = 4
FETCH = 5  # RFC 8132

URI_HOST = 3
ETAG = 4
OBSERVE = 6  # RFC 7641
URI_PORT = 7
URI_PATH = 11
CONTENT_FORMAT = 12
MAX_AGE = 14
URI_QUERY = 15
ACCEPT = 17
BLOCK2 = 23  # RFC 7959
BLOCK1 = 27
SIZE2 = 28
PROXY_URI = 35
PROXY_SCHEME = 39
SIZE1 = 60
ECHO = 252  # RFC 9175
NO_RESPONSE = 258  # RFC 7967
REQUEST_TAG = 292  # RFC 9175

# options in one message: empty ones take far more memory than bytes of a datagram
_MOST_OPTIONS = 64
# Known options (RFC 7252 s.5.10 table 4, and the RFCs above), each with its format in one number:
# the longest value in bytes * 4, + 2 if it may not be empty, + 1 if it may be repeated.
_OPTIONS = {
    URI_HOST: 255 * 4 + 2,
    ETAG: 8 * 4 + 3,
    OBSERVE: 3 * 4,
    URI_PORT: 2 * 4,
    URI_PATH: 255 * 4 + 1,
    CONTENT_FORMAT: 2 * 4,
    MAX_AGE: 4 * 4,
    URI_QUERY: 255 * 4 + 1,
    ACCEPT: 2 * 4,
    BLOCK2: 3 * 4,
    BLOCK1: 3 * 4,
    SIZE2: 4 * 4,
    PROXY_URI: 1034 * 4 + 2,
    PROXY_SCHEME: 255 * 4 + 2,
    SIZE1: 4 * 4,
    ECHO: 40 * 4 + 2,
    NO_RESPONSE: 1 * 4,
    REQUEST_TAG: 8 * 4 + 1,
}


class Message:
    """One CoAP message. It may be changed until it is built.

    options: list of (number, value: bytes) in ascending order of number; repeated ones in their
    order.
    """

    __slots__ = ("code", "mid", "options", "payload", "sum", "token", "type")

    def __init__(
        self, code: int, payload: bytes = b"", type: int = CON, mid: int = 0, token: bytes = b""
    ) -> None:
        self.code = code
        self.payload = payload
        self.type = type
        self.mid = mid
        self.token = token
        self.options: list[tuple[int, bytes]] = []
        self.sum = 0  # CRC-32 of the datagram that it came in

    def add(self, number: int, value: bytes | int | str) -> "Message":
        """Add an option after others of its number; gives self. LocalError if the value is too
        long.
        """
        if isinstance(value, str):
            value = octets(value)
        elif not isinstance(value, bytes):
            if not 0 <= value < 4294967296:
                raise LocalError("CoAP number out of range")
            size = 0
            while value >> 8 * size:
                size += 1
            value = value.to_bytes(size, "big")
        if len(value) > _OPTIONS.get(number, 4136) >> 2:  # 1034 bytes
            raise LocalError(f"CoAP option {number} too long")
        options = self.options
        at = len(options)
        while at and options[at - 1][0] > number:
            at -= 1
        options.insert(at, (number, value))
        return self

    def get(self, number: int) -> bytes | None:
        """The first value of an option, or None."""
        for n, value in self.options:
            if n == number:
                return value
        return None

    def uint(self, number: int) -> int | None:
        """The first value of an option as an integer; None if absent or too long (RFC 7252
        s.5.4.3).
        """
        value = self.get(number)
        if value is None or len(value) > _OPTIONS.get(number, 16) >> 2:
            return None
        return int.from_bytes(value, "big")

    def all(self, number: int) -> list[bytes]:
        """All values of an option, in order."""
        return [value for n, value in self.options if n == number]

    def drop(self, number: int) -> None:
        """Remove all occurrences of an option."""
        self.options = [option for option in self.options if option[0] != number]

    def path(self) -> list[str]:
        """The Uri-Path segments. RemoteError if one is not UTF-8, or a dot (RFC 7252 s.5.10.1).

        4.04 if one contains a slash: peers have no such names, and joined they would be ambiguous.
        """
        segments = list(map(text, self.all(URI_PATH)))
        if "/" in "".join(segments):
            raise RemoteError("nothing here", codes.NOT_FOUND)
        if "." in segments or ".." in segments:
            raise RemoteError("dots in a path")
        return segments

    def query(self) -> list[str]:
        """The Uri-Query arguments. RemoteError if one is not UTF-8."""
        return list(map(text, self.all(URI_QUERY)))


def parse(data: bytes) -> Message:
    """Parse a datagram (bytes). RemoteError for a message format error (RFC 7252 s.3).

    A type and a code that do not go together (s.4.3 table 1) are an error too.
    """
    size = len(data)
    if size < 4:
        raise RemoteError("shorter than a CoAP header")
    head = data[0]
    code = data[1]
    type = head >> 4 & 3
    at = 4 + (head & 15)
    if head >> 6 != 1:
        raise RemoteError("not CoAP version 1")
    if at > 12 or at > size:
        raise RemoteError("CoAP token length")
    if not _goes(type, code) or (code == 0 and size != 4):
        raise RemoteError("CoAP code")
    message = Message(code, b"", type, data[2] << 8 | data[3], data[4:at])
    message.sum = crc32(data)
    if at < size:
        _options(message, data, at, size)
    return message


def build(message: Message) -> bytes:
    """Encode a message as a datagram. LocalError if its fields are out of range."""
    token = message.token
    mid = message.mid
    code = message.code
    if len(token) > 8 or mid >> 16 or code >> 8:
        raise LocalError("CoAP header out of range")
    out = bytearray((64 | message.type << 4 | len(token), code, mid >> 8, mid & 255))
    out += token
    last = 0
    for number, value in message.options:
        delta = number - last
        length = len(value)
        if delta < 13 and length < 13:
            out.append(delta << 4 | length)
        else:
            delta, more = _split(delta)
            nibble, extension = _split(length)
            out.append(delta << 4 | nibble)
            out += more + extension
        out += value
        last = number
    if message.payload:
        out.append(255)
        out += message.payload
    return bytes(out)


def sift(message: Message) -> int | None:
    """Remove invalid elective options. Gives the first invalid critical option, or None.

    An option is treated as unknown if its length is out of range (RFC 7252 s.5.4.3), and each
    further one if it may not be repeated (s.5.4.5). Elective ones are then ignored (s.5.4.1).
    """
    options = message.options
    at = last = 0
    while at < len(options):
        number, value = options[at]
        form = _OPTIONS.get(number, -1)
        size = len(value)
        if size > form >> 2 or (form & 2 and not size) or (number == last and not form & 1):
            if number & 1:
                return number
            if form >= 0:
                del options[at]
                at -= 1
        last = number
        at += 1
    return None


def _goes(type: int, code: int) -> bool:
    if code == 0:
        return type != NON
    if code < 32:
        return type < ACK
    return type != RST and 64 <= code < 192


def _options(message: Message, data: bytes, at: int, size: int) -> None:
    number = 0
    options = message.options
    while at < size:
        head = data[at]
        at += 1
        if head == 255:
            if at == size:
                raise RemoteError("CoAP payload marker without payload")
            message.payload = data[at:]
            break
        delta = head >> 4
        length = head & 15
        if delta > 12:
            delta, at = _extended(data, at, delta)
        if length > 12:
            length, at = _extended(data, at, length)
        number += delta
        end = at + length
        if end > size or len(options) == _MOST_OPTIONS:
            raise RemoteError("CoAP option cut off, or too many")
        options.append((number, data[at:end]))
        at = end
    if number > 65535:
        raise RemoteError("CoAP option number")


def _extended(data: bytes, at: int, nibble: int) -> tuple[int, int]:
    """Decode an extended delta or length: its value, and where it ends (RFC 7252 s.3.1)."""
    end = at + nibble - 12
    if nibble == 15 or end > len(data):
        raise RemoteError("CoAP option header")
    return int.from_bytes(data[at:end], "big") + (13 if nibble == 13 else 269), end


def _split(n: int) -> tuple[int, bytes]:
    """Encode a delta or length as a nibble and extension bytes (RFC 7252 s.3.1)."""
    if n < 13:
        return n, b""
    return (13, bytes((n - 13,))) if n < 269 else (14, (n - 269).to_bytes(2, "big"))
