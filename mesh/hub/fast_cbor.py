"""CBOR by cbor2 with the functions of core.codec.cbor: as strict, and with the same values.

cbor2 accepts far more than our subset: tags that compile patterns, share values or blow up
numbers. So a scan over the tokens (initial byte, argument, string) comes first, and cbor2 never
sees those. encode() writes common values itself, in a third of the time of cbor2's canonical mode,
and leaves the others to the core.
"""

from collections.abc import Callable, Iterable
from struct import calcsize, pack, unpack
from typing import Any

import cbor2

from mesh.core.codec.cbor import DEPTH, Decimal
from mesh.core.codec.cbor import encode as encode_slowly
from mesh.core.errors import LocalError, RemoteError
from mesh.core.security.cose import ARRAY, BYTES, TEXT, UINT, head

__all__ = ("DEPTH", "Decimal", "decode", "encode")


def _lengths() -> bytes:
    """The length of a token by its initial byte; 0 for those that need a closer look."""
    lengths = bytearray(256)
    for n in range(24):
        for major in (0x00, 0x20, 0x80, 0xA0):
            lengths[major + n] = 1
        lengths[0x40 + n] = lengths[0x60 + n] = 1 + n
    lengths[0xF4:0xF7] = b"\1\1\1"
    return bytes(lengths)


_LENGTHS = _lengths()
# major types (RFC 8949 s.3.1)
_BYTES = 2
_TEXT = 3
_MAP = 5
# by the low five bits: the width of an argument, and the least value that needs it
_ARGUMENTS = {24: (1, 24), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}
_HALF = ">e"
_FLOATS = {0xF9: _HALF, 0xFA: ">f"}
_NESTED = frozenset((list, dict, Decimal))
_TAG = 0xC4
_BYTES_24 = 0x58
_LEAST = 24  # shortest length that has a byte of its own
# replaces tag 4, which cbor2 would decode as decimal.Decimal: unassigned, so our hook gets it
_HOOKED = 0xC6


_MAP_HEAD = 0xA0
_NEGATIVE = 0x20
_SHORT = 256  # heads up to that are precomputed
_WIDEST = 1 << 64
_UINTS, _TEXTS, _ARRAYS = ([head(kind, n) for n in range(_SHORT)] for kind in (UINT, TEXT, ARRAY))
_EXPONENTS = {n: b"\xc4\x82" + head(_NEGATIVE, -1 - n) for n in range(-9, 0)}
_LABEL = 24  # map keys below that take one byte, so they sort as their bytes do


class _Unusual(Exception):
    """Raised for values that are left to the core's encode(), with its error messages."""


def encode(value: object) -> bytes:
    """As core.codec.cbor.encode: same bytes, and LocalError for the same values."""
    try:
        return _WRITERS[type(value)](value, DEPTH)
    except (_Unusual, KeyError, TypeError, UnicodeEncodeError):
        return encode_slowly(value)


def _write_int(n: int, _: int) -> bytes:
    if -1 < n < _SHORT:
        return _UINTS[n]
    if not -_WIDEST <= n < _WIDEST:
        raise _Unusual
    if n < 0:
        return head(_NEGATIVE, -1 - n)
    if n < 1 << 16:
        return b"\x19" + n.to_bytes(2, "big")
    return b"\x1a" + n.to_bytes(4, "big") if n < 1 << 32 else b"\x1b" + n.to_bytes(8, "big")


def _write_text(text: str, _: int) -> bytes:
    data = text.encode()
    size = len(data)
    return (_TEXTS[size] if size < _SHORT else head(TEXT, size)) + data


def _write_bytes(data: bytes, _: int) -> bytes:
    return head(BYTES, len(data)) + data


def _write_array(items: list[object], depth: int) -> bytes:
    if depth < 1:
        raise _Unusual
    writers = _WRITERS
    depth -= 1
    count = len(items)
    return b"".join(
        [
            _ARRAYS[count] if count < _SHORT else head(ARRAY, count),
            *[writers[type(item)](item, depth) for item in items],
        ]
    )


def _write_map(items: dict[Any, object], depth: int) -> bytes:
    if depth < 1:
        raise _Unusual
    parts = [head(_MAP_HEAD, len(items))]
    writers = _WRITERS
    depth -= 1
    for code, key in _codes(items):
        value = items[key]
        parts += (code, writers[type(value)](value, depth))
    return b"".join(parts)


def _codes(items: dict[Any, object]) -> list[tuple[bytes, Any]]:
    """Encoded keys in their order, each with its key. Only for keys of one kind; else lengths
    matter.
    """
    kinds = set(map(type, items))
    if kinds == {int}:
        if min(items) < 0 or max(items) >= _LABEL:
            raise _Unusual
        return [(_UINTS[key], key) for key in sorted(items)]
    if kinds == {bytes}:
        return sorted((_write_bytes(key, 0), key) for key in items)
    if kinds <= {str}:
        return sorted((_write_text(key, 0), key) for key in items)
    raise _Unusual


