"""Sensors of a desktop, made from its settings. Impossible values are refused."""

from typing import Any, Protocol

import psutil

from mesh.core.errors import LocalError
from mesh.core.policy.section_table import Sensor
from mesh.core.policy.suggest import near
from mesh.hub.own.plain_values import Value
from mesh.hub.own.sensor_kinds import KINDS, Options

EVERY_MS = 10_000
SLOW_MS = 60_000


class Reader(Protocol):
    """Interface of a sensor in use. read() may block for some milliseconds; LocalError has the
    reason if there is no value.
    """

    UNIT: str
    RANGE: tuple[float, float] | None  # possible values, see Checked; None: any

    def read(self) -> Value:
        """The current value."""

    def close(self) -> None:
        """Stop reading. For any thread."""


# what psutil raises if the kernel gives nothing, or something unexpected
FAULTS = (
    LocalError, OSError, ValueError, LookupError, ArithmeticError, AttributeError, TypeError,
    RuntimeError, SystemError, AssertionError, EOFError, psutil.Error,
)  # fmt: skip


class Checked:
    """A reader that refuses impossible values."""

    def __init__(self, reader: Reader) -> None:
        self.UNIT = reader.UNIT
        self.RANGE = reader.RANGE
        self._reader = reader

    def read(self) -> Value:
        """The current value. LocalError for an impossible one."""
        value = self._reader.read()
        if self.RANGE is None:
            return value
        low, high = self.RANGE
        if not low <= float(value) <= high:
            raise LocalError(f"it says {value} {self.UNIT}, and can be {low} to {high}")
        return value

    def close(self) -> None:
        """Stop reading."""
        self._reader.close()


class Later:
    """A sensor created at its first reading, as its device may be missing or hang. Retried at each
    reading until it works.
    """

    def __init__(self, kind: type[Any], options: Options) -> None:
        self.UNIT: str = options.get("unit", kind.UNIT)
        self.RANGE: tuple[float, float] | None = kind.RANGE
        self._kind = kind
        self._options = options
        self._reader: Reader | None = None

    def read(self) -> Value:
        """The current value. What it raises is the reason why there is none."""
        if self._reader is None:
            self._reader = self._kind(self._options)
        return self._reader.read()

    def close(self) -> None:
        """Stop reading, if that is possible."""
        close = getattr(self._reader, "close", None)
        if close is not None:
            close()


def make(sensor: Sensor) -> Reader:
    """The reader of a sensor in the settings; one that only gives a reason if this computer has
    none. Nothing is read yet.

    LocalError, with a suggestion, for an unknown kind.
    """
    kind = KINDS.get(sensor.kind)
    if kind is None:
        meant = near(sensor.kind, KINDS)
        help = f"did you mean '{meant}'?" if meant else f"there are: {', '.join(KINDS)}"
        raise LocalError(f"no kind of sensor '{sensor.kind}' on a desktop", help)
    return Checked(Later(kind, sensor.options))


def default_set() -> dict[str, Sensor]:
    """The sensors of a desktop whose settings name none: those that this computer has."""
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
