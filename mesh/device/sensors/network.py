"""What an interface of this machine received and sent since its start."""

from mesh.device.sensors import words

PORTS = ("unix",)  # reads Linux's files
UNIT = "B"
OPTIONS = {"interface": (str, "a text", 1, 32)}


class Sensor:
    """Reads /proc/net/dev; the option `interface` names the interface, lo if it is left out."""

    def __init__(self, options: "dict[str, str]") -> None:
        self._first = options.get("interface", "lo") + ":"

    def read(self) -> int:
        """Give the bytes in and out."""
        columns = words("/proc/net/dev", self._first)
        return int(columns[0]) + int(columns[8])
