"""Deterministic CBOR (RFC 8949): the subset in docs/protocol.md section 2; all else is refused."""

from mesh.core.codec.floats import from_bits, half_of, to_bits
from mesh.core.codec.utf8 import octets, text
from mesh.core.errors import LocalError, RemoteError

DEPTH = 16  # nesting of arrays, maps and tags


class Decimal:
    """A decimal fraction (RFC 8949 s.3.4.4): mantissa * 10**exponent, exact and immutable.

    exponent -9 to -1, mantissa a signed 64-bit integer; else LocalError. Equal if both are equal.
    """

    __slots__ = ("exponent", "mantissa")

    def __init__(self, mantissa: int, exponent: int) -> None:
        if not -10 < exponent < 0 or mantissa >> 63 not in (0, -1):
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

    __repr__ = __str__


def encode(value: object) -> bytes:
    """Encode a value in its one deterministic form. LocalError if the subset lacks it.

    Values: None, bool, int, float, Decimal, bytes, str, list, tuple, dict.
    """
    out = bytearray()
    todo: list[tuple[object, int]] = [(value, DEPTH)]
    while todo:
        value, depth = todo.pop()
        if depth < 0 and isinstance(value, bytes):
            out += value  # a map key, already encoded
        elif not _write(out, value):
            if depth < 1:
                raise LocalError("too deep for CBOR")
            _write_nested(out, todo, value, depth - 1)
    return bytes(out)


def decode(data: bytes, depth: int = DEPTH) -> object:
    """Decode one item (bytes or memoryview). RemoteError unless encode() would give `data`.

    depth: how deep arrays, maps and tags may be nested.
    """
    if not isinstance(data, bytes):
        data = bytes(data)
    # The innermost open array or map. No recursion: a board's stack holds some twenty calls.
    items: list[object] = []
    major, left, last = 4, 1, b""
    outer: list[tuple[int, int, list[object], bytes]] = []
    at = 0
    while left:
        start = at
        first, n, at = _head(data, at)
        is_key = major == 5 and not left & 1
        if 0x7F < first < 0xC0:
            if is_key or len(outer) == depth:
                raise RemoteError("CBOR too deep")
            outer.append((major, left, items, last))
            major, left, items, last = first >> 5, n << (first >> 5 & 1), [], b""
            _has(data, at + left)
        else:
            value, at = _single(data, first, n, at, depth - len(outer))
            if is_key:
                last = _next_key(last, data[start:at])
            items.append(value)
            left -= 1
        while outer and not left:
            value = items if major == 4 else dict(zip(items[::2], items[1::2]))
            major, left, items, last = outer.pop()
            items.append(value)
            left -= 1
    if at != len(data):
        raise RemoteError("bytes after the CBOR item")
    return items[0]


def _next_key(last: bytes, code: bytes) -> bytes:
    """Check that a map key comes after the last one in the deterministic order."""
    # integers, byte strings and texts have initial bytes below 0x80
    if code[0] > 0x7F or code <= last or len(code) < len(last):
        raise RemoteError("CBOR map keys")
    return code


def _single(data: bytes, first: int, n: int, at: int, depth: int) -> "tuple[object, int]":
    """Decode an item that is no array or map. Gives its value and where it ends."""
    major = first >> 5
    if major < 2:
        return -1 - n if major else n, at
    if major == 7:
        return _simple(first, n), at
    if major == 6:
        return _decimal(data, n, at, depth)
    end = at + n
    _has(data, end)
    return text(data[at:end]) if major == 3 else data[at:end], end


def _decimal(data: bytes, tag: int, at: int, depth: int) -> tuple[Decimal, int]:
    first, _, at = _head(data, at)
    kind, exponent, at = _head(data, at)
    sign, mantissa, at = _head(data, at)
    if tag == 4 and first == 0x82 and kind >> 5 == 1 and sign < 0x40 and depth > 1:
        try:
            return Decimal(-1 - mantissa if sign >> 5 else mantissa, -1 - exponent), at
        except LocalError:
            pass
    raise RemoteError("CBOR tag")


def _has(data: bytes, end: int) -> None:
    if end > len(data):
        raise RemoteError("CBOR cut off")


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Decode an item's head: initial byte, argument, and where it ends. No indefinite lengths
    (s.3.2).
    """
    _has(data, at + 1)
    first = data[at]
    at += 1
    n = first & 31
    if n < 24:
        return first, n, at
    size = 1 << n - 24
    end = at + size
    _has(data, end)
    n = int.from_bytes(data[at:end], "big")
    if size > 8 or (first < 0xE0 and n < (24 if size == 1 else 1 << 4 * size)):
        raise RemoteError("CBOR not in its shortest form")
    return first, n, end


def _simple(first: int, n: int) -> object:
    if first == 0xF9:
        return from_bits(n, 5, 10)
    if first == 0xFA and half_of(n) < 0:
        return from_bits(n, 8, 23)
    if first == 0xF6:
        return None
    if 0xF3 < first < 0xF6:
        return first == 0xF5
    raise RemoteError("CBOR simple value or float")


def _write(out: bytearray, value: object) -> bool:
    """Encode a value that holds no other one. False for others."""
    if value is None:
        out.append(0xF6)
    elif isinstance(value, bool):
        out.append(0xF5 if value else 0xF4)
    elif isinstance(value, int):
        _write_int(out, value)
    elif isinstance(value, bytes):
        write_head(out, 0x40, len(value))
        out += value
    elif isinstance(value, str):
        data = octets(value)
        write_head(out, 0x60, len(data))
        out += data
    elif isinstance(value, float):
        bits = to_bits(value)
        half = half_of(bits)
        out += b"\xfa" + bits.to_bytes(4, "big") if half < 0 else b"\xf9" + half.to_bytes(2, "big")
    else:
        return False
    return True


def _write_nested(
    out: bytearray, todo: "list[tuple[object, int]]", value: object, depth: int
) -> None:
    """Write the head of an array or map, and push its items on `todo`, the first on top."""
    if isinstance(value, (list, tuple)):
        write_head(out, 0x80, len(value))
        todo += [(item, depth) for item in reversed(value)]
    elif isinstance(value, dict):
        write_head(out, 0xA0, len(value))
        for code, item in _entries(value):
            todo += (item, depth), (code, -1)
    elif isinstance(value, Decimal) and depth:
        out += b"\xc4\x82"
        _write_int(out, value.exponent)
        _write_int(out, value.mantissa)
    else:
        raise LocalError("no CBOR for this")


def _entries(items: "dict[object, object]") -> "list[tuple[bytes, object]]":
    """Encoded keys with their values, in reverse order."""
    entries = []
    for key, item in items.items():
        code = bytearray()
        if not _write(code, key) or code[0] > 0x7F:
            raise LocalError("no CBOR for this map key")
        entries.append((bytes(code), item))
    entries.sort(reverse=True)
    sizes = [len(entry[0]) for entry in entries]
    if sizes != sorted(sizes, reverse=True):
        raise LocalError("no CBOR for these map keys")
    return entries


def _write_int(out: bytearray, n: int) -> None:
    if n < 0:
        write_head(out, 0x20, -1 - n)
    else:
        write_head(out, 0, n)


def write_head(out: bytearray, major: int, n: int) -> None:
    """Append an item's head: its major type, as the upper bits of a byte, and its argument."""
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
