"""Temperature: Maxim DS18B20 and DS1822, by 1-Wire; several on one pin, told apart by `rom`.

Facts by heading of the data sheet DS18B20 (Maxim 19-7487): "Temperature/Data Relationship",
"Memory", "Thermometer Resolution Configuration", "ROM Commands", "DS18B20 Function Commands".
The bus is MicroPython's own `onewire`. Its `ds18x20` is not used: it reports a wrong check sum by
a bare Exception, and gives floats.
"""

from mesh.device.buses import PIN
from mesh.device.sensors import scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.cbor import Decimal

BUS = "onewire"
UNIT = "Cel"
OPTIONS = {"pin": PIN, "rom": (str, "the 16 hex digits of one chip", 16, 16)}
FAMILIES = (0x28, 0x22)  # DS18B20, DS1822
MATCH_ROM, SKIP_ROM, CONVERT, READ, POWER = 0x55, 0xCC, 0x44, 0xBE, 0xB4
MEASURE_MS = 750  # for 12 bits
NOTHING = 0xFF  # a line that nobody pulls low
# what it holds before its first measurement: 85 Cel, and byte 6 as in the memory maps of the data
# sheets of 2008 and of the DS18B20-PAR; after a measurement that byte is another one
UNMEASURED, RESERVED = 0x0550, 0x0C


class Sensor:
    """One of the chips on a pin: that of the option `rom`, or the only one."""

    def __init__(self, options: "dict[str, Any]", buses: "Any") -> None:  # noqa: ANN401
        self._wire = buses.onewire(options)
        self._pin = options["pin"]
        text = options.get("rom")
        self._rom: bytes | None = bytes.fromhex(text) if text else None
        if self._rom is None:
            self._only()
        self._call(POWER)
        if not self._wire.readbit():
            raise ValueError("its third leg has no power: wire that to 3.3 V")

    def _only(self) -> None:
        """See that there is one chip, so that it need not be named. ValueError otherwise."""
        if not self._wire.reset():
            self._unanswered()
        found = [bytes(rom) for rom in self._wire.scan()]
        if len(found) > 1:
            names = ", ".join(sorted(rom.hex() for rom in found))
            raise ValueError(f"several on pin {self._pin}: set rom to one of {names}")
        if found and found[0][0] not in FAMILIES:
            raise ValueError(f"the chip on pin {self._pin} is no DS18B20: {found[0].hex()}")

    def _call(self, command: int) -> None:
        wire = self._wire
        if not wire.reset():
            self._unanswered()
        if self._rom:
            wire.writebyte(MATCH_ROM)
            wire.write(self._rom)
        else:
            wire.writebyte(SKIP_ROM)
        wire.writebyte(command)

    def _unanswered(self) -> None:
        raise ValueError(
            f"no answer on pin {self._pin}: is it wired, with a resistor of 4.7 kOhm to 3.3 V?"
        )

    def start(self) -> int:
        """Have it measure; the ms that takes. Others on the pin may do so meanwhile."""
        self._call(CONVERT)
        return MEASURE_MS

    def read(self) -> "int | Decimal":
        """The temperature, in sixteenths."""
        self._call(READ)
        data = bytearray(9)
        self._wire.readinto(data)
        if min(data) == NOTHING:
            raise ValueError("no answer: it is unplugged, or has another rom")
        if self._wire.crc8(data):
            raise ValueError("checksum wrong: are wires loose, or too long?")
        if not data[4]:  # all zeros have a right check sum, but no chip has such a configuration
            raise ValueError("the pin is held low: a short circuit?")
        raw = data[0] | data[1] << 8
        if raw == UNMEASURED and data[6] == RESERVED:
            raise ValueError("still 85 Cel, as after switching on: does it have power?")
        raw &= -1 << (3 - (data[4] >> 5 & 3))  # with fewer bits, the last ones mean nothing
        if raw & 0x8000:
            raw -= 0x10000
        return scaled(raw * 625, 4)
