"""How long this machine is up."""

from mesh.device.sensors import words

PORTS = ("unix",)  # reads Linux's files
UNIT = "s"


class Sensor:
    """Reads /proc/uptime."""

    def __init__(self, options: "dict[str, str]") -> None:
        pass

    def read(self) -> float:
        """Give the seconds since its start."""
        return float(words("/proc/uptime", "")[0])
