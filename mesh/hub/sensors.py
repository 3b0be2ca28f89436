"""The sensors of a desktop: made of settings, and none of them gives a value that cannot be."""

from typing import Any, Protocol

import psutil

from mesh.core.errors import LocalError
from mesh.core.near import near
from mesh.core.settings import Sensor
from mesh.hub.plain_values import Value
from mesh.hub.sensor_kinds import KINDS, Options

EVERY_MS = 10_000
SLOW_MS = 60_000


class Reader(Protocol):
    """A sensor in use. read() may block for some milliseconds; LocalError says why there is no
    value.
    """

    UNIT: str
    RANGE: tuple[float, float] | None  # what it can be: see Checked; None: anything

    def read(self) -> Value:
        """The value now."""

    def close(self) -> None:
        """Leave off what is being read; for any thread."""


# what psutil raises where a kernel tells nothing, or what psutil does not expect
FAULTS = (
    LocalError, OSError, ValueError, LookupError, ArithmeticError, AttributeError, TypeError,
    RuntimeError, SystemError, AssertionError, EOFError, psutil.Error,
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
        if self.RANGE is None:
            return value
        low, high = self.RANGE
        if not low <= float(value) <= high:
            raise LocalError(f"it says {value} {self.UNIT}, and can be {low} to {high}")
        return value

    def close(self) -> None:
        """Leave off what is being read."""
        self._reader.close()


class Later:
    """A sensor that is made when it is read first, as it may not be here, or stand still: each
    time it is tried anew.
    """

    def __init__(self, kind: type[Any], options: Options) -> None:
        self.UNIT: str = options.get("unit", kind.UNIT)
        self.RANGE: tuple[float, float] | None = kind.RANGE
        self._kind = kind
        self._options = options
        self._reader: Reader | None = None

    def read(self) -> Value:
        """The value now; whatever it raises is the reason why there is none."""
        if self._reader is None:
            self._reader = self._kind(self._options)
        return self._reader.read()

    def close(self) -> None:
        """Leave off what is being read, if there is a way."""
        close = getattr(self._reader, "close", None)
        if close is not None:
            close()


def make(sensor: Sensor) -> Reader:
    """The reader for a sensor of the settings; one that only gives the reason where this computer
    has none. Nothing is read yet.

    LocalError, with the near miss, for an unknown kind.
    """
    kind = KINDS.get(sensor.kind)
    if kind is None:
        meant = near(sensor.kind, KINDS)
        help = f"did you mean '{meant}'?" if meant else f"there are: {', '.join(KINDS)}"
        raise LocalError(f"no kind of sensor '{sensor.kind}' on a desktop", help)
    return Checked(Later(kind, sensor.options))


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
