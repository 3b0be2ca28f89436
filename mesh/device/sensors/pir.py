"""Motion: a PIR module with a digital output, such as HC-SR501 or AM312; told when it changes."""

from mesh.device.sensors import _input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BUS = "gpio"
UNIT = "/"  # of a switch too (RFC 8428 s.12.1)
OPTIONS = _input.OPTIONS


class Sensor(_input.Input):
    """High is motion; pulled down, so that a wire that fell off is none."""

    def __init__(self, options: "dict[str, Any]", buses: object) -> None:
        chosen = {"pull": "down", "inverted": False, "debounce_ms": 100}
        chosen.update(options)
        super().__init__(chosen)
