"""A push button from its pin to ground. Pressing and releasing are reported at once."""

from mesh.device.sensors import _input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BUS = "gpio"
UNIT = "/"  # also for switches (RFC 8428 s.12.1)
OPTIONS = _input.OPTIONS


class Sensor(_input.Input):
    """Low is pressed, with a pull-up, unless the options say otherwise."""

    def __init__(self, options: "dict[str, Any]", buses: object) -> None:
        chosen = {"pull": "up", "inverted": True, "debounce_ms": 50}
        chosen.update(options)
        super().__init__(chosen)
