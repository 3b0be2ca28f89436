"""A button, from its pin to ground; told when it is pressed and when it is let go."""

from mesh.device.sensors import _input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BUS = "gpio"
UNIT = "/"  # of a switch too (RFC 8428 s.12.1)
OPTIONS = _input.OPTIONS


class Sensor(_input.Input):
    """Low is pressed, and the pin is pulled up, unless the options say otherwise."""

    def __init__(self, options: "dict[str, Any]", buses: object) -> None:
        chosen = {"pull": "up", "inverted": True, "debounce_ms": 50}
        chosen.update(options)
        super().__init__(chosen)
