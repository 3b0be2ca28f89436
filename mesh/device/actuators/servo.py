"""A servo: an angle from 0 to 180 degrees, as pulses at 50 Hz.

Every servo takes pulses of 1 to 2 ms. Many turn further with 0.5 to 2.5 ms, but others strain at
their stops.
"""

from mesh.core.errors import LocalError
from mesh.device.actuators import show

OPTIONS = {
    "pin": ((int, str), "a pin's number or name"),
    "min_us": (int, "a whole number", 400, 2600),
    "max_us": (int, "a whole number", 400, 2600),
    "start": ((int, float), "an angle", 0, 180),
}
FREQ = 50
TURN = 180


class Actuator:
    """`min_us`, `max_us`: pulses at 0 and 180 degrees. Without `start` it does not move at first,
    and `value` is -1. On unix, without pins, the angle is written to the file NAME.state.
    """

    def __init__(self, name: str, options: "dict[str, int | str]") -> None:
        self._name = name
        self._least = int(options.get("min_us", 1000))
        self._most = int(options.get("max_us", 2000))
        self._pwm = None
        try:
            from machine import PWM, Pin  # noqa: PLC0415 - not on unix

            if "pin" not in options:
                raise ValueError("which pin?")
            self._pwm = PWM(Pin(options["pin"]), freq=FREQ, duty_ns=0)
        except ImportError:
            pass
        self.value: float = -1
        if "start" in options:
            self.apply(options["start"])

    def apply(self, value: object) -> None:
        """Turn to an angle. LocalError for any other value."""
        try:
            if isinstance(value, (bool, str)):
                raise ValueError
            angle = float(value)  # type: ignore[arg-type] - a number, or what says that it is none
        except (TypeError, ValueError):
            angle = -1.0
        if not 0 <= angle <= TURN:
            raise LocalError("it can be a number from 0 to 180")
        us = self._least + int((self._most - self._least) * angle / TURN + 0.5)
        if self._pwm is not None:
            self._pwm.duty_ns(us * 1000)
        else:
            show(self._name, str(value))
        self.value = angle
