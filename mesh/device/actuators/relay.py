"""A relay: a switch with an optional limit on how long it stays on."""

from mesh.device.actuators import switch

OPTIONS = switch.OPTIONS | {"max_on_s": ((int, float), "seconds", 1, 86400)}


class Actuator(switch.Actuator):
    """A switch with `max_on_s`: it switches itself off so long after it was switched on, to within
    a second, however often it is set to on.
    """

    def __init__(self, name: str, options: "dict[str, bool | int | str]") -> None:
        self._most_ms = int(float(options.get("max_on_s", 0)) * 1000)
        self._since_ms: int | None = None
        super().__init__(name, options)

    def apply(self, value: object) -> None:
        """Switch on or off. LocalError for any other value."""
        super().apply(value)
        if not value:
            self._since_ms = None

    def wish(self, now_ms: int) -> "bool | None":
        """False when it has been on for too long, else None."""
        if not self.value or not self._most_ms:
            return None
        if self._since_ms is None:
            self._since_ms = now_ms
        return False if now_ms - self._since_ms >= self._most_ms else None
