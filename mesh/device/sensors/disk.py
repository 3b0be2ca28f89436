"""Free space where the board keeps its files."""

import os

UNIT = "B"
OPTIONS = {"path": (str, "a text", 1, 255)}


class Sensor:
    """Free space on the file system of the option `path`, by default this folder's."""

    def __init__(self, options: "dict[str, str]") -> None:
        self._path = options.get("path", ".")

    def read(self) -> int:
        """The free bytes."""
        stat = os.statvfs(self._path)
        return stat[1] * stat[4]
