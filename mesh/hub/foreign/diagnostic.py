"""Decoder of any CBOR (RFC 8949), and diagnostic notation; the mesh itself uses a subset."""

import math
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from mesh.core.errors import RemoteError
from mesh.hub.foreign.odd_text import marked, printable
from mesh.hub.foreign.plain_json import number, table

DEPTH = 32
INDEFINITE = 31  # additional information, RFC 8949 s.3
BREAK = object()
SELF_DESCRIBED = 55_799  # tag "self-described CBOR" (s.3.4.6)
BIGNUM, NEGATIVE_BIGNUM, FRACTION = 2, 3, 4
LARGE = 128  # most bits of an integer shown as a number
MOST_EXPONENT = 400  # most exponent of a decimal fraction shown as a number
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}


class Tag(NamedTuple):
    """A tagged item."""

    number: int
    value: Any


class Map(NamedTuple):
    """A map in its order, with repeated keys."""

    pairs: list[tuple[Any, Any]]

    def get(self, key: Any, default: Any = None) -> Any:  # noqa: ANN401 - whatever it holds
        """The first value of a key of exactly this type."""
        for found, value in self.pairs:
            if type(found) is type(key) and found == key:
                return value
        return default


class Simple(NamedTuple):
    """An unassigned simple value; 23 is undefined."""

    number: int


def items(data: bytes) -> list[Any]:
    """All items in `data` (RFC 8742), as ints, floats, texts, bytes, lists, Map, Tag, Simple,
    booleans and None. RemoteError if it is no CBOR, or nested deeper than DEPTH.
    """
    reader = _Reader(data)
    found = [reader.item(DEPTH)]
    while reader.at < len(data):
        found.append(reader.item(DEPTH))
    return found


def streamed(data: bytes) -> tuple[list[Any], bool]:
    """The elements of an array that may be incomplete, and whether it is complete (RFC 8428 s.6).
    RemoteError if it is no array.
    """
    reader = _Reader(data)
    count = reader.array()
    found: list[Any] = []
    try:
        for item in reader.elements(count, DEPTH - 1):
            found.append(item)  # noqa: PERF402 - kept also when the next is cut off
    except RemoteError:
        return found, False
    return found, True


def look(data: bytes) -> Any:  # noqa: ANN401 - JSON has no type of its own
    """The items in `data` for JSON, a single one by itself. RemoteError as in items()."""
    found = [plain(item) for item in items(data)]
    return found[0] if len(found) == 1 else found


def plain(item: Any) -> Any:  # noqa: ANN401 - JSON has no type of its own
    """An item for JSON (RFC 8949 s.6.1): bytes as h'..', tags as {"tag", "value"}."""
    if isinstance(item, Tag):
        return _plain_tag(item)
    if isinstance(item, Map):
        return table((key if isinstance(key, str) else notation(key), plain(value))
                     for key, value in item.pairs)  # fmt: skip
    if isinstance(item, Simple):
        return None if item.number == 23 else f"simple({item.number})"  # noqa: PLR2004 - undefined
    if isinstance(item, list):
        return [plain(one) for one in item]
    if isinstance(item, bytes):
        return marked(item)
    return number(item) if isinstance(item, float) else item


def bignum(tag: Tag) -> int | None:
    """The integer of a bignum tag, if it is not too long to be shown; else None."""
    if tag.number in (BIGNUM, NEGATIVE_BIGNUM) and isinstance(tag.value, bytes):
        value = int.from_bytes(tag.value, "big")
        if value.bit_length() <= LARGE:
            return value if tag.number == BIGNUM else -1 - value
    return None


def fraction(tag: Tag) -> float | None:
    """The number of a decimal fraction tag, if a float can hold it (s.3.4.4); else None."""
    pair = tag.value
    if tag.number != FRACTION or not isinstance(pair, list) or len(pair) != 2:  # noqa: PLR2004
        return None
    exponent, mantissa = (bignum(one) if isinstance(one, Tag) else one for one in pair)
    if type(exponent) is not int or type(mantissa) is not int or abs(exponent) > MOST_EXPONENT:
        return None
    value = float(f"{mantissa}e{exponent}")
    return value if math.isfinite(value) else None


def _plain_tag(tag: Tag) -> Any:  # noqa: ANN401 - JSON has no type of its own
    if tag.number == SELF_DESCRIBED:
        return plain(tag.value)
    for value in (bignum(tag), fraction(tag)):
        if value is not None:
            return value
    return {"tag": tag.number, "value": plain(tag.value)}