def _write_decimal(value: Decimal, depth: int) -> bytes:
    if depth < 1:
        raise _Unusual
    return _EXPONENTS[value.exponent] + _write_int(value.mantissa, 0)


_WRITERS: dict[type, Callable[..., bytes]] = {
    int: _write_int,
    str: _write_text,
    bytes: _write_bytes,
    list: _write_array,
    dict: _write_map,
    Decimal: _write_decimal,
    bool: lambda value, _: b"\xf5" if value else b"\xf4",
    type(None): lambda _, __: b"\xf6",
}


def decode(data: bytes, depth: int = DEPTH) -> object:
    """As core.codec.cbor.decode: same values, and RemoteError for the same bytes."""
    data = bytes(data)
    tokens, tags = _scan(data)
    if tags:
        hooked = bytearray(data)
        for at in tags:
            hooked[at] = _HOOKED
        data = bytes(hooked)
    try:
        value: object = cbor2.loads(data, tag_hook=_decimal, max_depth=depth + 1)
    except cbor2.CBORDecodeError as error:
        raise RemoteError("CBOR malformed") from error
    # a repeated key, or an item after the first, has tokens that are missing in the value
    if tokens != 1 + _count(value, depth):
        raise RemoteError("CBOR map key twice, or bytes after the item")
    return value


def _scan(data: bytes) -> tuple[int, list[int]]:
    """Count the tokens, each of the subset, and find those of tag 4."""
    lengths = _LENGTHS
    size = len(data)
    at = tokens = 0
    tags = []
    while at < size:
        first = data[at]
        tokens += 1
        if length := lengths[first]:
            at += length
        elif first == _BYTES_24:  # most long strings: ids, hashes, signatures
            length = data[at + 1] if at + 1 < size else 0
            if length < _LEAST:
                raise RemoteError("CBOR outside the subset")
            at += 2 + length
        elif first == _TAG:
            tags.append(at)
            at += 1
        elif first < _TAG:
            at += _long(data, at)
        else:
            at += _float(data, at)
    if at != size:
        raise RemoteError("CBOR cut off")
    return tokens, tags


def _long(data: bytes, at: int) -> int:
    """The length of a token whose argument has bytes of its own."""
    major, info = divmod(data[at], 32)
    width, least = _ARGUMENTS.get(info, (0, 0))
    n = int.from_bytes(data[at + 1 : at + 1 + width], "big")
    if major > _MAP or not width or n < least:
        raise RemoteError("CBOR outside the subset")
    # arrays and maps too, for which cbor2 allocates memory first
    if major >= _BYTES and n > len(data) - at:
        raise RemoteError("CBOR cut off")
    return 1 + width + (n if major in (_BYTES, _TEXT) else 0)


def _float(data: bytes, at: int) -> int:
    """The length of a finite float in its shortest form."""
    layout = _FLOATS.get(data[at])
    if layout:
        bits = data[at + 1 : at + 1 + calcsize(layout)]
        if len(bits) == calcsize(layout):
            value = unpack(layout, bits)[0]
            if value - value == 0 and (layout == _HALF or not _fits_half(value)):
                return 1 + len(bits)
    raise RemoteError("CBOR outside the subset")


def _fits_half(value: float) -> bool:
    try:
        return bool(unpack(_HALF, pack(_HALF, value))[0] == value)
    except OverflowError:
        return False


def _decimal(_: cbor2.CBORDecoder, tag: cbor2.CBORTag) -> Decimal:
    pair = tag.value
    if not isinstance(pair, list) or list(map(type, pair)) != [int, int]:
        raise RemoteError("CBOR tag")
    try:
        return Decimal(pair[1], pair[0])
    except LocalError as error:
        raise RemoteError("CBOR tag") from error


def _count(value: object, depth: int) -> int:
    """Count the tokens inside a value. RemoteError for its depth or its map keys."""
    if type(value) not in _NESTED:
        return 0
    if depth < (2 if isinstance(value, Decimal) else 1):
        raise RemoteError("CBOR too deep")
    if isinstance(value, Decimal):
        return 3
    items: Iterable[object] = ()
    count = 0
    if isinstance(value, dict):
        _check_keys(list(value))
        count = 2 * len(value)
        items = value.values()
    elif isinstance(value, list):
        count = len(value)
        items = value
    for item in items:
        if type(item) in _NESTED:
            count += _count(item, depth - 1)
    return count


def _check_keys(keys: list[Any]) -> None:
    kinds = set(map(type, keys))
    if kinds == {int} and min(keys) >= 0:
        ordered = keys == sorted(keys)
    elif len(kinds) == 1 and kinds <= {bytes, str}:
        write = _write_bytes if bytes in kinds else _write_text
        codes = [write(key, 0) for key in keys]
        ordered = codes == sorted(codes)  # the head has the length, so it decides first
    elif kinds <= {int, bytes, str}:
        codes = [encode_slowly(key) for key in keys]
        lengths = [len(code) for code in codes]
        ordered = codes == sorted(codes) and lengths == sorted(lengths)
    else:
        ordered = False
    if not ordered:
        raise RemoteError("CBOR map keys")
