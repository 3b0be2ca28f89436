"""Motion: a PIR module with a digital output, such as HC-SR501 or AM312."""

from mesh.device.sensors import _input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BUS = "gpio"
UNIT = "/"  # also for switches (RFC 8428 s.12.1)
OPTIONS = _input.OPTIONS


class Sensor(_input.Input):
    """High is motion, with a pull-down, so that a loose wire is no motion."""

    def __init__(self, options: "dict[str, Any]", buses: object) -> None:
        chosen = {"pull": "down", "inverted": False, "debounce_ms": 100}
        chosen.update(options)
        super().__init__(chosen)
