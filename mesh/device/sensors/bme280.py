"""Temperature, humidity, pressure: Bosch BME280, or BMP280 without humidity, by I2C.

Facts by section of the data sheet BST-BME280-DS002, revision 1.6: modes 3.3, trimming 4.2.2,
formulae 4.2.3, registers 5.3 and 5.4, addresses 6.2, measuring time 9.1. Whole numbers all the
way: a pressure has more digits than a board's float.
"""

from mesh.device import buses
from mesh.device.sensors import scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.codec.cbor import Decimal

    Words = list[int]

BUS = "i2c"
UNITS = {"temperature": "Cel", "humidity": "%RH", "pressure": "Pa"}
RANGES = {"temperature": (-40, 85), "humidity": (0, 100), "pressure": (30_000, 110_000)}
OPTIONS = buses.I2C
ADDRESSES = (0x76, 0x77)  # SDO low, SDO high (s.6.2)
# chip ids; BMP280: two of samples, and that of BST-BMP280-DS001
BME, BMP = 0x60, (0x56, 0x57, 0x58)
ID, LOW, HIGH, HUMIDITY, STATUS = 0xD0, 0x88, 0xE1, 0xF2, 0xF3
COPYING, MEASURING = 1, 8  # bits of STATUS
ONCE = 0x25  # ctrl_meas: one temperature and pressure, forced mode
ASLEEP = 0x24  # ctrl_meas afterwards
NOTHING = 0x80000  # value of a skipped measurement
MEASURE_MS = 10  # 9.3 ms at most with one sample of each


def warmth(adc: int, t: "Words") -> int:
    """The fine temperature, 5120 per degree, from the raw one and dig_T1 to dig_T3."""
    first = ((adc >> 3) - (t[0] << 1)) * t[1] >> 11
    off = (adc >> 4) - t[0]
    return first + ((off * off >> 12) * t[2] >> 14)


def pressure(adc: int, fine: int, p: "Words") -> int:
    """256ths of a pascal. ValueError if the trimming is invalid. p: dig_P1 to dig_P9."""
    x = fine - 128_000
    y = x * x * p[5] + (x * p[4] << 17) + (p[3] << 35)
    x = (x * x * p[2] >> 8) + (x * p[1] << 12)
    x = ((1 << 47) + x) * p[0] >> 33
    if x <= 0:
        raise ValueError("its trimming makes no sense: are wires loose?")
    n = (((1_048_576 - adc) << 31) - y) * 3125 // x
    x = p[8] * (n >> 13) * (n >> 13) >> 25
    return ((n + x + (p[7] * n >> 19)) >> 8) + (p[6] << 4)


def humidity(adc: int, fine: int, h: "Words") -> int:
    """1024ths of a percent. h: dig_H1 to dig_H6."""
    x = fine - 76_800
    dry = ((adc << 14) - (h[3] << 20) - h[4] * x + 16_384) >> 15
    bend = ((x * h[5] >> 10) * ((x * h[2] >> 11) + 32_768) >> 10) + 2_097_152
    n = dry * (bend * h[1] + 8192 >> 14)
    n -= ((n >> 15) * (n >> 15) >> 7) * h[0] >> 4
    return min(max(n, 0), 419_430_400) >> 12


class Sensor:
    """It sleeps between measurements; forced mode (s.3.3.3) wakes it."""

    def __init__(self, options: "dict[str, Any]", buses: "Any") -> None:  # noqa: ANN401
        self._chip = chip = buses.chip(options, ADDRESSES)
        kind = chip.registers(ID, 1)[0]
        if kind != BME and kind not in BMP:
            raise ValueError(f"the chip at {chip.address:#x} is no BME280: its id is {kind:#x}")
        if chip.registers(STATUS, 1)[0] & COPYING:
            raise ValueError("it is still starting")
        low = chip.registers(LOW, 26)
        words = [_signed(low[i] | low[i + 1] << 8, 16) for i in range(0, 24, 2)]
        words[0] &= 0xFFFF
        words[3] &= 0xFFFF
        if words[0] in (0, 0xFFFF):
            raise ValueError("its trimming cannot be read: are wires loose?")
        self._t = words[:3]
        self._p = words[3:]
        self._h: list[int] = []
        if kind == BME:
            high = chip.registers(HIGH, 7)
            middle = high[4]
            self._h = [low[25], _signed(high[0] | high[1] << 8, 16), high[2]]
            self._h.append(_signed(high[3] << 4 | middle & 15, 12))
            self._h.append(_signed(high[5] << 4 | middle >> 4, 12))
            self._h.append(_signed(high[6], 8))
            if not any(high):  # a BMP280 sold as BME280, with its id
                self._h = []

    def start(self) -> int:
        """Start a measurement. Gives the ms that it takes."""
        self._chip.write(bytes((HUMIDITY, 1)))  # takes effect with the next line (s.5.4.3)
        self._chip.write(bytes((HUMIDITY + 2, ONCE)))
        return MEASURE_MS

    def read(self) -> "dict[str, int | Decimal]":
        """The last measurement."""
        data = self._chip.registers(HUMIDITY, 13)
        if data[1] & MEASURING:
            raise ValueError("it does not finish measuring")
        p = data[5] << 12 | data[6] << 4 | data[7] >> 4
        t = data[8] << 12 | data[9] << 4 | data[10] >> 4
        h = data[11] << 8 | data[12]
        if data[2] != ASLEEP or NOTHING in (p, t) or (self._h and h == NOTHING >> 4):
            raise ValueError("it did not measure: it was without power")
        fine = warmth(t, self._t)
        found = {"temperature": scaled((fine * 5 + 128) >> 8, 2)}
        found["pressure"] = (pressure(p, fine, self._p) + 128) >> 8
        if self._h:
            h = humidity(h, fine, self._h)
            found["humidity"] = scaled((h * 100 + 512) >> 10, 2)
        return found


def _signed(n: int, bits: int) -> int:
    return n - (1 << bits) if n >> (bits - 1) else n
