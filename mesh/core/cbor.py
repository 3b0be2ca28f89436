"""Deterministic CBOR (RFC 8949): the subset in docs/protocol.md section 2; all else is refused."""

from math import copysign, frexp, ldexp

from mesh.core.errors import LocalError, RemoteError
from mesh.core.utf8 import text

DEPTH = 16  # arrays, maps and tags inside each other


class Decimal:
    """mantissa * 10**exponent, exact; never changed once made (RFC 8949 s.3.4.4).

    exponent -9 to -1, mantissa a signed 64-bit integer; else LocalError. Equal if both are equal.
    """

    __slots__ = ("exponent", "mantissa")

    def __init__(self, mantissa: int, exponent: int) -> None:
        if (
            type(mantissa) is not int
            or type(exponent) is not int
            or not -10 < exponent < 0
            or not -1 << 63 <= mantissa < 1 << 63
        ):
            raise LocalError("decimal fraction out of range")
        self.mantissa = mantissa
        self.exponent = exponent

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Decimal)
            and self.mantissa == other.mantissa
            and self.exponent == other.exponent
        )

    def __hash__(self) -> int:
        return hash((self.mantissa, self.exponent))

    def __float__(self) -> float:
        scale: int = 10**-self.exponent
        return self.mantissa / scale

    def __str__(self) -> str:
        digits = str(abs(self.mantissa))
        digits = "0" * (1 - self.exponent - len(digits)) + digits
        sign = "-" if self.mantissa < 0 else ""
        return f"{sign}{digits[: self.exponent]}.{digits[self.exponent :]}"

    def __repr__(self) -> str:
        return f"Decimal({self.mantissa}, {self.exponent})"


def encode(value: object) -> bytes:
    """The one encoding of a value; LocalError for what the subset cannot hold.

    Values: None, bool, int, float, Decimal, bytes, str, list, tuple, dict.
    """
    out = bytearray()
    _write(out, value, DEPTH)
    return bytes(out)


def decode(data: bytes, depth: int = DEPTH) -> object:
    """The value of one item (bytes or memoryview); RemoteError unless encode() would give `data`.

    depth: how many arrays, maps and tags may be inside each other.
    """
    if not isinstance(data, bytes):
        data = bytes(data)
    value, at = _item(data, 0, depth)
    if at != len(data):
        raise RemoteError("bytes after the CBOR item")
    return value


def _item(data: bytes, at: int, depth: int) -> "tuple[object, int]":
    """The item that begins at `at`, and where it ends."""
    first, n, at = _head(data, at)
    major = first >> 5
    if major < 2:
        return -1 - n if major else n, at
    if major < 4:
        end = at + n
        _has(data, end)
        return text(data[at:end]) if major == 3 else data[at:end], end
    if major == 7:
        return _simple(first, n), at
    if depth < 1:
        raise RemoteError("CBOR too deep")
    return (_array, _map, _tag)[major - 4](data, at, n, depth - 1)


def _has(data: bytes, end: int) -> None:
    if end > len(data):
        raise RemoteError("CBOR cut off")


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """The initial byte, its argument (in its shortest form, or refused), and where that ends."""
    _has(data, at + 1)
    first = data[at]
    at += 1
    n = first & 31
    if n < 24:
        return first, n, at
    if n > 27:
        raise RemoteError("CBOR of indefinite length")
    size = 1 << n - 24
    end = at + size
    _has(data, end)
    n = int.from_bytes(data[at:end], "big")
    if first < 0xE0 and n < (24 if size == 1 else 1 << 4 * size):
        raise RemoteError("CBOR not in its shortest form")
    return first, n, end


def _array(data: bytes, at: int, n: int, depth: int) -> "tuple[object, int]":
    _has(data, at + n)
    items = []
    for _ in range(n):
        item, at = _item(data, at, depth)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, n: int, depth: int) -> "tuple[object, int]":
    _has(data, at + 2 * n)
    items = {}
    last = b""
    for _ in range(n):
        start = at
        key, at = _item(data, at, 0)
        name = data[start:at]
        # integers, byte strings and texts have initial bytes below 0x80
        if name[0] > 0x7F or name <= last or len(name) < len(last):
            raise RemoteError("CBOR map keys")
        last = name
        items[key], at = _item(data, at, depth)
    return items, at


def _tag(data: bytes, at: int, n: int, depth: int) -> "tuple[object, int]":
    pair, at = _item(data, at, depth)
    if n == 4 and isinstance(pair, list) and len(pair) == 2:
        try:
            return Decimal(pair[1], pair[0]), at
        except LocalError:
            pass
    raise RemoteError("CBOR tag")


