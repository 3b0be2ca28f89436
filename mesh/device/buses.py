"""Buses and inputs for sensors and actuators: I2C and 1-Wire, each opened once; analog inputs."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Options = dict[str, Any]

# types for OPTIONS of kinds
PIN = ((int, str), "a pin's number or name")
I2C = {
    "bus": (int, "a whole number", 0, 3),
    "sda": PIN,
    "scl": PIN,
    "freq": (int, "a whole number", 1000, 1_000_000),
    "address": ((int, str), 'a number, or a text as "0x76"'),
}
FREQ = 100_000  # supported by every chip (NXP UM10204 s.3.1, Standard-mode)
FIRST_ADDRESS, LAST_ADDRESS = 0x08, 0x77  # other addresses are reserved (UM10204 s.3.1.12)
ADC_MOST = 65535
SUPPLY_UV = 3_300_000  # full scale of a board that does not measure in volts


def part(name: str) -> "Any":  # noqa: ANN401 - a class of `machine`
    """A class of this board's `machine`. ValueError if it lacks it."""
    try:
        return getattr(__import__("machine"), name)
    except (ImportError, AttributeError):
        raise ValueError(f"this machine has no {name}: that takes a board")


def pin_of(options: "Options", key: str = "pin") -> "Any":  # noqa: ANN401 - machine.Pin
    """The pin of an option. ValueError if it is missing, or the board has no such pin."""
    if key not in options:
        raise ValueError(f"which {key}?")
    return part("Pin")(options[key])


class Analog:
    """An analog input on the option `pin`, over the widest range of the board."""

    def __init__(self, options: "Options") -> None:
        kind = part("ADC")
        self._adc = kind(pin_of(options))
        if hasattr(kind, "ATTN_11DB"):  # without it an ESP32 measures up to 1 V
            self._adc.atten(kind.ATTN_11DB)

    def raw(self) -> int:
        """The raw reading, 0 to 65535."""
        return self._adc.read_u16()

    def uv(self) -> int:
        """The reading in microvolts, calibrated if the board can (ESP32).

        ValueError at full scale, as the voltage may be higher.
        """
        if self._adc.read_u16() >= ADC_MOST:
            raise ValueError("the pin is at its most: are there more volts than it can measure?")
        if hasattr(self._adc, "read_uv"):
            return self._adc.read_uv()
        return self._adc.read_u16() * SUPPLY_UV // ADC_MOST


class Chip:
    """An address on an I2C bus. ValueError with what to do if nothing answers."""

    def __init__(self, i2c: "Any", address: int, others: "list[int]") -> None:  # noqa: ANN401
        self._i2c = i2c
        self.address = address
        self._others = others

    def write(self, data: bytes) -> None:
        """Send bytes."""
        try:
            self._i2c.writeto(self.address, data)
        except OSError:
            self._unanswered()

    def read(self, count: int) -> bytes:
        """Read bytes."""
        try:
            return self._i2c.readfrom(self.address, count)
        except OSError:
            return self._unanswered()

    def registers(self, first: int, count: int) -> bytes:
        """Read bytes from a register on."""
        try:
            return self._i2c.readfrom_mem(self.address, first, count)
        except OSError:
            return self._unanswered()

    def _unanswered(self) -> bytes:
        for other in self._others:  # no scan of all addresses: that takes seconds if the bus hangs
            try:
                self._i2c.readfrom(other, 1)
            except OSError:
                continue
            raise ValueError(
                f"no answer at address {self.address:#x}, but one at {other:#x}: set address"
            )
        raise ValueError(
            f"no answer at address {self.address:#x}: is it wired to SDA and SCL of this bus?"
        )


class Buses:
    """The buses of one board. `wired`: options of all things on them; the pins of an I2C bus count
    for all on it.
    """

    def __init__(self, wired: "list[Options]") -> None:
        self._i2c: dict[int, Any] = {}  # number: bus
        self._wires: dict[object, Any] = {}  # pin: bus
        self._given: dict[int, Options] = {}  # number: options for it
        for options in wired:
            given = self._given.setdefault(options.get("bus", 0), {})
            for key in ("sda", "scl", "freq"):
                if key in options:
                    given.setdefault(key, options[key])

    def chip(self, options: "Options", addresses: "tuple[int, ...]") -> Chip:
        """The chip at the option `address`, or at the first of its usual addresses."""
        given = options.get("address", addresses[0])
        address = int(given, 0) if isinstance(given, str) else given
        if not FIRST_ADDRESS <= address <= LAST_ADDRESS:
            raise ValueError(f"address {address:#x} is none of I2C: they go from 0x8 to 0x77")
        others = [other for other in addresses if other != address]
        return Chip(self._bus(options), address, others)

    def _bus(self, options: "Options") -> "Any":  # noqa: ANN401 - machine.I2C
        number = options.get("bus", 0)
        given = self._given[number]
        for key in ("sda", "scl"):
            if options.get(key, given.get(key)) != given.get(key):
                raise ValueError(f"another sensor has {key} of I2C bus {number} on {given[key]}")
        if number not in self._i2c:
            pins = {key: pin_of(given, key) for key in ("sda", "scl") if key in given}
            freq = given.get("freq", FREQ)
            self._i2c[number] = part("I2C")(number, freq=freq, **pins)
        return self._i2c[number]

    def onewire(self, options: "Options") -> "Any":  # noqa: ANN401 - onewire.OneWire
        """The 1-Wire bus on the option `pin`, by MicroPython's own module."""
        pin = pin_of(options)
        key = options["pin"]
        if key not in self._wires:
            from onewire import OneWire  # noqa: PLC0415 - frozen into boards, not there on unix

            self._wires[key] = OneWire(pin)
        return self._wires[key]
