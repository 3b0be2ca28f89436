"""Any CBOR (RFC 8949) as plain data to look at: strangers use more of it than the mesh does."""

import json
import math
import struct
from collections.abc import Callable, Iterator
from typing import Any

from mesh.core.errors import RemoteError

DEPTH = 32
INDEFINITE = 31  # additional information, RFC 8949 s.3
BREAK = object()
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}


def look(data: bytes) -> Any:  # noqa: ANN401 - JSON has no type of its own
    """The items in `data` as JSON can hold them, a single one bare. RemoteError.

    Bytes become hex, tags {"tag", "value"}.
    """
    reader = _Reader(data)
    items = [reader.item(DEPTH)]
    while reader.at < len(data):
        items.append(reader.item(DEPTH))
    return items[0] if len(items) == 1 else items


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def item(self, depth: int) -> Any:  # noqa: ANN401
        found = self._item(depth)
        if found is BREAK:
            raise RemoteError("CBOR malformed")
        return found

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
                return {"tag": count, "value": self.item(depth - 1)}
            return -1 - count if major else count
        kinds: tuple[Callable[[int | None, int], Any], ...] = (
            self._bytes, self._text, self._array, self._map,
        )  # fmt: skip
        return kinds[major - 2](count, depth - 1)

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
            number = struct.unpack(_FLOATS[info], self._take(1 << info - 24))[0]
            return number if math.isfinite(number) else str(number)
        value = self._count(info)
        return _SIMPLE.get(value, f"simple({value})")

    def _bytes(self, count: int | None, depth: int) -> str:
        if count is not None:
            return self._take(count).hex()
        return "".join(str(part) for part in self._items(None, depth))

    def _text(self, count: int | None, depth: int) -> str:
        if count is not None:
            return self._take(count).decode("utf-8", "replace")
        return "".join(str(part) for part in self._items(None, depth))

    def _items(self, count: int | None, depth: int) -> Iterator[Any]:
        while count is None or count > 0:
            item = self._item(depth)
            if item is not BREAK:
                yield item
            elif count is None:
                return
            else:
                raise RemoteError("CBOR malformed")
            count = None if count is None else count - 1

    def _array(self, count: int | None, depth: int) -> list[Any]:
        return list(self._items(count, depth))

    def _map(self, count: int | None, depth: int) -> dict[str, Any]:
        pairs: dict[str, Any] = {}
        for key in self._items(count, depth):
            name = key if isinstance(key, str) else json.dumps(key)
            pairs[name] = self.item(depth)
        return pairs
