"""Actuators of a desktop: what its holder makes of a program or of a file. A class for each kind;
do() blocks, and is for a thread of its own.
"""

import os
from collections.abc import Mapping
from typing import Any, Protocol

from mesh.core.errors import LocalError
from mesh.hub.own_kinds import COMMAND, WORD, read
from mesh.hub.plain_values import Value, Wishes
from mesh.hub.programs import Program

PLACE = "{value}"  # in a command: where the value goes
TIMEOUT_S = 3.0  # less than `mesh set` waits: so it learns that the program was ended
# seconds: whoever asked waits for about ten (docs/protocol.md, section 3)
LIMIT = ((int, float), "a number of seconds", 0.1, 8)


class Device(Protocol):
    """An actuator in use."""

    wishes: Wishes

    def now(self) -> Value | None:
        """The value that it has; None if that cannot be known. It may block."""

    def do(self, text: str) -> None:
        """Have it so. LocalError says why it is not."""

    def end(self) -> None:
        """Leave off, and begin nothing more; for any thread."""


class Command:
    """A program: option `command`, a list of its name and arguments, without a shell. The value
    goes where {value} stands, or else to its standard input; `timeout_s`: after that it is ended.
    """

    OPTIONS: Mapping[str, Any] = {**Wishes.OPTIONS, "command": COMMAND, "timeout_s": LIMIT}
    NEEDED = "command"

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.wishes = Wishes(options)
        self._words: list[str] = options["command"]
        self._program = Program(self._words, options.get("timeout_s", TIMEOUT_S))
        self._by_argument = any(PLACE in word for word in self._words)

    @staticmethod
    def check(options: Mapping[str, Any]) -> None:
        """LocalError if options do not go together."""
        Wishes(options)

    def now(self) -> Value | None:
        """Nobody knows before it was set."""
        return None

    def do(self, text: str) -> None:
        """Run it; its exit code decides."""
        if self._by_argument:
            self._program.run(words=[word.replace(PLACE, text) for word in self._words])
        else:
            self._program.run(text + "\n")

    def end(self) -> None:
        """End the program, if it runs."""
        self._program.end()


class File:
    """A file that the value is written into: option `path`. Links are followed, as what the kernel
    shows of devices is full of them.
    """

    OPTIONS: Mapping[str, Any] = {**Wishes.OPTIONS, "path": WORD}
    NEEDED = "path"

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.wishes = Wishes(options)
        self._path = str(options["path"])

    @staticmethod
    def check(options: Mapping[str, Any]) -> None:
        """LocalError if options do not go together."""
        Wishes(options)

    def now(self) -> Value | None:
        """What it holds, if that is a value."""
        try:
            return self.wishes.value(read(self._path).strip())
        except LocalError:
            return None

    def do(self, text: str) -> None:
        """Write it; a pipe that nobody reads is not waited for."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            file = os.open(self._path, flags, 0o666)
            try:
                os.write(file, text.encode() + b"\n")
            finally:
                os.close(file)
        except OSError as error:
            raise LocalError(f"{self._path}: {error.strerror}") from error

    def end(self) -> None:
        """Nothing is to be ended."""


KINDS: Mapping[str, type[Command] | type[File]] = {"command": Command, "file": File}
