"""Formats values with units: SenML units (RFC 8428 s.12.1) by their usual signs."""

import math
from collections.abc import Mapping

SIGNS: Mapping[str, str] = {
    "Cel": "°C",
    "%RH": "% humidity",
    "%EL": "% battery",
    "Ohm": "Ω",
    "uF": "µF",
    "m2": "m²",
    "m3": "m³",
    "m/s2": "m/s²",
    "kg/m3": "kg/m³",
    "W/m2": "W/m²",
    "deg": "°",
    "lat": "° north",
    "lon": "° east",
    "1/s": "per second",
    "1/min": "per minute",
    "beat/min": "beats per minute",
    "beats": "heart beats",
    "count": "",
    "rad": "rad",
}
_CLOSE = ("%", "°")  # signs without a space before them, unless more follows
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024
_LENGTHS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
_LONGEST_FRACTION = 3  # decimals that are shown

Value = bool | int | float | str | None


def quantity(value: Value, unit: str | None) -> str:
    """A value with its unit, such as 21.4 °C, 1.5 GiB, 3 d 4 h or 42%."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return word(value)
    if unit == "B":
        return size(value)
    if unit == "s" and abs(value) >= 120:  # noqa: PLR2004 - from two minutes on, seconds are hard to read
        return duration(value)
    if unit == "/":  # a ratio
        return f"{number(value * 100)}%"
    if unit == "Pa" and abs(value) >= 10_000:  # noqa: PLR2004 - the pressure of the air
        return f"{number(value / 100)} hPa"
    sign = SIGNS.get(unit or "", unit or "")
    return number(value) + ("" if sign in ("", *_CLOSE) else " ") + sign


def scale(most: float, unit: str | None) -> tuple[float, str]:
    """The divisor and the unit for an axis up to `most`."""
    if unit == "B":
        step = min(int(math.log2(most) / 10), len(_BINARY) - 1) if most >= _STEP else 0
        return float(_STEP**step), _BINARY[step]
    if unit == "s":
        return next(
            ((length, name) for name, length in _LENGTHS if most >= 2 * length), (1.0, "s")
        )
    if unit == "/":
        return 0.01, "%"
    if unit == "Pa" and most >= 10_000:  # noqa: PLR2004 - as above
        return 100.0, "hPa"
    return 1.0, SIGNS.get(unit or "", unit or "")


def word(value: bool | str | None) -> str:
    """A value that is no number."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else ("true" if value else "false")


def number(value: float) -> str:
    """A number without needless digits."""
    if isinstance(value, int) or value == int(value):
        return str(int(value))
    if abs(value) < 0.001:  # noqa: PLR2004 - below what the digits would show
        return f"{value:.3g}"
    return f"{value:.{_LONGEST_FRACTION}f}".rstrip("0").rstrip(".")


def size(value: float) -> str:
    """Bytes, in the unit of 1024^n that needs few digits."""
    step = 0
    while abs(value) >= _STEP and step < len(_BINARY) - 1:
        value /= _STEP
        step += 1
    return f"{number(round(value, 1))} {_BINARY[step]}"


def duration(seconds: float) -> str:
    """A time span in its two largest units, such as 3 d 4 h; below a minute as 7 s."""
    whole = int(abs(seconds))
    sign = "-" if seconds < 0 and whole else ""
    parts: list[str] = []
    for name, length in _LENGTHS:
        count, whole = divmod(whole, length)
        if parts or count:
            parts.append(f"{count} {name}" if count else "")
    return sign + (" ".join(part for part in parts[:2] if part) or "0 s")


def ago(seconds: float | None) -> str:
    """How long ago, in its largest unit only."""
    if seconds is None:
        return "-"
    if seconds < 1:
        return "now"
    parts = duration(seconds).split()
    return " ".join(parts[:2])
