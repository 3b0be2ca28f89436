"""A switch, on or off, on a pin; on unix, without pins, a file NAME.state."""

from mesh.core.errors import LocalError
from mesh.device.actuators import show

OPTIONS = {"pin": ((int, str), "a pin's number or name"), "inverted": (bool, "true or false")}


class Actuator:
    """A switch. `pin`: where; `inverted`: on is low. Off at the start."""

    def __init__(self, name: str, options: "dict[str, bool | int | str]") -> None:
        self._name = name
        self._inverted = options.get("inverted", False)
        self._pin = None
        try:
            from machine import Pin  # noqa: PLC0415 - not on unix

            if "pin" not in options:
                raise ValueError("which pin?")
            self._pin = Pin(options["pin"], Pin.OUT)
        except ImportError:
            pass
        self.value = False
        self.apply(False)

    def apply(self, value: object) -> None:
        """Switch on or off. LocalError for any other value."""
        if not isinstance(value, bool):
            raise LocalError("it can be true or false")
        if self._pin is not None:
            self._pin.value(value != self._inverted)
        else:
            show(self._name, "true" if value else "false")
        self.value = value
