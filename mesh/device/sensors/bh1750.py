"""Light sensor: ROHM BH1750FVI, by I2C.

Facts by heading of the data sheet BH1750FVI (ROHM, 2009.04 revision B): "Electrical
Characteristics", "Instruction Set Architecture", "I2C Bus Access" with addresses and an example.
"""

from mesh.device import buses
from mesh.device.sensors import scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.codec.cbor import Decimal

BUS = "i2c"
UNIT = "lx"
RANGES = {"": (0, 54_612)}
OPTIONS = buses.I2C
ADDRESSES = (0x23, 0x5C)  # ADDR low, ADDR high
ON, ONCE = b"\x01", b"\x20"  # one measurement in steps of 1 lx, then power-off
MEASURE_MS = 180  # at most; typically 120
MOST = 65535


class Sensor:
    """Powered off between measurements."""

    def __init__(self, options: "dict[str, Any]", buses: "Any") -> None:  # noqa: ANN401
        self._chip = buses.chip(options, ADDRESSES)

    def start(self) -> int:
        """Start a measurement. Gives the ms that it takes."""
        self._chip.write(ON)
        self._chip.write(ONCE)
        return MEASURE_MS

    def read(self) -> "int | Decimal":
        """The light, in tenths of a lux."""
        data = self._chip.read(2)
        raw = data[0] << 8 | data[1]
        if raw == MOST:
            raise ValueError("brighter than the 54612 lx that it can measure")
        return scaled((raw * 25 + 1) // 3, 1)  # one step is 1/1.2 lx
