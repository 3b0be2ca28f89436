"""What this computer can measure of itself, by psutil; each kind as on a board: UNIT, and read()
of one value.

Units are those of the SenML registry (RFC 8428 s.12.1, RFC 8798); "%" is not recommended there, so
shares are ratios of unit "/", from 0 to 1.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import psutil

from mesh.core import senml
from mesh.core.cbor import Decimal
from mesh.core.errors import LocalError
from mesh.core.near import near
from mesh.core.settings import Sensor

EVERY_MS = 10_000
MANY = 1 << 53
SLOW_MS = 60_000

Value = int | Decimal
Options = Mapping[str, Any]


class Reader(Protocol):
    """A sensor in use. read() may block for some milliseconds; LocalError says why there is no
    value.
    """

    UNIT: str
    RANGE: tuple[float, float]  # what it can be: see Checked

    def read(self) -> Value:
        """The value now."""


class Load:
    """Processes that want to run, for each processor, averaged over a minute."""

    UNIT = "/"
    RANGE = (0, 1 << 20)

    def __init__(self, options: Options) -> None:
        self._processors = psutil.cpu_count() or 1

    def read(self) -> Value:
        """The value now."""
        return senml.number(psutil.getloadavg()[0] / self._processors, 3)


class Cpu:
    """The share of time in which the processors worked since the last reading, or the start."""

    UNIT = "/"
    RANGE = (0, 1)

    def __init__(self, options: Options) -> None:
        self._before = (0.0, 0.0)

    def read(self) -> Value:
        """The value now."""
        times = psutil.cpu_times()._asdict()
        idle = times["idle"] + times.get("iowait", 0.0)
        # Linux counts the time of guests among the user's, too.
        total = sum(times.values()) - times.get("guest", 0.0) - times.get("guest_nice", 0.0)
        worked = total - idle
        (worked_before, total_before), self._before = self._before, (worked, total)
        share = (worked - worked_before) / max(total - total_before, 0.01)
        return senml.number(min(max(share, 0.0), 1.0), 3)


class Memory:
    """The share of memory in use."""

    UNIT = "/"
    RANGE = (0, 1)

    def __init__(self, options: Options) -> None:
        pass

    def read(self) -> Value:
        """The value now."""
        return senml.number(psutil.virtual_memory().percent / 100, 3)


class MemoryFree:
    """Bytes of memory that programs can still have."""

    UNIT = "B"
    RANGE = (0, MANY)

    def __init__(self, options: Options) -> None:
        pass

    def read(self) -> Value:
        """The value now."""
        return int(psutil.virtual_memory().available)


class Disk:
    """The share of a disk in use. Option `path`: anything on that disk."""

    UNIT = "/"
    RANGE = (0, 1)

    def __init__(self, options: Options) -> None:
        self._path = str(options.get("path", Path.home().anchor))
        self.read()

    def read(self) -> Value:
        """The value now."""
        try:
            return senml.number(psutil.disk_usage(self._path).percent / 100, 3)
        except OSError as error:
            raise LocalError(f"{self._path}: {error.strerror}") from error


class _Network:
    UNIT = "B"
    RANGE = (0, MANY)
    COUNTER = ""

    def __init__(self, options: Options) -> None:
        self._interface = options.get("interface")
        self.read()

    def read(self) -> Value:
        """The value now."""
        every = psutil.net_io_counters(pernic=True)
        if self._interface is None:
            outside = [counters for name, counters in every.items() if name != "lo"]
            return int(sum(getattr(counters, self.COUNTER) for counters in outside))
        if self._interface not in every:
            raise LocalError(
                f"no interface '{self._interface}'", f"there are: {', '.join(sorted(every))}"
            )
        return int(getattr(every[self._interface], self.COUNTER))


class Received(_Network):
    """Bytes received since the computer was started. Option `interface`; without it all but
    loopback.
    """

    COUNTER = "bytes_recv"


class Sent(_Network):
    """Bytes sent since the computer was started. Options as of Received."""

    COUNTER = "bytes_sent"


class Temperature:
    """The hottest place, or that of the option `chip` (as in `sensors`) and `label`.

    Places that tell no temperature are left out: an absent one gives 127, -128, -273.15 (0 K of an
    NVMe disk; psutil issue 2551) or 65261.85 (0xFFFF K), one that is switched off exactly 0.
    """

    UNIT = "Cel"
    RANGE = (-40, 126)

    def __init__(self, options: Options) -> None:
        self._chip = options.get("chip")
        self._label = options.get("label")
        self.read()

    def read(self) -> Value:
        """The value now."""
        chips = psutil.sensors_temperatures() if hasattr(psutil, "sensors_temperatures") else {}
        values = [
            place.current
            for chip, places in chips.items()
            for place in places
            if self._chip in (None, chip) and self._label in (None, place.label)
        ]
        if not values:
            raise LocalError(
                "no such temperature sensor", f"there are: {', '.join(sorted(chips)) or 'none'}"
            )
        low, high = self.RANGE
        true = [value for value in values if value and low <= value <= high]
        if not true:
            raise LocalError(f"it tells no temperature, but {values[0]}")
        return senml.number(max(true), 1)


class Battery:
    """How full the battery is: the registry's unit for that is %EL."""

    UNIT = "%EL"
    RANGE = (0, 100)

    def __init__(self, options: Options) -> None:
        self.read()

    def read(self) -> Value:
        """The value now."""
        battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
        if battery is None:
            raise LocalError("no battery here")
        return senml.number(battery.percent, 1)


