"""A board on a workbench, without a board: time, pins and buses, for both interpreters.

`with Bench() as bench:` puts stand-ins for MicroPython's `machine`, `onewire` and `dht` where
imports find them. Chips (chips.py) are put on it and pulled off it; time passes by run() alone.
"""

import sys

NACK, TIMEOUT = 5, 110  # EIO and ETIMEDOUT, as on rp2


class Pin:
    IN, OUT, OPEN_DRAIN = 0, 1, 2
    PULL_UP, PULL_DOWN = 1, 2
    IRQ_RISING, IRQ_FALLING = 4, 8
    bench = None

    def __init__(self, number, mode=None):
        if number == 99:
            raise ValueError("no such pin")
        self.number = number
        self.bench.opened.append(("Pin", number))

    def init(self, mode, pull=None):
        self.bench.pulls[self.number] = pull

    def value(self, *level):
        if level:
            self.bench.levels[self.number] = int(level[0])
        return self.bench.levels.get(self.number, int(self.bench.pulls.get(self.number) == 1))

    def irq(self, handler, trigger):
        self.bench.watched[self.number] = (handler, trigger)


class I2C:
    bench = None

    def __init__(self, number, freq=0, **pins):
        names = sorted((key, pins[key].number) for key in pins)
        self.bench.opened.append(("I2C", number, freq, names))

    def _chip(self, address):
        chip = self.bench.i2c.get(address)
        if chip is None:
            raise OSError(NACK)
        return chip

    def writeto(self, address, data):
        self._chip(address).write(self.bench.now(), bytes(data))

    def readfrom(self, address, count):
        return self._chip(address).read(self.bench.now(), count)

    def readfrom_mem(self, address, first, count):
        chip = self._chip(address)
        chip.write(self.bench.now(), bytes([first]))
        return chip.read(self.bench.now(), count)


class ADC:
    """As on rp2: it has no volts of its own."""

    bench = None

    def __init__(self, pin):
        self.pin = pin.number

    def read_u16(self):
        return self.bench.raw[self.pin]


class CalibratedADC(ADC):
    """As on ESP32."""

    ATTN_11DB = 3

    def atten(self, range):
        self.bench.opened.append(("atten", range))

    def read_uv(self):
        return self.bench.uv[self.pin]


class PWM:
    bench = None

    def __init__(self, pin, freq, duty_ns):
        self.pin = pin.number
        self.bench.opened.append(("PWM", pin.number, freq))
        self.duty_ns(duty_ns)

    def duty_ns(self, ns):
        self.bench.pulses.append((self.pin, ns))


class OneWire:
    """Bytes on a wire where whoever is not asked stays silent, and a 0 beats a 1."""

    bench = None

    def __init__(self, pin):
        self.pin = pin.number
        self.bench.opened.append(("OneWire", pin.number))

    def _chips(self):
        return self.bench.wires.get(self.pin, [])

    def reset(self, required=False):
        for chip in self._chips():
            chip.reset(self.bench.now())
        return bool(self._chips()) or self.pin in self.bench.shorted

    def writebyte(self, byte):
        for chip in self._chips():
            chip.take(self.bench.now(), byte)

    def write(self, data):
        for byte in data:
            self.writebyte(byte)

    def readbit(self):
        return int(
            all(chip.bit() for chip in self._chips()) and self.pin not in self.bench.shorted
        )

    def readinto(self, data):
        for i in range(len(data)):
            data[i] = 0 if self.pin in self.bench.shorted else 0xFF
            for chip in self._chips():
                data[i] &= chip.give()

    def scan(self):
        return [bytearray(chip.rom) for chip in self._chips()]

    def crc8(self, data):
        return crc8(data)


def crc8(data):
    """Maxim's, with the polynomial x^8 + x^5 + x^4 + 1, the lowest bit first."""
    crc = 0
    for byte in data:
        for i in range(8):
            mixed = (crc ^ byte >> i) & 1
            crc = crc >> 1 ^ (0x8C if mixed else 0)
    return crc


