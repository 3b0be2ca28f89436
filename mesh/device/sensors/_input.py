"""Common to pir and button: a digital input, polled and debounced. Changes are reported at
once.
"""

from mesh.device.buses import PIN, part, pin_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPTIONS = {
    "pin": PIN,
    "pull": "up down none",
    "inverted": (bool, "true or false"),
    "debounce_ms": (int, "a whole number", 10, 1000),
}


class Input:
    """`inverted`: on is low. A change counts when it was seen twice, `watch_ms` apart.

    A short change between two polls is not lost, as the pin's interrupt records it.
    """

    def __init__(self, options: "dict[str, Any]") -> None:
        kind = part("Pin")
        pulls = {"up": kind.PULL_UP, "down": kind.PULL_DOWN, "none": None}
        self._pin = pin = pin_of(options)
        pin.init(kind.IN, pulls[options["pull"]])
        self._on = not options["inverted"]
        self._is_on = self._before = self._level()
        self._noted = False
        self.watch_ms = options["debounce_ms"]
        pin.irq(self._note, kind.IRQ_RISING if self._on else kind.IRQ_FALLING)

    def _level(self) -> bool:
        return bool(self._pin.value()) == self._on

    def _note(self, _: object) -> None:
        self._noted = True

    def read(self) -> bool:
        """Whether it is on."""
        noted, self._noted = self._noted, False
        level = self._level()
        if level == self._before or (noted and not self._is_on):
            self._is_on = level or noted
        self._before = level
        return self._is_on
