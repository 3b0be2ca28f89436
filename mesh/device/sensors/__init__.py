"""Kinds of sensors, found by file name (docs/add-a-sensor.md).

Each has UNIT (SenML registry), or UNITS = {quantity: unit} if it measures several quantities (OF:
those read by default, all if missing); OPTIONS, if it has any (a schema of core.policy.checking);
RANGES = {quantity: (least, most)}, "" for the only one: the range in the data sheet, as in
hardware/sensors/*/sensor.toml, in whole numbers; and a class Sensor, which raises OSError or
ValueError with the reason if there is no reading:

Sensor(options), or Sensor(options, buses) if the module has BUS: what it is wired to. start() ->
ms until read() may be called; missing if that is at once. `rest_ms`: pause after that. read() ->
int, float, Decimal, text or bool; {quantity: value} with UNITS. `watch_ms`: interval of checks, if
changes are reported at once.
"""

from mesh.core.codec.cbor import Decimal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def readings(name: str, module: "Any", options: "dict[str, Any]") -> "dict[str, str]":  # noqa: ANN401
    """The readings of a sensor with that name: {name of the reading: unit}."""
    units = getattr(module, "UNITS", None)
    if units is None:
        return {name: module.UNIT}
    chosen = options.get("of") or getattr(module, "OF", units)
    return {name + "." + quantity: units[quantity] for quantity in chosen}


def checked(value: "Any", span: "tuple[int, int] | None") -> "Any":  # noqa: ANN401
    """The value. ValueError if it is outside of the range."""
    if span is not None:
        n, one = (
            (value.mantissa, 10**-value.exponent) if isinstance(value, Decimal) else (value, 1)
        )
        if not span[0] * one <= n <= span[1] * one:
            raise ValueError(f"it says {value}, and can measure {span[0]} to {span[1]}")
    return value


def scaled(n: int, digits: int) -> "int | Decimal":
    """n * 10**-digits, exact, without trailing zeros: a board's floats have too few digits."""
    while digits and n % 10 == 0:
        n //= 10
        digits -= 1
    return Decimal(n, -digits) if digits else n


def words(path: str, first: str) -> "list[str]":
    """The words after `first` in the first line of a file that begins with it. ValueError if there
    is none.
    """
    with open(path) as file:
        for line in file:
            if line.strip().startswith(first):
                return line.strip()[len(first) :].split()
    raise ValueError(first + " is not in " + path)
