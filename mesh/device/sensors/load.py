"""Load average of this machine over the last minute."""

from mesh.device.sensors import words

PORTS = ("unix",)  # reads Linux's files
UNIT = "count"


class Sensor:
    """Reads /proc/loadavg."""

    def __init__(self, options: "dict[str, str]") -> None:
        pass

    def read(self) -> float:
        """The mean over a minute."""
        return float(words("/proc/loadavg", "")[0])
