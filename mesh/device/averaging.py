"""Combines several samples of a sensor into one value."""

from mesh.core.codec.cbor import Decimal
from mesh.device.sensors import scaled

MOST_DIGITS = 9  # most decimals of a Decimal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def average(values: "list[Any]", how: str) -> "Any":  # noqa: ANN401 - what a sensor reads
    """The "mean" or "median" of values, with one decimal more than the finest has; else the last
    one.

    In integers, as the sum of 64 pressures is too large for a board's float. If a value is no
    number, the last one is used too.
    """
    numbers = [v for v in values if isinstance(v, (int, Decimal)) and not isinstance(v, bool)]
    if how == "last" or len(numbers) < len(values):
        return values[-1]
    finest = max([-value.exponent if isinstance(value, Decimal) else 0 for value in values])
    digits = min(finest + 1, MOST_DIGITS)
    whole = sorted([_whole(value, digits) for value in values])
    if how == "median":
        middle = len(whole) // 2
        whole = whole[middle - 1 + len(whole) % 2 : middle + 1]
    count = len(whole)
    return scaled((2 * sum(whole) + count) // (2 * count), digits)


def _whole(value: "Any", digits: int) -> int:  # noqa: ANN401 - int or Decimal
    if isinstance(value, Decimal):
        return value.mantissa * 10 ** (digits + value.exponent)
    return value * 10**digits
