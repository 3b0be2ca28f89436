"""Kinds of sensors that measure this computer, by psutil: a class for each, as on boards. OPTIONS
has their further settings, with types.

Units are those of the SenML registry (RFC 8428 s.12.1, RFC 8798). "%" is not recommended there, so
shares are ratios of unit "/", from 0 to 1.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from mesh.core.codec import senml
from mesh.core.codec.cbor import Decimal
from mesh.core.errors import LocalError
from mesh.hub.own.own_kinds import Command, File

MANY = 1 << 53

Value = int | Decimal
Options = Mapping[str, Any]

# types of options, as in THINGS of mesh.core.policy.section_table
PATH = (str, "a path", 1, 4096)
NAME = (str, "a text", 1, 255)


class Load:
    """Load average over a minute, per CPU."""

    UNIT = "/"
    RANGE = (0, 1 << 20)

    def __init__(self, options: Options) -> None:
        self._processors = psutil.cpu_count() or 1

    def read(self) -> Value:
        """The current value."""
        return senml.number(psutil.getloadavg()[0] / self._processors, 3)


class Cpu:
    """Share of time in which the CPUs worked since the last reading, or the start."""

    UNIT = "/"
    RANGE = (0, 1)

    def __init__(self, options: Options) -> None:
        self._before = (0.0, 0.0)

    def read(self) -> Value:
        """The current value."""
        times = psutil.cpu_times()._asdict()
        idle = times["idle"] + times.get("iowait", 0.0)
        # Linux counts the time of guests as user time, too
        total = sum(times.values()) - times.get("guest", 0.0) - times.get("guest_nice", 0.0)
        worked = total - idle
        (worked_before, total_before), self._before = self._before, (worked, total)
        share = (worked - worked_before) / max(total - total_before, 0.01)
        return senml.number(min(max(share, 0.0), 1.0), 3)


class Memory:
    """Share of memory in use."""

    UNIT = "/"
    RANGE = (0, 1)

    def __init__(self, options: Options) -> None:
        pass

    def read(self) -> Value:
        """The current value."""
        return senml.number(psutil.virtual_memory().percent / 100, 3)


class MemoryFree:
    """Bytes of available memory."""

    UNIT = "B"
    RANGE = (0, MANY)

    def __init__(self, options: Options) -> None:
        pass

    def read(self) -> Value:
        """The current value."""
        return int(psutil.virtual_memory().available)


class Disk:
    """Share of a disk in use. Option `path`: anything on that disk; `removable`: it need not
    exist.
    """

    UNIT = "/"
    RANGE = (0, 1)
    OPTIONS: Mapping[str, Any] = {"path": PATH, "removable": (bool, "true or false")}

    def __init__(self, options: Options) -> None:
        self._path = str(options.get("path", Path.home().anchor))
        self.read()

    def read(self) -> Value:
        """The current value."""
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
        """The current value."""
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
    """Bytes received since the computer started. Option `interface`; by default all but
    loopback.
    """

    COUNTER = "bytes_recv"


class Sent(_Network):
    """Bytes sent since the computer started. Options as in Received."""

    COUNTER = "bytes_sent"


class Temperature:
    """The highest temperature, or that of the option `chip` (as in `sensors`) and `label`.

    Invalid values are ignored: an absent sensor gives 127, -128, -273.15 (0 K of an NVMe disk;
    psutil issue 2551) or 65261.85 (0xFFFF K), one that is switched off exactly 0.
    """

    UNIT = "Cel"
    RANGE = (-40, 126)
    OPTIONS: Mapping[str, Any] = {"chip": NAME, "label": NAME}

    def __init__(self, options: Options) -> None:
        self._chip = options.get("chip")
        self._label = options.get("label")
        self.read()

    def read(self) -> Value:
        """The current value."""
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
            raise LocalError(f"it gives no temperature, but {values[0]}")
        return senml.number(max(true), 1)


class Battery:
    """Charge of the battery; the registry's unit for that is %EL."""

    UNIT = "%EL"
    RANGE = (0, 100)

    def __init__(self, options: Options) -> None:
        self.read()

    def read(self) -> Value:
        """The current value."""
        battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
        if battery is None:
            raise LocalError("no battery here")
        return senml.number(battery.percent, 1)


class Uptime:
    """Seconds since the computer started."""

    UNIT = "s"
    RANGE = (0, MANY)

    def __init__(self, options: Options) -> None:
        pass

    def read(self) -> Value:
        """The current value."""
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
