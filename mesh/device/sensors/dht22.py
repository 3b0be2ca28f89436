"""Temperature and humidity: Aosong DHT22 (AM2302), on one pin.

Facts by the data sheet "AM2302 product manual" (Aosong): the 40 bits with two examples, and that
it gives what it measured last, is to be asked twice for what is new, and not twice in 2 s.
Two kinds are sold under that name: below zero some give sign and magnitude, as the manual has it,
some a two's complement (micropython-lib issue 1074, Adafruit DHT-sensor-library issue 182). Which
it is shows by the value: as the other one it would be far out of range.
MicroPython's `dht` reads the bits; its class reports a wrong check sum by a bare Exception and
gives floats, so what the bits mean is worked out here.
"""

from mesh.device.buses import PIN, pin_of
from mesh.device.sensors import scaled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.codec.cbor import Decimal

BUS = "gpio"
UNITS = {"temperature": "Cel", "humidity": "%RH"}
OPTIONS = {"pin": PIN}
RANGES = {"temperature": (-40, 80), "humidity": (0, 100)}
MOST_HUMID, MOST_WARM, MOST_COLD = 1000, 800, 400  # tenths


class Sensor:
    """Each request gives the former measurement, so it is asked twice, 2 s apart."""

    rest_ms = 2000

    def __init__(self, options: "dict[str, Any]", buses: object) -> None:
        self._pin = pin_of(options)
        self._name = options["pin"]
        self._data = bytearray(5)
        from dht import dht_readinto  # type: ignore[attr-defined]  # noqa: PLC0415 - not on unix

        self._readinto: Any = dht_readinto

    def _ask(self) -> bytearray:
        data = self._data
        try:
            self._readinto(self._pin, data)  # about 5 ms
        except OSError:
            raise ValueError(
                f"no answer on pin {self._name}: is it wired, with a resistor to 3.3 V?"
            )
        return data

    def start(self) -> int:
        """Start a measurement. Gives the ms until it is done."""
        self._ask()
        return self.rest_ms

    def read(self) -> "dict[str, int | Decimal]":
        """The last measurement."""
        data = self._ask()
        if sum(data[:4]) & 0xFF != data[4]:
            raise ValueError("checksum wrong: are wires loose, or too long?")
        if not any(data):  # a line that is held low has a valid check sum
            raise ValueError("it says nothing but zeros: does it have power?")
        h = data[0] << 8 | data[1]
        t = (data[2] & 0x7F) << 8 | data[3]
        if data[2] & 0x80:
            t = -t if t <= MOST_COLD else t - 0x8000
        if h > MOST_HUMID or not -MOST_COLD <= t <= MOST_WARM:
            raise ValueError(f"{scaled(h, 1)} % at {scaled(t, 1)} Cel cannot be: is it a DHT22?")
        return {"humidity": scaled(h, 1), "temperature": scaled(t, 1)}
