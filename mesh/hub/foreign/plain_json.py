"""Strict JSON in and out: no NaN, no lost keys, nothing that cannot be encoded."""

import json
import math
from collections.abc import Iterable
from typing import Any

from mesh.hub.foreign.odd_text import marked, printable

DEPTH = 64  # nesting of arrays and maps
DIGITS = 1000  # most digits of a number shown as a number
NAMES = {math.inf: "Infinity", -math.inf: "-Infinity"}


def read(text: str) -> Any:  # noqa: ANN401 - JSON has no type of its own
    """Parse JSON into what jsonable() gives. ValueError or RecursionError if it is invalid.

    NaN and infinities, which are not JSON, and too large numbers become texts.
    """
    return _DECODER.decode(text.removeprefix("\ufeff"))


def elements(text: str) -> list[Any]:
    """The complete elements of a JSON array that may be cut off. ValueError if it is no array."""
    found: list[Any] = []
    at = _skipped(text, 0, " \t\r\n\ufeff")
    if text[at : at + 1] != "[":
        raise ValueError
    while True:
        at = _skipped(text, at + 1, " \t\r\n")
        try:
            item, at = _DECODER.raw_decode(text, at)
        except ValueError:
            break
        found.append(item)
        at = _skipped(text, at, " \t\r\n")
        if text[at : at + 1] != ",":
            break
    if not found:
        raise ValueError
    return found


def _skipped(text: str, at: int, chars: str) -> int:
    while text[at : at + 1] and text[at] in chars:
        at += 1
    return at


def number(value: float) -> float | str:
    """A float; or its name if JSON has no such number."""
    return value if math.isfinite(value) else NAMES.get(value, "NaN")


def table(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A map of these pairs; with repeated keys {"map": [[key, value], ...]}."""
    listed = list(pairs)
    made = dict(listed)
    return made if len(made) == len(listed) else {"map": [list(pair) for pair in listed]}


def jsonable(value: Any, depth: int = DEPTH) -> Any:  # noqa: ANN401 - JSON has no type of its own
    """Any plain data as what every JSON reader accepts."""
    if isinstance(value, dict | list | tuple):
        return _nested(value, depth - 1) if depth else "(too deep to be shown)"
    if isinstance(value, bytes):
        return marked(value)
    if isinstance(value, float):
        return number(value)
    return value if value is None or isinstance(value, int) else printable(str(value))


def _nested(value: Any, depth: int) -> Any:  # noqa: ANN401 - a map or an array
    if isinstance(value, dict):
        return table((printable(str(key)), jsonable(item, depth)) for key, item in value.items())
    return [jsonable(item, depth) for item in value]


def _float(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits


def _int(digits: str) -> int | str:
    return int(digits) if len(digits) <= DIGITS else digits


_DECODER = json.JSONDecoder(
    object_pairs_hook=table, parse_constant=str, parse_float=_float, parse_int=_int
)
