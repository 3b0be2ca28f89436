"""Bytes received and sent by a network interface since its start."""

from mesh.device.sensors import words

PORTS = ("unix",)  # reads Linux's files
UNIT = "B"
OPTIONS = {"interface": (str, "a text", 1, 32)}


class Sensor:
    """Reads /proc/net/dev. Option `interface`, by default lo."""

    def __init__(self, options: "dict[str, str]") -> None:
        self._first = options.get("interface", "lo") + ":"

    def read(self) -> int:
        """The bytes received and sent."""
        columns = words("/proc/net/dev", self._first)
        return int(columns[0]) + int(columns[8])
