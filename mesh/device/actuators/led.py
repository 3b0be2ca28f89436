"""A light: a switch that knows the pin of a board's own one."""

from mesh.device.actuators import switch

OPTIONS = switch.OPTIONS


class Actuator(switch.Actuator):
    """As a switch; `pin` is "LED" if it is left out, the name that boards have for theirs."""

    def __init__(self, name: str, options: "dict[str, bool | int | str]") -> None:
        chosen: dict[str, bool | int | str] = {"pin": "LED"}
        chosen.update(options)
        super().__init__(name, chosen)
