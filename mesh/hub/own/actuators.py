"""Kinds of actuators on a desktop: a program or a file. A class for each; do() blocks, so it is
called in a thread.
"""

import os
from collections.abc import Mapping
from typing import Any, Protocol

from mesh.core.errors import LocalError
from mesh.hub.own.own_kinds import COMMAND, WORD, read
from mesh.hub.own.plain_values import Value, Wishes
from mesh.hub.own.programs import Program

PLACE = "{value}"  # placeholder of the value in a command
TIMEOUT_S = 3.0  # less than `mesh set` waits, so that it gets the error
# seconds: a request waits for about ten (docs/protocol.md, section 3)
LIMIT = ((int, float), "a number of seconds", 0.1, 8)


class Device(Protocol):
    """Interface of an actuator in use."""

    wishes: Wishes

    def now(self) -> Value | None:
        """The current value; None if unknown. It may block."""

    def do(self, text: str) -> None:
        """Set it. LocalError has the reason if it fails."""

    def end(self) -> None:
        """Stop, and begin nothing more. For any thread."""


class Command:
    """A program. Option `command`: a list of its name and arguments, without a shell. The value
    replaces {value}, or else goes to its standard input; `timeout_s`: when it is killed.
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
        """LocalError if the options do not fit together."""
        Wishes(options)

    def now(self) -> Value | None:
        """None: unknown before it was set."""
        return None

    def do(self, text: str) -> None:
        """Run it. Exit code 0 is success."""
        if self._by_argument:
            self._program.run(words=[word.replace(PLACE, text) for word in self._words])
        else:
            self._program.run(text + "\n")

    def end(self) -> None:
        """Kill the program, if it runs."""
        self._program.end()


class File:
    """A file that the value is written to. Option `path`. Links are followed, as the kernel's
    files of devices are full of them.
    """

    OPTIONS: Mapping[str, Any] = {**Wishes.OPTIONS, "path": WORD}
    NEEDED = "path"

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.wishes = Wishes(options)
        self._path = str(options["path"])

    @staticmethod
    def check(options: Mapping[str, Any]) -> None:
        """LocalError if the options do not fit together."""
        Wishes(options)

    def now(self) -> Value | None:
        """Its content, if that is a value."""
        try:
            return self.wishes.value(read(self._path).strip())
        except LocalError:
            return None

    def do(self, text: str) -> None:
        """Write the value, without blocking on a pipe that nobody reads."""
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
        """Nothing to end."""


KINDS: Mapping[str, type[Command] | type[File]] = {"command": Command, "file": File}
