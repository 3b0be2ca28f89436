"""Free room where the board keeps its files."""

import os

UNIT = "B"
OPTIONS = {"path": (str, "a text", 1, 255)}


class Sensor:
    """Asks the file system of the option `path`, this folder's if it is left out."""

    def __init__(self, options: "dict[str, str]") -> None:
        self._path = options.get("path", ".")

    def read(self) -> int:
        """Give the bytes that can still be written."""
        stat = os.statvfs(self._path)
        return stat[1] * stat[4]