def notation(item: Any, indent: int | None = None, level: int = 0) -> str:  # noqa: ANN401
    """An item in diagnostic notation (RFC 8949 s.8), which is lossless.

    With `indent`, one line for each element, indented by that many spaces for each level.
    """
    if isinstance(item, Tag):
        value = bignum(item)
        if value is not None:
            return str(value)
        return f"{item.number}({notation(item.value, indent, level)})"
    if isinstance(item, Simple):
        return "undefined" if item.number == 23 else f"simple({item.number})"  # noqa: PLR2004
    if isinstance(item, list):
        return _nested("[]", [notation(one, indent, level + 1) for one in item], indent, level)
    if isinstance(item, Map):
        parts = [f"{notation(key)}: {notation(value, indent, level + 1)}"
                 for key, value in item.pairs]  # fmt: skip
        return _nested("{}", parts, indent, level)
    return _scalar(item)


def _scalar(item: Any) -> str:  # noqa: ANN401 - whatever it holds
    if isinstance(item, bytes):
        return marked(item)
    if isinstance(item, str):
        escaped = printable(item).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    if isinstance(item, float):
        return str(number(item))
    if item is None:
        return "null"
    return str(item).lower() if isinstance(item, bool) else str(item)


def _nested(brackets: str, parts: list[str], indent: int | None, level: int) -> str:
    if indent is None or not parts:
        return brackets[0] + ", ".join(parts) + brackets[1]
    gap = "\n" + " " * indent * (level + 1)
    return brackets[0] + gap + ("," + gap).join(parts) + gap[:-indent] + brackets[1]


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def item(self, depth: int) -> Any:  # noqa: ANN401
        found = self._item(depth)
        if found is BREAK:
            raise RemoteError("CBOR malformed")
        return found

    def array(self) -> int | None:
        """The number of elements of the array at this place; None for indefinite length."""
        first = self._take(1)[0]
        while first >> 5 == 6:  # noqa: PLR2004 - a tag
            self._count(first & 31)
            first = self._take(1)[0]
        if first >> 5 != 4:  # noqa: PLR2004 - an array
            raise RemoteError("no CBOR array")
        return None if first & 31 == INDEFINITE else self._count(first & 31)

    def elements(self, count: int | None, depth: int) -> Iterator[Any]:
        """Yield `count` items, or all up to a break."""
        while count is None or count > 0:
            item = self._item(depth)
            if item is not BREAK:
                yield item
            elif count is None:
                return
            else:
                raise RemoteError("CBOR malformed")
            count = None if count is None else count - 1

    def _item(self, depth: int) -> Any:  # noqa: ANN401
        if not depth:
            raise RemoteError("CBOR too deep")
        first = self._take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:  # noqa: PLR2004 - floats and simple values
            return self._simple(info)
        count = None if info == INDEFINITE else self._count(info)
        if major in (0, 1, 6):
            if count is None:
                raise RemoteError("CBOR malformed")
            if major == 6:  # noqa: PLR2004 - a tag
                return Tag(count, self.item(depth - 1))
            return -1 - count if major else count
        if major in (2, 3):
            data = self._string(count, major)
            return data if major == 2 else _text(data)  # noqa: PLR2004 - a byte string
        found = list(self.elements(count, depth - 1) if major == 4 else self._flat(count, depth))  # noqa: PLR2004
        return found if major == 4 else Map(list(zip(found[::2], found[1::2], strict=True)))  # noqa: PLR2004

    def _flat(self, count: int | None, depth: int) -> Iterator[Any]:
        """Keys and values in turn."""
        for key in self.elements(count, depth - 1):
            yield key
            yield self.item(depth - 1)

    def _string(self, count: int | None, major: int) -> bytes:
        """A string, or the chunks of one of indefinite length joined (s.3.2.3)."""
        if count is not None:
            return self._take(count)
        parts = []
        while (first := self._take(1)[0]) != 0xFF:  # noqa: PLR2004 - break
            if first >> 5 != major or first & 31 == INDEFINITE:
                raise RemoteError("CBOR malformed")
            parts.append(self._take(self._count(first & 31)))
        return b"".join(parts)

    def _take(self, count: int) -> bytes:
        chunk = self._data[self.at : self.at + count]
        if len(chunk) != count:
            raise RemoteError("CBOR cut off")
        self.at += count
        return chunk

    def _count(self, info: int) -> int:
        if info < 24:  # noqa: PLR2004 - the argument itself
            return info
        if info > 27:  # noqa: PLR2004 - reserved
            raise RemoteError("CBOR malformed")
        return int.from_bytes(self._take(1 << info - 24), "big")

    def _simple(self, info: int) -> Any:  # noqa: ANN401
        if info == INDEFINITE:
            return BREAK
        if info in _FLOATS:
            return struct.unpack(_FLOATS[info], self._take(1 << info - 24))[0]
        value = self._count(info)
        named: dict[int, Any] = {20: False, 21: True, 22: None}
        return named.get(value, Simple(value)) if info != 24 else Simple(value)  # noqa: PLR2004


def _text(data: bytes) -> str:
    """A text string. Invalid UTF-8 in it is escaped."""
    return data.decode("utf-8", "backslashreplace")
