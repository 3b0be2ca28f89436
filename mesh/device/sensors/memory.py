"""Available memory of this machine."""

from mesh.device.sensors import words

PORTS = ("unix",)  # reads Linux's files
UNIT = "B"


class Sensor:
    """Reads /proc/meminfo."""

    def __init__(self, options: "dict[str, str]") -> None:
        pass

    def read(self) -> int:
        """The bytes available to programs."""
        return int(words("/proc/meminfo", "MemAvailable:")[0]) * 1024
