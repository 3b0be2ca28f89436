"""Uptime of this machine."""

from mesh.device.sensors import words

PORTS = ("unix",)  # reads Linux's files
UNIT = "s"


class Sensor:
    """Reads /proc/uptime."""

    def __init__(self, options: "dict[str, str]") -> None:
        pass

    def read(self) -> float:
        """The seconds since its start."""
        return float(words("/proc/uptime", "")[0])
