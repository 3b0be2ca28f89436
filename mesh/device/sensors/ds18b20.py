"""Temperature: Maxim DS18B20, DS1822 and DS18S20, by 1-Wire; several on a pin by their `rom`.

Facts by heading of the data sheet DS18B20 (Maxim 19-7487): "Temperature/Data Relationship",
"Memory", "Thermometer Resolution Configuration", "ROM Commands", "DS18B20 Function Commands".
DS18S20 (Maxim 19-5474), "Operation: Measuring Temperature": half degrees, and how far it counted.
The bus is MicroPython's own `onewire`. Its `ds18x20` is not used: it reports a wrong check sum by
a bare Exception, and gives floats.
"""

from mesh.device.buses import PIN
from mesh.device.sensors import scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.codec.cbor import Decimal

BUS = "onewire"
UNIT = "Cel"
OPTIONS = {"pin": PIN, "rom": (str, "the 16 hex digits of one chip", 16, 16)}
RANGES = {"": (-55, 125)}
HALVES = 0x10  # DS18S20 and DS1820
FAMILIES = (0x28, 0x22, HALVES)  # DS18B20, DS1822
MATCH_ROM, SKIP_ROM, CONVERT, READ, POWER = 0x55, 0xCC, 0x44, 0xBE, 0xB4
MEASURE_MS = 750  # for 12 bits
NOTHING = 0xFF  # an idle line, pulled high
# what it holds before its first measurement: 85 Cel, and byte 6 as in the memory maps of the data
# sheets of 2008 and of the DS18B20-PAR; after a measurement that byte is another one
UNMEASURED, RESERVED = 0x0550, 0x0C
# the same for a DS18S20: count remaining, count per degree
UNMEASURED_HALVES, COUNTS = 0x00AA, b"\x0c\x10"
WEAK = 0x07FF  # after its supply broke down during a measurement (Linux: w1_therm.c)


class Sensor:
    """A chip on a pin: that of the option `rom`, or the only one."""

    def __init__(self, options: "dict[str, Any]", buses: "Any") -> None:  # noqa: ANN401
        self._wire = buses.onewire(options)
        self._pin = options["pin"]
        text = options.get("rom")
        self._rom: bytes | None = bytes.fromhex(text) if text else None
        family = self._rom[0] if self._rom else self._only()
        if family not in FAMILIES:
            raise ValueError(f"rom is of another kind of chip: {family:#x}, a DS18B20 has 0x28")
        self._halves = family == HALVES
        self._call(POWER)
        if not self._wire.readbit():
            raise ValueError("its third leg has no power: wire that to 3.3 V")

    def _only(self) -> int:
        """The family of the only chip, so that `rom` is not needed. ValueError if there are
        several.
        """
        if not self._wire.reset():
            self._unanswered()
        found = [bytes(rom) for rom in self._wire.scan()]
        if len(found) > 1:
            names = ", ".join(sorted(rom.hex() for rom in found))
            raise ValueError(f"several on pin {self._pin}: set rom to one of {names}")
        if found and found[0][0] not in FAMILIES:
            raise ValueError(f"the chip on pin {self._pin} is no DS18B20: {found[0].hex()}")
        return found[0][0] if found else FAMILIES[0]

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
        """Start a measurement. Gives the ms that it takes. Others on the pin may measure
        meanwhile.
        """
        self._call(CONVERT)
        return MEASURE_MS

    def read(self) -> "int | Decimal":
        """The temperature, in sixteenths; of a DS18S20 by its counter."""
        self._call(READ)
        data = bytearray(9)
        self._wire.readinto(data)
        if min(data) == NOTHING:
            raise ValueError("no answer: it is unplugged, or has another rom")
        if self._wire.crc8(data):
            raise ValueError("checksum wrong: are wires loose, or too long?")
        if not data[4]:  # all zeros have a valid check sum, but no chip has this configuration
            raise ValueError("the pin is held low: a short circuit?")
        return scaled(self._meant(data), 4)

    def _meant(self, data: bytearray) -> int:
        """Ten thousandths of a degree. ValueError if it did not measure."""
        raw = data[0] | data[1] << 8
        if self._halves:
            still = raw == UNMEASURED_HALVES and bytes(data[6:8]) == COUNTS
        else:
            still = raw == UNMEASURED and data[6] == RESERVED
        if still:
            raise ValueError("still 85 Cel, as after switching on: does it have power?")
        if raw == WEAK and not self._halves:
            raise ValueError("its supply broke down while it measured: is the wire too long?")
        if raw & 0x8000:
            raw -= 0x10000
        if self._halves:
            return _counted(raw, data[6], data[7])
        # at lower resolution the last bits are undefined
        return (raw & -1 << (3 - (data[4] >> 5 & 3))) * 625


def _counted(halves: int, remaining: int, per_degree: int) -> int:
    """Ten thousandths of a degree from a DS18S20's counter; clones without it have halves only."""
    if not 0 < remaining <= per_degree:
        return halves * 5000
    return (halves >> 1) * 10_000 - 2500 + (per_degree - remaining) * 10_000 // per_degree
