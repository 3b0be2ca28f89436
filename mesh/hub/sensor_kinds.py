"""What this computer measures of itself, by psutil: a class for each kind, as on boards; OPTIONS
has what its settings may say besides, and what that has to be.

Units are those of the SenML registry (RFC 8428 s.12.1, RFC 8798); "%" is not recommended there, so
shares are ratios of unit "/", from 0 to 1.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from mesh.core import senml
from mesh.core.cbor import Decimal
from mesh.core.errors import LocalError
from mesh.hub.own_kinds import Command, File

MANY = 1 << 53

Value = int | Decimal
Options = Mapping[str, Any]

# what OPTIONS say of an option, as mesh.core.settings.SCHEMA does
PATH = (str, "a path", 1, 4096)
NAME = (str, "a text", 1, 255)


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
    """The share of a disk in use. Option `path`: anything on that disk; `removable`: it need not
    be there.
    """

    UNIT = "/"
    RANGE = (0, 1)
    OPTIONS: Mapping[str, Any] = {"path": PATH, "removable": (bool, "true or false")}

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
    OPTIONS: Mapping[str, Any] = {"interface": NAME}
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
    OPTIONS: Mapping[str, Any] = {"chip": NAME, "label": NAME}

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
    "command": Command,
    "file": File,
}
