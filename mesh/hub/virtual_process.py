"""One run of a virtual board's interpreter, from its start to a reset: a process on a terminal."""

import contextlib
import os
import re
import select
import signal
import termios
import time
from collections.abc import Sequence
from typing import NamedTuple

import psutil

from mesh.core.errors import LocalError
from mesh.hub.virtual_plug import LFLAG, MOST, plain

WIRE = 3  # the number of the file that the prelude speaks to the supervisor by
PROMPT_S = 1.0  # that Ctrl-C may take until the prompt takes what is typed after it
BUSY_S = 0.5  # of computing, after which a program that never waits is interrupted amid it
LONE_NEWLINE = re.compile(rb"(?<!\r)\n")
INTERRUPT = b"\x03"
RUN, RAW, FREE = range(3)  # ways to start: the program, the raw prompt, a prompt after Ctrl-C


class Start(NamedTuple):
    """How a run begins: what the prelude is told (mesh/hub/virtual_prelude.py)."""

    root: str
    flash_kib: int
    cut_at: int
    cause: int
    way: int
    unique: str


class Process:
    """The interpreter as the leader of a session on a terminal of its own: so Ctrl-C is a signal
    there, and whatever ends this program ends it too.
    """

    def __init__(self, command: Sequence[str], start: Start) -> None:
        self.screen, slave = os.openpty()
        self.wire, wire = os.pipe()
        self.ready = False  # its root is in place, and it may be typed to
        self.typed = bytearray()
        self._code: int | None = None  # with which it ended
        self._held_until = time.monotonic() + PROMPT_S if start.way == FREE else 0.0
        self._spent_s: float | None = None  # of computing, when Ctrl-C was typed
        self._word = ""  # the part that came of what it tells next
        self._return = False  # what it printed last is half of a line's end
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
        """What it printed since, with the line ends of a board; None at its end."""
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
        """What the prelude told since."""
        try:
            *words, self._word = (self._word + os.read(self.wire, MOST).decode()).split("\n")
        except OSError:
            return []
        return words

    def at_prompt(self) -> bool:
        """Whether the interpreter itself reads what is typed, rather than a program."""
        try:
            return not termios.tcgetattr(self.screen)[LFLAG] & termios.ISIG
        except termios.error:
            return False

    def pass_on(self) -> None:
        """Pass on what was typed; after Ctrl-C only once the prompt is there to take it."""
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
            try:
                done = os.write(self.screen, part)
            except OSError:  # its buffer is full, or it has ended
                return
            del self.typed[:done]

    def _may_interrupt(self) -> bool:
        """Whether the program waits for something, or seems never to do so.

        A board looks for Ctrl-C between two instructions. This port raises KeyboardInterrupt amid
        whatever it does (MICROPY_ASYNC_KBD_INTR): amid an import a lock is left held, and the
        interpreter hangs once that is wanted.
        """
        try:
            process = psutil.Process(self.pid)
            times = process.cpu_times()
            waits = process.status() == psutil.STATUS_SLEEPING
        except psutil.Error:  # it has ended
            return True
        if waits and select.select([self.wire], [], [], 0)[0]:
            waits = False  # it may be about to be started anew: first things first
        spent_s = times.user + times.system
        if self._spent_s is None:
            self._spent_s = spent_s
        if not waits and spent_s - self._spent_s < BUSY_S:
            return False
        self._spent_s = None
        return True

    def kill(self) -> int:
        """End it, if it has not; its exit code, or minus the signal."""
        if self._code is not None:
            return self._code
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        return self._end(status)

    def wait(self, timeout_s: float) -> int:
        """Its exit code, once it has ended by itself, as it does when its screen has."""
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
    """A size like 192k, 192 or 2M in KiB. LocalError."""
    unit = text[-1:].lower()
    number = text[:-1] if unit in {"k", "m"} else text
    if not number.isdecimal() or not number.isascii() or not 0 < int(number) < 1 << 20:
        raise LocalError(f"'{text}' is no size", "192k is 192 KiB, 2M is 2048")
    return int(number) * (1024 if unit == "m" else 1)
