"""One run of a virtual board's interpreter, from its start to a reset: a process with a
terminal.
"""

import contextlib
import os
import re
import select
import signal
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from mesh.boards.virtual.plug import LFLAG, MOST, plain
from mesh.core.errors import LocalError

WIRE = 3  # file descriptor from the prelude to the supervisor
PROMPT_S = 1.0  # time until the prompt accepts input after Ctrl-C
BUSY_S = 0.5  # CPU time after which a program that never waits is interrupted
LONE_NEWLINE = re.compile(rb"(?<!\r)\n")
INTERRUPT = b"\x03"
RUN, RAW, FREE = range(3)  # ways to start: the program, the raw prompt, a prompt after Ctrl-C


class Start(NamedTuple):
    """How a run begins: arguments of the prelude (mesh/boards/virtual/prelude.py)."""

    root: str
    flash_kib: int
    cut_at: int
    cause: int
    way: int
    unique: str


class Process:
    """The interpreter as the leader of a session with its own terminal. Ctrl-C is a signal there,
    and it ends together with this program.
    """

    def __init__(self, command: Sequence[str], start: Start) -> None:
        self.screen, slave = os.openpty()
        self.wire, wire = os.pipe()
        self.ready = False  # whether its root is in place, so that it accepts input
        self.typed = bytearray()
        self._code: int | None = None  # exit code
        self._held_until = time.monotonic() + PROMPT_S if start.way == FREE else 0.0
        self._spent_s: float | None = None  # CPU time when Ctrl-C was typed
        self._word = ""  # an incomplete word from the prelude
        self._return = False  # whether its last output was half of a line end
        try:
            plain(slave)
            told = [start.root, start.flash_kib, start.cut_at, start.cause, start.way]
            words = [*command, *map(str, told), start.unique, f"/dev/fd/{WIRE}"]
            self.pid = os.posix_spawnp(
                words[0],
                words,
                {"PATH": os.environ.get("PATH", os.defpath)},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.ttyname(slave), os.O_RDWR, 0),
                    (os.POSIX_SPAWN_DUP2, 0, 1),
                    (os.POSIX_SPAWN_DUP2, 0, 2),
                    (os.POSIX_SPAWN_DUP2, wire, WIRE),
                ],
                setsid=True,
            )
        except OSError:
            os.close(self.screen)
            os.close(self.wire)
            raise
        finally:
            os.close(slave)
            os.close(wire)
        os.set_blocking(self.screen, False)
        os.set_blocking(self.wire, False)

    def read(self) -> bytes | None:
        """Its output since the last call, with a board's line ends; None at its end."""
        if self._code is not None:
            return None
        try:
            data = os.read(self.screen, MOST)
        except BlockingIOError:
            return b""
        except OSError:
            return None
        if not data:
            return None
        before = b"\r" if self._return else b""
        self._return = data.endswith(b"\r")
        return LONE_NEWLINE.sub(b"\r\n", before + data)[len(before) :]

    def words(self) -> list[str]:
        """The words of the prelude since the last call."""
        try:
            *words, self._word = (self._word + os.read(self.wire, MOST).decode()).split("\n")
        except OSError:
            return []
        return words

    def at_prompt(self) -> bool:
        """Whether the interpreter itself reads the input, rather than a program."""
        return self._is_raw() and not self._hears_signal()

    def _is_raw(self) -> bool:
        """Whether its terminal passes Ctrl-C as a byte: at a prompt, and for all that runs from
        the raw one. For programs of the friendly prompt alone this port resets that.
        """
        try:
            return not termios.tcgetattr(self.screen)[LFLAG] & termios.ISIG
        except termios.error:
            return False

    def _hears_signal(self) -> bool:
        """Whether it catches SIGINT, which it does only while a program runs."""
        with contextlib.suppress(OSError, ValueError):
            told = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
            caught = told.partition("SigCgt:")[2].split(maxsplit=1)
            return bool(caught) and bool(int(caught[0], 16) >> (signal.SIGINT - 1) & 1)
        return False

    def pass_on(self) -> None:
        """Pass on what was typed; after Ctrl-C only when the prompt accepts it."""
        while self.ready and self.typed:
            if self._held_until:
                if not self.at_prompt() and time.monotonic() < self._held_until:
                    return
                self._held_until = 0.0
            at = self.typed.find(INTERRUPT)
            part = bytes(self.typed[: at or 1] if at >= 0 else self.typed)
            if part == INTERRUPT and not self.at_prompt():
                if not self._may_interrupt():
                    return
                self._held_until = time.monotonic() + PROMPT_S
                if self._is_raw():
                    del self.typed[:1]
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(self.pid, signal.SIGINT)
                    continue
            try:
                done = os.write(self.screen, part)
            except OSError:  # the buffer is full, or it has ended
                return
            del self.typed[:done]

    def _may_interrupt(self) -> bool:
        """Whether the program waits for something, or seems never to do so.

        A board checks for Ctrl-C between two instructions. This port raises KeyboardInterrupt at
        any point (MICROPY_ASYNC_KBD_INTR): within an import a lock stays held, and the interpreter
        hangs when it is needed again.
        """
        try:
            process = psutil.Process(self.pid)
            times = process.cpu_times()
            waits = process.status() == psutil.STATUS_SLEEPING
        except psutil.Error:  # it has ended
            return True
        if waits and select.select([self.wire], [], [], 0)[0]:
            waits = False  # it may be starting
        spent_s = times.user + times.system
        if self._spent_s is None:
            self._spent_s = spent_s
        if not waits and spent_s - self._spent_s < BUSY_S:
            return False
        self._spent_s = None
        return True

    def kill(self) -> int:
        """End it, if it runs. Its exit code, or minus the signal."""
        if self._code is not None:
            return self._code
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        return self._end(status)

    def wait(self, timeout_s: float) -> int:
        """Its exit code, after it has ended by itself, as when its terminal is closed."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return self._end(status)
            select.select([], [], [], 0.005)
        return self.kill()

    def _end(self, status: int) -> int:
        os.close(self.screen)
        os.close(self.wire)
        self._code = os.waitstatus_to_exitcode(status)
        return self._code


def kib(text: str) -> int:
    """Parse a size such as 192k, 192 or 2M into KiB. LocalError."""
    unit = text[-1:].lower()
    number = text[:-1] if unit in {"k", "m"} else text
    if not number.isdecimal() or not number.isascii() or not 0 < int(number) < 1 << 20:
        raise LocalError(f"'{text}' is no size", "such as 192k, for KiB, or 2M, for MiB")
    return int(number) * (1024 if unit == "m" else 1)
