"""Kinds of sensors on a desktop that read a program's output or a file."""

import abc
import os
from collections.abc import Mapping
from typing import Any

from mesh.core.errors import LocalError
from mesh.hub.own.plain_values import Value, boolean, number, short
from mesh.hub.own.programs import Program

MOST = 4096  # bytes of a file with one value
TIMEOUT_S = 5.0
WORD = (str, "a text", 1, MOST)
COMMAND = [WORD]
LIMIT = ((int, float), "a number of seconds", 0.1, 30)
_FACTOR = ((int, float), "a number", -1e15, 1e15)
VALUES: Mapping[str, Any] = {
    "unit": (str, "a text", 0, 16),
    "values": "number boolean text",
    "factor": _FACTOR,
    "offset": _FACTOR,
}


class _Own(abc.ABC):
    """Base. Option `values`: the type of the value; for a number also `factor` and `offset`."""

    RANGE = None
    UNIT = ""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.UNIT = str(options.get("unit", ""))
        self._values = options.get("values", "number")
        self._factor = options.get("factor", 1)
        self._offset = options.get("offset", 0)

    @abc.abstractmethod
    def text(self) -> str:
        """The current text."""

    def read(self) -> Value:
        """The current value. LocalError has the reason if there is none."""
        text = self.text().strip()
        if self._values == "text":
            return short(text)
        if self._values == "boolean":
            return boolean(text)
        return number(text, self._factor, self._offset)


class Command(_Own):
    """The output of a program. Option `command`: a list of its name and arguments, without a
    shell; `timeout_s`: when it is killed.
    """

    OPTIONS: Mapping[str, Any] = {**VALUES, "command": COMMAND, "timeout_s": LIMIT}
    NEEDED = "command"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self._program = Program(options["command"], options.get("timeout_s", TIMEOUT_S))

    def text(self) -> str:
        """Run it. Gives its output."""
        return self._program.run()

    def close(self) -> None:
        """Kill it."""
        self._program.end()


class File(_Own):
    """The content of a file. Option `path`; `removable`: it need not exist."""

    OPTIONS: Mapping[str, Any] = {**VALUES, "path": WORD, "removable": (bool, "true or false")}
    NEEDED = "path"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self._path = str(options["path"])

    def text(self) -> str:
        """Its content."""
        return read(self._path)


def read(path: str) -> str:
    """Read a small file, without blocking on a pipe. LocalError."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            data = os.read(file, MOST + 1)
        finally:
            os.close(file)
    except OSError as error:
        raise LocalError(f"{path}: {error.strerror}") from error
    if len(data) > MOST:
        raise LocalError(f"{path} has more than {MOST} bytes: it is no single value")
    return data.decode("utf-8", "replace")
