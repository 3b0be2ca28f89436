"""Battery voltage on an analog input behind a divider, and the charge level derived from it."""

from mesh.device.buses import PIN, Analog
from mesh.device.sensors import scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.codec.cbor import Decimal

BUS = "adc"
UNITS = {"voltage": "V", "level": "%EL"}
RANGES = {"voltage": (0, 100), "level": (0, 100)}
OF = ("voltage",)  # the level needs `empty` and `full`
_VOLTS = ((int, float), "volts", 0, 100)
OPTIONS = {
    "pin": PIN,
    "divider": ((int, float), "a number", 1, 100),
    "empty": _VOLTS,
    "full": _VOLTS,
}


class Sensor:
    """`divider`: ratio of the battery's voltage to that of the pin. `empty`, `full`: volts, for
    the level.
    """

    def __init__(self, options: "dict[str, Any]", buses: object) -> None:
        self._adc = Analog(options)
        self._divider = _thousandths(options.get("divider", 1))
        self._empty = _thousandths(options.get("empty", 0))
        self._full = _thousandths(options.get("full", 0))
        if "level" in options.get("of", ()) and self._full <= self._empty:
            raise ValueError("a level needs empty and full, in volts")

    def read(self) -> "dict[str, int | Decimal]":
        """The voltage in mV, and the level in percent: linear between empty and full."""
        mv = (self._adc.uv() * self._divider + 500_000) // 1_000_000
        found = {"voltage": scaled(mv, 3)}
        span = self._full - self._empty
        if span > 0:
            found["level"] = min(max((100 * (mv - self._empty) + span // 2) // span, 0), 100)
        return found


def _thousandths(n: float) -> int:
    return int(n * 1000 + 0.5)
