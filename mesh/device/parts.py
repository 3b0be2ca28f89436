"""A board's sensors and actuators. None of them can stop the board."""

from mesh.core.errors import LocalError
from mesh.core.senml import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.node import Node
    from mesh.core.settings import Profile
    from mesh.device.console import Console

DIGITS = 3  # of a reading that is a float


class Measuring:
    """Reads one sensor when called; tells when it begins to fail, and when it works again."""

    def __init__(
        self,
        name: str,
        module: "Any",  # noqa: ANN401 - a module of mesh.device.sensors
        options: "dict[str, Any]",
        node: "Node",
        console: "Console",
    ) -> None:
        self._name = name
        self._module = module
        self._options = options
        self._node = node
        self._console = console
        self._sensor: Any = None
        self._error = ""

    def __call__(self, now_ms: int) -> None:
        """Take a reading."""
        error = ""
        try:
            self._sensor = self._sensor or self._module.Sensor(self._options)
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


def add(
    node: "Node", profile: "Profile", modules: "dict[str, Any]", console: "Console"
) -> "list[tuple[int, Measuring]]":
    """Give the node what its settings name: [(every ms, what takes a reading)]."""
    jobs: list[tuple[int, Measuring]] = []
    for name in sorted(profile.sensors):
        sensor = profile.sensors[name]
        module = modules["sensors." + name]
        node.add_sensor(name, module.UNIT)
        jobs.append((sensor.every_ms, Measuring(name, module, sensor.options, node, console)))
    for name in sorted(profile.actuators):
        try:
            actuator = modules["actuators." + name].Actuator(name, profile.actuators[name].options)
            node.add_actuator(name, actuator.apply, actuator.value)
        except (OSError, ValueError) as error:
            console.tell("failing", actuator=name, reason=str(error))
    return jobs