class Uptime:
    """Seconds since the computer was started."""

    UNIT = "s"
    RANGE = (0, MANY)

    def __init__(self, options: Options) -> None:
        pass

    def read(self) -> Value:
        """The value now."""
        return int(time.time() - psutil.boot_time())


KINDS: Mapping[str, type[Any]] = {
    "load": Load,
    "cpu": Cpu,
    "memory": Memory,
    "memory-free": MemoryFree,
    "disk": Disk,
    "received": Received,
    "sent": Sent,
    "temperature": Temperature,
    "battery": Battery,
    "uptime": Uptime,
}


# what psutil raises where a kernel tells nothing, or what psutil does not expect
FAULTS = (
    LocalError, OSError, ValueError, LookupError, ArithmeticError, AttributeError, TypeError,
    RuntimeError, psutil.Error,
)  # fmt: skip


class Checked:
    """A reader whose values are ones that can be."""

    def __init__(self, reader: Reader) -> None:
        self.UNIT = reader.UNIT
        self.RANGE = reader.RANGE
        self._reader = reader

    def read(self) -> Value:
        """The value now; LocalError for one that cannot be."""
        value = self._reader.read()
        low, high = self.RANGE
        if not low <= float(value) <= high:
            raise LocalError(f"it says {value} {self.UNIT}, and can be {low} to {high}")
        return value


class Absent:
    """Stands for a sensor that cannot be read here now: each time it is tried anew."""

    def __init__(self, kind: type[Any], options: Options) -> None:
        self.UNIT: str = kind.UNIT
        self.RANGE: tuple[float, float] = kind.RANGE
        self._kind = kind
        self._options = options
        self._reader: Reader | None = None

    def read(self) -> Value:
        """The value now; whatever it raises is the reason why there is none."""
        if self._reader is None:
            self._reader = self._kind(self._options)
        return self._reader.read()


def make(sensor: Sensor) -> Reader:
    """The reader for a sensor of the settings; one that only gives the reason where this computer
    has none.

    LocalError, with the near miss, for an unknown kind.
    """
    kind = KINDS.get(sensor.kind)
    if kind is None:
        meant = near(sensor.kind, KINDS)
        help = f"did you mean '{meant}'?" if meant else f"there are: {', '.join(KINDS)}"
        raise LocalError(f"no kind of sensor '{sensor.kind}' on a desktop", help)
    try:
        reader: Reader = kind(sensor.options)
    except FAULTS:
        reader = Absent(kind, sensor.options)
    return Checked(reader)


def default_set() -> dict[str, Sensor]:
    """The sensors of a desktop whose settings name none: what this computer has."""
    found = {}
    for name, every_ms in (
        ("load", EVERY_MS),
        ("cpu", EVERY_MS),
        ("memory", EVERY_MS),
        ("temperature", EVERY_MS),
        ("disk", SLOW_MS),
        ("battery", SLOW_MS),
    ):
        sensor = Sensor(name, every_ms, {})
        try:
            KINDS[name](sensor.options)
        except FAULTS:
            continue
        found[name] = sensor
    return found
