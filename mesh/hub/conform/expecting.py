"""Outcomes of a conformance check: the rule holds, does not hold, or the feature is missing."""

from collections.abc import Collection
from typing import Any

from mesh.core import codes
from mesh.core.errors import RemoteError

SHOWN = 200  # characters of an answer that are shown


class Unmet(RemoteError):
    """The peer broke a rule."""

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"expected {expected}, seen {seen}")
        self.expected = expected
        self.seen = seen[:SHOWN]


class Silent(Unmet):
    """No answer came."""

    def __init__(self, what: str, waited_s: float) -> None:
        super().__init__(f"an answer to {what}", f"none in {waited_s:g} s")


class NotOffered(RemoteError):
    """The peer lacks an optional feature."""


def expect(holds: bool, expected: str, seen: object) -> None:
    """Raise Unmet unless a condition holds."""
    if not holds:
        raise Unmet(expected, repr(seen))


def expect_code(code: int, *wanted: int) -> None:
    """Raise Unmet unless a response code is one of these."""
    if code not in wanted:
        raise Unmet(" or ".join(map(codes.text, wanted)), codes.text(code))


def expect_refused(code: int) -> None:
    """Raise Unmet unless a response code is of class 4."""
    if code >> 5 != codes.REFUSAL:
        raise Unmet("a refusal, 4.xx", codes.text(code))


def expect_fields(value: Any, types: dict[str, type | tuple[type, ...]]) -> None:  # noqa: ANN401
    """Raise Unmet unless a value is a map with these fields of these types."""
    expect(isinstance(value, dict), "a map", value)
    for name, wanted in types.items():
        expect(name in value, f"'{name}' in the map", sorted(map(str, value)))
        expect(isinstance(value[name], wanted), f"another type of '{name}'", value[name])


def expect_only(items: Collection[Any], wanted: type, what: str) -> None:
    """Raise Unmet unless all items are of one type."""
    expect(all(isinstance(item, wanted) for item in items), what, items)
