"""Jobs for a board's sensors and actuators. None can stop the board, or delay it for long."""

from mesh.core.codec.senml import number
from mesh.core.errors import LocalError
from mesh.core.kit import NO_ROOM
from mesh.device.sensors import checked, readings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.node import Node
    from mesh.core.policy.section_table import Sensor as Wanted
    from mesh.core.policy.settings import Profile
    from mesh.device.buses import Buses
    from mesh.device.console import Console

DIGITS = 3  # decimals of a reading that is a float
AGAIN_MS = 1000  # retry after memory ran out
RETRY_MS = 10_000  # retry after a failure, if the next reading is later than that
# raised by drivers, and by ports that lack a pin, bus or module
FAULTS = (OSError, ValueError, LocalError, ImportError, RuntimeError, TypeError)
MOST_FAULTS = 3  # faults of a driver in a row; after that one attempt in 64 s
CHECK_MS = 1000  # interval of checks of an actuator that switches itself off


class Measuring:
    """A job of the loop that reads one sensor. Each call does one step, and gives the ms until the
    next.

    It reports when the sensor begins to fail, and when it works again.
    """

    def __init__(
        self,
        name: str,
        module: "Any",  # noqa: ANN401 - a module of mesh.device.sensors
        wanted: "Wanted",
        node: "Node",
        console: "Console",
    ) -> None:
        self._name = name
        self._module = module
        self._options = wanted.options
        self._every_ms = wanted.every_ms
        self._node = node
        self._console = console
        self._names = readings(name, module, wanted.options)
        for reading in self._names:
            node.add_sensor(reading, self._names[reading], wanted.every_ms)
        self.buses: Buses | None = None
        self._sensor: Any = None
        self._began_ms: int | None = None  # when the present measurement began
        self._waiting = False  # whether start() was called and read() is due
        self._samples: list[Any] = []
        self._seen: object = None  # the last value of a watched sensor, and when it was reported
        self._told_ms = 0
        self._error = ""
        self._faults = 0  # unforeseen faults in a row

    def __call__(self, now_ms: int) -> int:
        """Do the next step. Gives the ms until the next call."""
        done: list[Any] = []  # [ms until the next call]
        fault = self._node.peer.kit.guard("sensor " + self._name, self._try, now_ms, done)
        if fault == NO_ROOM:  # retried from the first sample
            self._began_ms = None
            self._waiting = False
            self._samples.clear()
            return AGAIN_MS
        error, again = done or (fault, 0)
        if error:
            again = max(min(self._every_ms, RETRY_MS), self._rest_ms())
            self._failed(error)
        self._faults = min(self._faults + 1, MOST_FAULTS) if fault else 0
        if fault:  # ever more rarely, as many faults in a minute restart the board
            again = max(again, 1000 << 2 * self._faults)
        if error != self._error and (error or self._began_ms is None):
            self._error = error
            self._console.tell("failing" if error else "works", sensor=self._name, reason=error)
        return again

    def _try(self, now_ms: int, done: "list[Any]") -> None:
        try:
            done[:] = ["", self._step(now_ms)]
        except FAULTS as caught:
            done[:] = [str(caught) or type(caught).__name__, 0]

    def _step(self, now_ms: int) -> int:
        sensor = self._sensor
        if sensor is None:
            sensor = self._sensor = self._open()
        if self._began_ms is None:
            self._began_ms = now_ms
        if hasattr(sensor, "watch_ms"):
            return self.look(now_ms, sensor)
        if hasattr(sensor, "start") and not self._waiting:
            self._waiting = True
            return sensor.start() + 1  # +1, as part of the present ms is over
        self._waiting = False
        self._samples.append(self._read(sensor))
        if len(self._samples) < self._options.get("samples", 1):
            return max(self._options.get("pause_ms", 0), self._rest_ms())
        due_ms = self._began_ms + self._every_ms
        samples, self._samples, self._began_ms = self._samples, [], None
        self._tell(now_ms, samples)
        return max(due_ms - now_ms, self._rest_ms())

    def _open(self) -> "Any":  # noqa: ANN401 - a Sensor
        if hasattr(self._module, "BUS"):
            return self._module.Sensor(self._options, self.buses)
        return self._module.Sensor(self._options)

    def _rest_ms(self) -> int:
        return getattr(self._module.Sensor, "rest_ms", 0)

    def _read(self, sensor: "Any") -> "dict[str, Any]":  # noqa: ANN401
        value = sensor.read()
        ranges = getattr(self._module, "RANGES", {})
        if isinstance(value, dict):
            return {
                self._name + "." + key: checked(_exact(value[key]), ranges.get(key))
                for key in value
            }
        return {self._name: checked(_exact(value), ranges.get(""))}

    def look(self, now_ms: int, sensor: "Any") -> int:  # noqa: ANN401
        """Report a change at once, and otherwise the value now and then."""
        value = self._read(sensor)
        self._began_ms = None
        if value != self._seen or now_ms - self._told_ms >= self._every_ms:
            self._seen = value
            self._told_ms = now_ms
            self._tell(now_ms, [value])
        return sensor.watch_ms

    def _tell(self, now_ms: int, samples: "list[dict[str, Any]]") -> None:
        for name in sorted(self._names):
            if name not in samples[-1]:
                self._node.sensor_failed(name, "this chip does not measure that")
                continue
            value = samples[-1][name]
            if len(samples) > 1:
                from mesh.device.averaging import average  # noqa: PLC0415 - heap, as it is rare

                taken = [sample[name] for sample in samples]
                value = average(taken, self._options.get("average", "mean"))
            self._node.reading(now_ms, name, value)
            if self._console.as_json:
                self._console.tell("measured", sensor=name, value=value)

    def _failed(self, reason: str) -> None:
        """Begin again, with the chip too, as it may have lost power."""
        self._sensor = self._began_ms = self._seen = None
        self._waiting = False
        self._samples = []
        for name in self._names:
            self._node.sensor_failed(name, reason)


