"""A light: a switch, by default on the pin of the board's own LED."""

from mesh.device.actuators import switch

OPTIONS = switch.OPTIONS


class Actuator(switch.Actuator):
    """A switch. `pin` is by default "LED", the name of the board's own one."""

    def __init__(self, name: str, options: "dict[str, bool | int | str]") -> None:
        chosen: dict[str, bool | int | str] = {"pin": "LED"}
        chosen.update(options)
        super().__init__(name, chosen)
