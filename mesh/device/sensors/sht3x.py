"""Temperature and humidity: Sensirion SHT30, SHT31 and SHT35, by I2C.

Facts by section of the data sheet SHT3x-DIS, version 5 of May 2018: measuring time 2.2, addresses
3.4, commands 4.3, check sum 4.12, formulae 4.13.
"""

from mesh.device import buses
from mesh.device.sensors import scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.codec.cbor import Decimal

BUS = "i2c"
UNITS = {"temperature": "Cel", "humidity": "%RH"}
RANGES = {"temperature": (-40, 125), "humidity": (0, 100)}
OPTIONS = buses.I2C
ADDRESSES = (0x44, 0x45)  # ADDR low, ADDR high
MEASURE = b"\x24\x00"  # single shot, high repeatability, without clock stretching
MEASURE_MS = 16  # 15.5 ms at most
MOST = 65535


def crc(data: bytes) -> int:
    """CRC-8, polynomial 0x31, initial value 0xFF."""
    n = 0xFF
    for byte in data:
        n ^= byte
        for _ in range(8):
            n = n << 1 ^ (0x131 if n & 0x80 else 0)
    return n


class Sensor:
    """It sleeps between measurements by itself."""

    def __init__(self, options: "dict[str, Any]", buses: "Any") -> None:  # noqa: ANN401
        self._chip = buses.chip(options, ADDRESSES)

    def start(self) -> int:
        """Start a measurement. Gives the ms that it takes."""
        self._chip.write(MEASURE)
        return MEASURE_MS

    def read(self) -> "dict[str, int | Decimal]":
        """The last measurement."""
        data = self._chip.read(6)
        if crc(data[:2]) != data[2] or crc(data[3:5]) != data[5]:
            raise ValueError("checksum wrong: are wires loose, or too long?")
        t = data[0] << 8 | data[1]
        h = data[3] << 8 | data[4]
        return {
            "temperature": scaled((t * 17_500 + MOST // 2) // MOST - 4500, 2),
            "humidity": scaled((h * 10_000 + MOST // 2) // MOST, 2),
        }
