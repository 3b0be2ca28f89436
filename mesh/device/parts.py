"""A board's sensors and actuators: found by their kind, and none of them can stop the board."""

import os

from mesh.core import settings
from mesh.core.errors import LocalError
from mesh.core.senml import number
from mesh.device import actuators, sensors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.node import Node
    from mesh.core.settings import Profile
    from mesh.device.console import Console

DIGITS = 3  # of a reading that is a float


class Measuring:
    """Reads one sensor, now and then; tells when it fails and when it comes back."""

    def __init__(
        self, name: str, make: "object", options: "dict", node: "Node", console: "Console"
    ) -> None:
        self._name = name
        self._make = make
        self._options = options
        self._node = node
        self._console = console
        self._sensor = None
        self._error = ""

    def __call__(self, now_ms: int) -> None:
        """Take a reading."""
        error = ""
        try:
            self._sensor = self._sensor or self._make(self._options)
            value = self._sensor.read()
            if isinstance(value, float):
                value = number(value, DIGITS)
            self._node.reading(now_ms, self._name, value)
            if self._console.as_json:
                self._console.tell("measured", sensor=self._name, value=value)
        except (OSError, ValueError, LocalError) as caught:
            error = str(caught)
            self._node.sensor_failed(self._name, error)
        if error != self._error:
            self._error = error
            self._console.tell("failing" if error else "works", sensor=self._name, reason=error)


def add(node: "Node", profile: "Profile", console: "Console") -> "list[tuple[int, Measuring]]":
    """Give the node what its settings name: [(every ms, what takes a reading)]. LocalError for a slip in them."""
    jobs = []
    for name in sorted(profile.sensors):
        kind, every_ms, options = profile.sensors[name]
        module = _module(sensors, kind, "sensors." + name, options, ("every_s", "share"))
        node.add_sensor(name, module.UNIT)
        jobs.append((every_ms, Measuring(name, module.Sensor, options, node, console)))
    for name in sorted(profile.actuators):
        kind, options = profile.actuators[name]
        module = _module(actuators, kind, "actuators." + name, options, ("allow",))
        try:
            actuator = module.Actuator(name, options)
            node.add_actuator(name, actuator.apply, actuator.value)
        except (OSError, ValueError) as error:
            console.tell("failing", actuator=name, reason=str(error))
    return jobs


def _module(
    package: "object", kind: str, path: str, options: "dict", common: "tuple[str, ...]"
) -> "object":
    """The module of a kind, its options checked."""
    folder = package.__path__
    kinds = [file.split(".")[0] for file in os.listdir(folder) if file[0] != "_"]
    settings.word(kind, path + ".kind", kinds)
    name = package.__name__ + "." + kind
    module = __import__(name, None, None, ("UNIT",))
    known = {"kind": 1}
    for key in common:
        known[key] = 1
    known.update(getattr(module, "OPTIONS", {}))
    settings.check(options, path, known)
    return module
