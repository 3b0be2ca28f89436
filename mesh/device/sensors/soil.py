"""Soil moisture: a capacitive probe on an analog input, scaled between dry and wet.

Unit "/" is a share, 0 to 1, as the SenML registry prefers it to "%" (RFC 8428 s.12.1).
"""

from mesh.device.buses import ADC_MOST, PIN, Analog
from mesh.device.sensors import scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.codec.cbor import Decimal

BUS = "adc"
UNIT = "/"
_RAW = (int, "a whole number", 0, ADC_MOST)
RANGES = {"": (0, 1)}
OPTIONS = {"pin": PIN, "dry": _RAW, "wet": _RAW}


class Sensor:
    """`dry`, `wet`: raw values in air and in water. Without them, the raw value is shown as the
    reason.
    """

    def __init__(self, options: "dict[str, Any]", buses: object) -> None:
        self._adc = Analog(options)
        self._dry = options.get("dry")
        self._wet = options.get("wet")

    def read(self) -> "int | Decimal":
        """The moisture, in steps of a thousandth."""
        raw = self._adc.raw()
        dry, wet = self._dry, self._wet
        if dry is None or wet is None or dry == wet:
            raise ValueError(f"set dry and wet: it gives {raw} now")
        slack = abs(dry - wet) // 2
        if not min(dry, wet) - slack <= raw <= max(dry, wet) + slack:
            raise ValueError(f"it gives {raw}, far from dry and wet: is it wired?")
        share = (2000 * (dry - raw) + (dry - wet)) // (2 * (dry - wet))
        return scaled(min(max(share, 0), 1000), 3)
