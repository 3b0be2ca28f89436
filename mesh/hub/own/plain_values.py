"""Conversion of values to and from the plain text of programs and files."""

import decimal
from collections.abc import Mapping
from typing import Any

from mesh.core.codec import cbor
from mesh.core.errors import LocalError
from mesh.core.resources.peer import LONGEST

DIGITS = 9  # decimals, as many as our decimal fractions may have
MOST = decimal.Decimal(1 << 53)
YES = ("true", "on", "yes", "1")
NO = ("false", "off", "no", "0")
SHOWN = 40  # characters of a wrong value that are shown

Value = int | cbor.Decimal | str | bool


def number(text: str, factor: float = 1, offset: float = 0) -> int | cbor.Decimal:
    """Parse a number, times `factor` plus `offset`, in exact decimal arithmetic. LocalError."""
    try:
        value = decimal.Decimal(text) * decimal.Decimal(str(factor)) + decimal.Decimal(str(offset))
    except decimal.InvalidOperation:
        value = decimal.Decimal("nan")
    if not value.is_finite():
        raise LocalError(f"it says {shown(text)}, and that is not a number")
    if abs(value) >= MOST:
        raise LocalError(f"it says {shown(text)}, and that is too large")
    digits = DIGITS
    while digits and abs(value).scaleb(digits) >= 1 << 63:
        digits -= 1
    mantissa = int(value.scaleb(digits).to_integral_value())
    while digits and mantissa % 10 == 0:
        mantissa //= 10
        digits -= 1
    return cbor.Decimal(mantissa, -digits) if digits else mantissa


def made(value: object) -> Value:
    """Check what a function returned: a number exactly as written, a text, or true or false.
    LocalError.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return short(value)
    if value is None:
        raise LocalError("it gives nothing: a number, a text, True or False is wanted")
    return number(str(value))


def boolean(text: str) -> bool:
    """Parse true or false. LocalError."""
    word = text.lower()
    if word not in YES + NO:
        raise LocalError(f"it says {shown(text)}, and not one of {', '.join(YES + NO)}")
    return word in YES


def short(text: str) -> str:
    """Check that a text fits into an entry. LocalError."""
    if not text or len(text) > LONGEST or not text.isprintable():
        raise LocalError(f"it says {shown(text)}: a text has 1 to {LONGEST} letters, in one line")
    return text


def shown(text: str) -> str:
    """A wrong value for an error message."""
    return repr(text[:SHOWN]) if text else "nothing"


class Wishes:
    """The values that an actuator accepts: one of `choices`, a number from `least` to `most`, or
    true and false, as the texts `on` and `off`.
    """

    OPTIONS: Mapping[str, Any] = {
        "choices": [(str, "a text", 1, LONGEST)],
        "least": ((int, float), "a number", -1e15, 1e15),
        "most": ((int, float), "a number", -1e15, 1e15),
        "on": (str, "a text", 0, LONGEST),
        "off": (str, "a text", 0, LONGEST),
    }

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._choices: list[str] | None = options.get("choices")
        self._words = {True: options.get("on", "true"), False: options.get("off", "false")}
        limited = {"least", "most"} & set(options)
        if len(limited) == 1 or (limited and self._choices is not None):
            raise LocalError("least and most go together, and not with choices")
        if self._choices == []:
            raise LocalError("choices is empty")
        self._range = (options["least"], options["most"]) if limited else None

    def text(self, wish: object) -> str:
        """A value as text. LocalError if it is not accepted."""
        if self._choices is not None:
            if wish not in self._choices:
                raise LocalError("it can be one of " + ", ".join(self._choices))
            return str(wish)
        if self._range is None:
            if not isinstance(wish, bool):
                raise LocalError("it can be true or false")
            return str(self._words[wish])
        low, high = self._range
        if isinstance(wish, bool) or not isinstance(wish, int | float | cbor.Decimal):
            raise LocalError(f"it can be a number from {low} to {high}")
        if not low <= float(wish) <= high:
            raise LocalError(f"it can be {low} to {high}")
        return str(wish)

    def value(self, text: str) -> Value | None:
        """The value of a text; None if it is none."""
        if self._choices is not None:
            return text if text in self._choices else None
        if self._range is None:
            return next((value for value, word in self._words.items() if word == text), None)
        try:
            return number(text)
        except LocalError:
            return None
