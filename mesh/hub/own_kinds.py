"""Sensors of a desktop that its holder makes of what is there: a program, or a file."""

import os
from collections.abc import Mapping
from typing import Any

from mesh.core.errors import LocalError
from mesh.hub.plain_values import Value, boolean, number, short
from mesh.hub.programs import Program

MOST = 4096  # bytes of a file that is one value, and of a word
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


class _Own:
    """Option `values`: what the text is; of a number `factor` and `offset`."""

    RANGE = None
    UNIT = ""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.UNIT = str(options.get("unit", ""))
        self._values = options.get("values", "number")
        self._factor = options.get("factor", 1)
        self._offset = options.get("offset", 0)

    def text(self) -> str:
        """What there is now."""
        raise NotImplementedError

    def read(self) -> Value:
        """The value now. LocalError says why there is none."""
        text = self.text().strip()
        if self._values == "text":
            return short(text)
        if self._values == "boolean":
            return boolean(text)
        return number(text, self._factor, self._offset)


class Command(_Own):
    """What a program writes: option `command`, a list of its name and arguments, without a shell;
    `timeout_s`: after that it is ended.
    """

    OPTIONS: Mapping[str, Any] = {**VALUES, "command": COMMAND, "timeout_s": LIMIT}
    NEEDED = "command"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self._program = Program(options["command"], options.get("timeout_s", TIMEOUT_S))

    def text(self) -> str:
        """What it writes."""
        return self._program.run()

    def close(self) -> None:
        """End it."""
        self._program.end()


class File(_Own):
    """What a file holds: option `path`; `removable`: it need not be there."""

    OPTIONS: Mapping[str, Any] = {**VALUES, "path": WORD, "removable": (bool, "true or false")}
    NEEDED = "path"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self._path = str(options["path"])

    def text(self) -> str:
        """What it holds."""
        return read(self._path)


def read(path: str) -> str:
    """The text of a small file; a pipe is not waited for. LocalError."""
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