def _exact(value: "Any") -> "Any":  # noqa: ANN401 - what a sensor reads
    return number(value, DIGITS) if isinstance(value, float) else value


class Guard:
    """A job of the loop for an actuator that may change by itself: see wish()."""

    def __init__(self, name: str, actuator: "Any", node: "Node", console: "Console") -> None:  # noqa: ANN401
        self._name = name
        self._actuator = actuator
        self._node = node
        self._console = console

    def __call__(self, now_ms: int) -> int:
        """Apply what the actuator wishes."""
        wish = self._actuator.wish(now_ms)
        if wish is not None:
            self._node.peer.actuate(now_ms, self._name, wish, None)
        return CHECK_MS


def add(
    node: "Node", profile: "Profile", modules: "dict[str, Any]", console: "Console"
) -> "list[tuple[int, Callable[[int], int]]]":
    """Add to the node what its settings name. Gives the jobs of the loop, [(every ms, job)]."""
    jobs: list[tuple[int, Any]] = []
    wired = [name for name in profile.sensors if hasattr(modules["sensors." + name], "BUS")]
    buses = _buses([profile.sensors[name].options for name in sorted(wired)]) if wired else None
    for name in sorted(profile.sensors):
        wanted = profile.sensors[name]
        measuring = Measuring(name, modules["sensors." + name], wanted, node, console)
        measuring.buses = buses
        jobs.append((wanted.every_ms, measuring))
    for name in sorted(profile.actuators):
        try:
            actuator = modules["actuators." + name].Actuator(name, profile.actuators[name].options)
            node.add_actuator(name, actuator.apply, actuator.value)
        except FAULTS as error:
            console.tell("failing", actuator=name, reason=str(error))
            continue
        if hasattr(actuator, "wish"):
            jobs.append((CHECK_MS, Guard(name, actuator, node, console)))
    return jobs


def _buses(wired: "list[dict[str, Any]]") -> "Buses":
    from mesh.device.buses import Buses  # noqa: PLC0415 - heap only where it is used

    return Buses(wired)
