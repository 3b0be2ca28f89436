"""A virtual board: the real MicroPython behind a pseudo-terminal instead of a cable."""

import hashlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from mesh.boards.virtual.board_log import Log
from mesh.boards.virtual.interpreter import FREE, INTERRUPT, RAW, RUN, Process, Start, kib
from mesh.boards.virtual.plug import MOST, Plug, Screen
from mesh.boards.virtual.process import HEAP, find_micropython
from mesh.core.errors import LocalError
from mesh.hub.home import files

PRELUDE = Path(__file__).with_name("prelude.py")
OWN_KIB, OWN_FLASH_KIB = 8, 4  # KiB of heap for the prelude, on top of the board's
FLASH_FILE = "flash.img"
POWER_ON, RESET, WATCHDOG, DEEP_SLEEP, SOFT = 1, 2, 3, 4, 5  # machine.reset_cause() of an ESP32
TICK_S = 0.05  # interval of checks whether the port was opened
PATIENCE_S = 10.0
REBOOT = b"MPY: soft reboot\r\n"
STOPPED = b"\r\nKeyboardInterrupt: \r\n"


class Virtual:
    """A board with its file system in a folder, and its cable at .port. LocalError.

    `flash`: a size such as 848k: then the file system is littlefs of that size in
    FOLDER/flash.img, else it is the folder. `cut_at`: number of the write to that flash at which
    power is cut. `wrap`: prefix of the command, such as ip netns exec NAME; heard(line) gets each
    console line, in its own thread. A context manager, or start() and kill().
    """

    def __init__(
        self,
        folder: Path,
        heap: str = HEAP,
        *,
        flash: str | None = None,
        cut_at: int = 0,
        wrap: Sequence[str] = (),
        heard: Callable[[str], None] | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.log = Log(heard)
        self.in_bootloader = False
        self._flash_kib = kib(flash) if flash else 0
        self._cut_at = cut_at
        heap_kib = kib(heap) + OWN_KIB + (OWN_FLASH_KIB if flash else 0)
        options = ["-X", f"heapsize={heap_kib}k", "-i", str(PRELUDE)]
        self._command = [*wrap, find_micropython(), *options]
        self._plug = Plug()
        self._screen = Screen(self._plug, self.log)
        self._run: Process | None = None
        self._thread: threading.Thread | None = None
        self._asked: list[str] = []
        self._wake = (-1, -1)
        self._cause = POWER_ON
        self._fed_until = 0.0
        self._asleep_until = 0.0

    def start(self) -> Self:
        """Plug it in, which switches it on."""
        if self.is_running:
            raise LocalError(f"the virtual board in {self.folder} is on already")
        self.kill()  # cleans up after a power cut
        self.folder.mkdir(parents=True, exist_ok=True)
        flash = self.folder / FLASH_FILE
        if self._flash_kib and not flash.exists():
            files.write(flash, b"\xff" * (self._flash_kib * 1024))
        self._wake = os.pipe()
        self._plug.put_in()
        self._screen.raw, self._cause, self.in_bootloader = False, POWER_ON, False
        self._asleep_until = 0.0
        self.log.end(False)
        self._boot()
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()
        return self

    @property
    def port(self) -> str:
        """The path of its serial port; the last one, if it is unplugged."""
        return self._plug.port

    @property
    def is_plugged(self) -> bool:
        """Whether its port is there."""
        return self._plug.cable >= 0

    @property
    def is_running(self) -> bool:
        """Whether it has power."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def pid(self) -> int:
        """The process id of the interpreter, which changes with each reset; 0 if none."""
        return self._run.pid if self._run else 0

    def unplug(self) -> None:
        """Pull the cable; the program runs on with other power, and the port disappears."""
        self._ask("unplug")

    def replug(self) -> None:
        """Plug the cable in again. The port may have another name then."""
        self._ask("replug")

    def press_reset(self) -> None:
        """Press the reset button."""
        self._ask("reset")

    def enter(self, keys: bytes) -> None:
        """Type on its console, bypassing the cable."""
        run = self._run
        if run is not None:
            run.typed += keys
            self._nudge()

    def kill(self) -> None:
        """Cut its power. The port disappears too. It may be started again."""
        if self._thread is not None:
            self._asked.append("off")
            self._nudge()
            self._thread.join(PATIENCE_S)
            self._thread = None
            for file in self._wake:
                os.close(file)
            self._plug.pull()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _boot(self, typed: bytes | None = None) -> None:
        """Start the interpreter, as self._cause and self._screen.raw say.

        `typed`: what was typed after a Ctrl-C, for which the program is not run.
        """
        way = FREE if typed is not None else RAW if self._screen.raw else RUN
        flash = self.folder / FLASH_FILE
        unique = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        root = flash if self._flash_kib else self.folder
        start = Start(str(root), self._flash_kib, self._cut_at, self._cause, way, unique)
        self._fed_until = 0.0
        self._run = Process(self._command, start)
        self._run.typed += b"\x01" if way == RAW else typed or b""

    def _ask(self, word: str) -> None:
        """Have the supervisor do something, and wait for it."""
        thread = self._thread
        if thread is None or not thread.is_alive():
            raise LocalError(f"the virtual board in {self.folder} is off")
        self._asked.append(word)
        self._nudge()
        deadline = time.monotonic() + PATIENCE_S
        while word in self._asked and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.002)

    def _nudge(self) -> None:
        os.write(self._wake[1], b".")

    # the supervisor's thread

    def _supervise(self) -> None:
        try:
            while self._obey() and self._once():
                pass
        finally:
            if self._run is not None:
                self._run.kill()
                self._run = None
            self._plug.pull()
            self._asked.clear()
            self.log.end()

    def _obey(self) -> bool:
        """Do what was asked for. False to switch off."""
        for word in list(self._asked):
            if word == "off":
                return False
            if word == "unplug":
                self._plug.pull()
            elif word == "replug":
                self._plug.put_in()
            elif word == "reset":
                self._reset(RESET)
            self._asked.remove(word)
        return True

    def _once(self) -> bool:
        """Wait for any event, and handle it. False after a power cut."""
        run = self._run
        now = time.monotonic()
        if run is None:
            return self._rest(now)
        if self._fed_until and now > self._fed_until:
            self._reset(WATCHDOG)
            return True
        listened = self._plug.is_open()
        reading = [self._wake[0], run.wire]
        reading += [run.screen] if self._plug.has_room(now) else []
        reading += [self._plug.cable] if listened and len(run.typed) < MOST else []
        writing = [self._plug.cable] if self._plug.waiting else []
        pause_s = TICK_S / 10 if run.typed else TICK_S
        ready, writable, _ = select.select(reading, writing, [], pause_s)
        if self._wake[0] in ready:
            os.read(self._wake[0], MOST)
        if self._plug.cable in ready:
            run.typed += self._plug.read()
        if writable:
            self._plug.write()
        run.pass_on()
        data = run.read() if run.screen in ready else b""
        if data:
            self._screen.hear(data)
        if run.wire in ready and not all(self._told(word) for word in run.words()):
            return False
        return data is not None or self._run is not run or self._ended(run)

    def _rest(self, now: float) -> bool:
        """Sleep, or stay in the boot loader, until something wakes it."""
        if self._asleep_until and now >= self._asleep_until:
            self._reset(DEEP_SLEEP)
        elif select.select([self._wake[0]], [], [], TICK_S)[0]:
            os.read(self._wake[0], MOST)
        return True

    def _told(self, word: str) -> bool:
        """Handle a word from the prelude. False to cut the power."""
        what, _, ms = word.partition(" ")
        if what == "up" and self._run is not None:
            self._run.ready = True
        elif what == "feed":
            self._fed_until = time.monotonic() + int(ms) / 1000
        elif what == "reset":
            self._reset(RESET)
        elif what == "soft":
            self._reset(SOFT)
        elif what == "sleep":
            self._stop_run()
            self._asleep_until = time.monotonic() + int(ms) / 1000 if int(ms) else 0.0
        elif what == "bootloader":
            self._stop_run()
            self._plug.pull()
            self.in_bootloader = True
        return what != "cut"

    def _stop_run(self) -> int:
        """End the interpreter, and pass on its last output."""
        run, self._run = self._run, None
        if run is None:
            return 0
        while data := run.read():
            self._screen.show(data)
        return run.kill()

    def _reset(self, cause: int) -> None:
        """Restart. A Ctrl-C that has not reached the program keeps it from running again."""
        _, stop, typed = self._run.typed.partition(INTERRUPT) if self._run else (b"", b"", b"")
        self._stop_run()
        if self.in_bootloader:
            self._plug.put_in()
        if cause == SOFT or stop:
            self._screen.show(STOPPED if stop else REBOOT)
        if cause != SOFT or stop:
            self._screen.raw = False
        self.in_bootloader = False
        self._asleep_until = 0.0
        self._cause = cause
        self._boot(bytes(typed) if stop else None)

    def _ended(self, run: Process) -> bool:
        """Handle an interpreter that ended by itself. False if it cannot run at all."""
        ready = run.ready or "up" in run.words()
        code = run.wait(PATIENCE_S)
        if not ready:
            self._run = None
            self.log.add(f"the interpreter ended before it was there, with {code}")
            return False
        self._reset(SOFT if code >= 0 or code == -signal.SIGINT else RESET)
        return True