class Bench:
    def __init__(self):
        self.ms = 1000
        self.opened = []
        self.i2c = {}  # address: chip
        self.wires = {}  # pin: [chips]
        self.shorted = ()  # pins
        self.dht = {}  # pin: chip
        self.levels, self.pulls, self.watched = {}, {}, {}  # of pins
        self.raw, self.uv = {}, {}  # of analog inputs
        self.pulses = []
        self.lines = []  # what the console told: (what, {fields})
        self.readings = []  # (ms, name, value)
        self.units, self.errors = {}, {}
        self.actuators, self.acted = {}, []
        self.as_json = False
        self.peer = self.kit = self
        self.calibrated = False

    def __enter__(self):
        def dht_readinto(pin, data):
            if pin.number not in self.dht:
                raise OSError(TIMEOUT)
            self.dht[pin.number].readinto(self.now(), data)

        for kind in (Pin, I2C, ADC, PWM, OneWire):
            kind.bench = self
        adc = CalibratedADC if self.calibrated else ADC
        adc.bench = self
        sys.modules["machine"] = _module(Pin=Pin, I2C=I2C, ADC=adc, PWM=PWM)
        sys.modules["onewire"] = _module(OneWire=OneWire)
        sys.modules["dht"] = _module(dht_readinto=dht_readinto)
        return self

    def __exit__(self, *_):
        for name in ("machine", "onewire", "dht"):
            del sys.modules[name]

    def now(self):
        return self.ms

    # what of a node and a console is used by mesh.device.parts

    def guard(self, part, work, *given):
        work(*given)
        return ""

    def add_sensor(self, name, unit, every_ms):
        self.units[name] = unit

    def reading(self, now_ms, name, value):
        self.readings.append((now_ms, name, value))
        self.errors.pop(name, None)

    def sensor_failed(self, name, reason):
        self.errors[name] = reason

    def add_actuator(self, name, apply, value):
        self.actuators[name] = apply

    def actuate(self, now_ms, name, value, by):
        self.actuators[name](value)
        self.acted.append((now_ms, name, value))

    def tell(self, what, **fields):
        self.lines.append((what, fields))

    # what a test does

    def plug(self, **things):
        """Have sensors and actuators by name, as in settings: sensors={...}, actuators={...}."""
        from mesh.core.policy.settings import parse  # noqa: PLC0415 - a whole board brings its own
        from mesh.device import parts  # noqa: PLC0415

        profile = parse(things)
        modules = {}
        for package, found in (("sensors", profile.sensors), ("actuators", profile.actuators)):
            for name in found:
                path = "mesh.device." + package + "." + found[name].kind
                modules[package + "." + name] = __import__(path, None, None, ("OPTIONS",))
        self.jobs = [[self.ms, job] for _, job in parts.add(self, profile, modules, self)]
        return self

    def run(self, ms):
        """Let time pass, and do what is due; give the readings of that time, as {name: value}."""
        end = self.ms + ms
        before = len(self.readings)
        while self.jobs and min(at for at, _ in self.jobs) <= end:
            due = min(at for at, _ in self.jobs)
            self.ms = max(self.ms, due)
            for entry in self.jobs:
                if entry[0] <= self.ms:
                    entry[0] = self.ms + entry[1](self.ms)
        self.ms = end
        return {name: told(value) for _, name, value in self.readings[before:]}

    def level(self, pin, level):
        """Change what is on a pin, with its interrupt."""
        before = self.levels.get(pin)
        self.levels[pin] = level
        handler, trigger = self.watched.get(pin, (None, 0))
        edge = Pin.IRQ_RISING if level else Pin.IRQ_FALLING
        if handler and before != level and trigger & edge:
            handler(None)


def told(value):
    """A value as its text: 25.08 is that, and no float that is near it."""
    return str(value) if hasattr(value, "mantissa") else value


class _Module:
    pass


def _module(**things):
    made = _Module()
    for name, thing in things.items():
        setattr(made, name, thing)
    return made