def _simple(first: int, n: int) -> object:
    if first == 0xF9:
        return _float(n, 5, 10)
    if first == 0xFA and _half(n) < 0:
        return _float(n, 8, 23)
    if first == 0xF6:
        return None
    if 0xF3 < first < 0xF6:
        return first == 0xF5
    raise RemoteError("CBOR simple value or float")


def _float(n: int, width: int, digits: int) -> float:
    """The float in the bits of n: sign, `width` bits of exponent, `digits` bits of fraction."""
    top = (1 << width) - 1
    exponent = n >> digits & top
    fraction = n & (1 << digits) - 1
    if exponent == top:
        raise RemoteError("CBOR float not finite")
    if exponent:
        fraction += 1 << digits
    else:
        exponent = 1
    value = ldexp(fraction, exponent - digits - (top >> 1))
    return -value if n >> width + digits else value


def _half(n: int) -> int:
    """The 16 bits that hold the same float as the 32 bits of n; -1 if none do."""
    sign = n >> 16 & 0x8000
    if not n & 0x7FFFFFFF:
        return sign
    exponent = (n >> 23 & 255) - 112
    if not -10 < exponent < 31:
        return -1
    fraction = n & 0x7FFFFF
    shift = 13
    if exponent < 1:
        fraction += 1 << 23
        shift = 14 - exponent
        exponent = 0
    if fraction & (1 << shift) - 1:
        return -1
    return sign | exponent << 10 | fraction >> shift


def _write(out: bytearray, value: object, depth: int) -> None:
    if value is None:
        out.append(0xF6)
    elif isinstance(value, bool):
        out.append(0xF5 if value else 0xF4)
    elif isinstance(value, int):
        _write_int(out, value)
    elif isinstance(value, bytes):
        _write_head(out, 0x40, len(value))
        out += value
    elif isinstance(value, str):
        data = _utf8(value)
        _write_head(out, 0x60, len(data))
        out += data
    elif isinstance(value, float):
        _write_float(out, value)
    elif depth < 1:
        raise LocalError("too deep for CBOR")
    else:
        _write_nested(out, value, depth - 1)


def _write_nested(out: bytearray, value: object, depth: int) -> None:
    if isinstance(value, (list, tuple)):
        _write_head(out, 0x80, len(value))
        for item in value:
            _write(out, item, depth)
    elif isinstance(value, dict):
        _write_map(out, value, depth)
    elif isinstance(value, Decimal) and depth:
        out.append(0xC4)
        _write(out, [value.exponent, value.mantissa], 1)
    else:
        raise LocalError("no CBOR for this")


def _write_map(out: bytearray, items: "dict[object, object]", depth: int) -> None:
    names = []
    for key, item in items.items():
        name = bytearray()
        _write(name, key, 0)
        names.append((len(name), bytes(name), item))
    _write_head(out, 0xA0, len(names))
    last = b""
    for _, code, item in sorted(names):
        if code[0] > 0x7F or code <= last:
            raise LocalError("no CBOR for these map keys")
        last = code
        out += code
        _write(out, item, depth)


def _write_int(out: bytearray, n: int) -> None:
    if n < 0:
        _write_head(out, 0x20, -1 - n)
    else:
        _write_head(out, 0, n)


def _write_head(out: bytearray, major: int, n: int) -> None:
    if n < 24:
        out.append(major | n)
        return
    power = 0
    while n >> (8 << power):
        power += 1
    if power > 3:
        raise LocalError("too large for CBOR")
    out.append(major | 24 + power)
    out += n.to_bytes(1 << power, "big")


def _write_float(out: bytearray, value: float) -> None:
    if value - value != 0:
        raise LocalError("no CBOR for an infinite float")
    # 24 bits as a whole number, in units of the last of them; fewer bits below 2**-126
    exponent = max(frexp(value)[1] + 125, 0)
    whole = ldexp(abs(value), 149 - exponent)
    n = int(whole)
    if n != whole or exponent > 253:
        raise LocalError("float needs more than 32 bits")
    if n:
        n += exponent << 23
    if copysign(1, value) < 0:
        n += 1 << 31
    short = _half(n)
    if short < 0:
        out.append(0xFA)
        out += n.to_bytes(4, "big")
    else:
        out.append(0xF9)
        out += short.to_bytes(2, "big")


def _utf8(value: str) -> bytes:
    try:
        data = value.encode()
        text(data)
    except (UnicodeError, RemoteError):
        raise LocalError("text with surrogates")
    return data
