"""A relay: a switch that may be told how long it may stay on."""

from mesh.device.actuators import switch

OPTIONS = switch.OPTIONS | {"max_on_s": ((int, float), "seconds", 1, 86400)}


class Actuator(switch.Actuator):
    """`max_on_s`: switches itself off after that, counted from when it went on; never longer, to
    within a second, however often it is told to be on.
    """

    def __init__(self, name: str, options: "dict[str, bool | int | str]") -> None:
        self._most_ms = int(float(options.get("max_on_s", 0)) * 1000)
        self._since_ms: int | None = None
        super().__init__(name, options)

    def apply(self, value: object) -> None:
        """Switch on or off; LocalError for any other wish."""
        super().apply(value)
        if not value:
            self._since_ms = None

    def wish(self, now_ms: int) -> "bool | None":
        """False once it has been on for too long."""
        if not self.value or not self._most_ms:
            return None
        if self._since_ms is None:
            self._since_ms = now_ms
        return False if now_ms - self._since_ms >= self._most_ms else None
