"""The raw prompt of MicroPython behind a serial port, entered by mpremote's transport whatever the
board is doing. Every failure is a Mishap.
"""

import ast
import contextlib
import errno
import io
import os
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from mesh.boards.cable import ports
from mesh.boards.cable.port_errors import of_port
from mesh.boards.mishaps import Mishap, mishap

TRIES = 6
READ_S = 1.0  # time-out of a read; some of mpremote's times are multiples of it
TRIES_AT_END = 2
PROMPT_S = 3.0
BOOT_S = 10.0  # time for boot.py
STEP_S = 10.0  # longest silence within a step
PAUSE_S = 0.3  # pause between tries; it grows

# the firmware's watchdog runs on when its program is interrupted, and would reset the board
STOP_WATCHDOG = """
import sys
_w=sys.modules.get('mesh.device.watchdog')
if _w:_w.stop()
del _w
"""


class Prompt:
    """The board on a serial port, at its raw prompt, with its program stopped. A context manager:
    however it is left, the board restarts, as far as that is possible by cable.

    All methods raise Mishap (../mishaps.py) only. `reset`: begin with an empty heap, as after a
    soft reset; else the program's state is still there.
    """

    def __init__(self, port: str, reset: bool = True, tries: int = TRIES) -> None:
        self.port = port
        self._reset = reset
        self._tries = tries
        self._transport: Any = None
        self._stopped = False  # whether its program was interrupted
        self._errors: tuple[type[Exception], ...] = (OSError, struct.error)

    def __enter__(self) -> Self:
        self._load()
        try:
            self._open()
            self._find_prompt()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the board run its program again if it was interrupted, and close the port."""
        if self._stopped and self._transport is not None:
            self._start_anew()
        transport, self._transport = self._transport, None
        if transport is not None:
            with contextlib.suppress(OSError):
                transport.close()

    def exec(self, code: str, step: str = "", timeout_s: float = STEP_S) -> str:
        """Run code on the board, and give what it printed. `step`: its purpose, for error
        messages.
        """
        step = step or code.strip().splitlines()[0]
        out, error = self.do(step, lambda t: t.exec_raw(code, timeout=timeout_s))
        if error:
            raise _told(error.decode(errors="replace"), step, step)
        return str(out.decode(errors="replace").replace("\r\n", "\n"))

    def eval(self, expression: str, step: str = "") -> Any:  # noqa: ANN401 - whatever it is there
        """Evaluate an expression of plain types on the board."""
        return self.literal(self.exec(f"print(repr({expression}))", step or expression), step)

    def restart(self, how: str = "reset") -> None:
        """Restart the board as after power-on, to run its program; or `how`: "bootloader". The
        cable is closed.
        """
        self._stopped = False
        code = f"import machine\nmachine.{how}()"
        with contextlib.suppress(*self._errors):
            self._transport.exec_raw_no_follow(code)
            time.sleep(PAUSE_S)  # else the last bytes are lost with the port
        self.close()

    def run_main(self) -> None:
        """Let the board run its program as after a soft reset. lines() gives its output."""
        self.do("starting its program", lambda t: (t.exit_raw_repl(), t.serial.write(b"\x04")))
        self._stopped = False

    def lines(
        self, timeout_s: float, quiet: Callable[[float], None] = lambda _: None
    ) -> Iterator[str]:
        """Yield the console lines, until there is none for so long. quiet(s) is called each second
        without one, with the seconds that are left; it may raise.
        """
        line = b""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            data = self.do("its console", lambda t: t.serial.read(max(1, t.serial.in_waiting)))
            if not data:
                quiet(max(0.0, until - time.monotonic()))
            *whole, line = (line + data).split(b"\n")
            for one in whole:
                until = time.monotonic() + timeout_s
                yield one.rstrip(b"\r").decode(errors="replace")

    # internal

    def _start_anew(self) -> None:
        """Start its program, whatever it is doing: a step may have been interrupted."""
        self._stopped = False
        transport = self._transport
        for _ in range(TRIES_AT_END):
            with contextlib.suppress(*self._errors), contextlib.redirect_stdout(io.StringIO()):
                transport.serial.write(b"\x03")
                time.sleep(PAUSE_S)
                transport.enter_raw_repl(soft_reset=False, timeout_overall=PROMPT_S)
                transport.exec_raw_no_follow("import machine\nmachine.reset()")
                time.sleep(PAUSE_S)  # see restart()
                return
        with contextlib.suppress(*self._errors):
            transport.serial.write(b"\x03\x03\x02\x04")  # it may miss some of it

    def literal(self, text: str, step: str) -> Any:  # noqa: ANN401 - see eval
        try:
            return ast.literal_eval(text.strip())
        except (ValueError, SyntaxError):
            raise mishap("board-silent", port=self.port, step=step) from None

    def _load(self) -> None:
        try:
            from mpremote.transport import TransportError  # noqa: PLC0415 - not on every desktop
        except ImportError as error:
            raise mishap("mpremote-missing") from error
        self._errors = (TransportError, OSError, struct.error)

    def _open(self) -> None:
        """Open the port exclusively."""
        from mpremote.transport_serial import SerialTransport  # noqa: PLC0415 - see _load

        holder = ports.holder(self.port)
        if holder:
            raise self._busy(holder)
        try:
            self._transport = SerialTransport(self.port, timeout=READ_S)
        except self._errors as error:
            raise self._refused() from error

    def _refused(self) -> Mishap:
        """The Mishap if the port could not be opened."""
        try:
            os.close(os.open(self.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
        except OSError as error:
            return of_port(self.port, error)
        if not Path(self.port).is_char_device():
            return of_port(self.port, OSError(errno.ENODEV, "no device"))
        return self._busy(ports.holder(self.port, own=True))

    def _busy(self, holder: str) -> Mishap:
        return mishap("port-busy", port=self.port).held_by(holder)

    def do(self, step: str, what: Callable[[Any], Any], path: str = "") -> Any:  # noqa: ANN401
        """Use the transport, with its errors translated."""
        if self._transport is None:
            raise mishap("cable-pulled", port=self.port)
        try:
            return what(self._transport)
        except self._errors as error:
            raise self._failure(error, step, path) from error

    def _failure(self, error: Exception, step: str, path: str) -> Mishap:
        if ports.is_gone(self.port, error):
            return mishap("cable-pulled", port=self.port)
        said = str(getattr(error, "error_output", ""))
        if not said and isinstance(error, OSError) and error.errno in errno.errorcode:
            said = f"OSError: {error.errno}"
        if said:
            return _told(said, step, path or step)
        return mishap("board-silent", port=self.port, step=step)

    def _find_prompt(self) -> None:
        """Get the raw prompt, whatever the board is doing: it may be starting, or in a loop."""
        for attempt in range(self._tries):
            if attempt:
                time.sleep(PAUSE_S * attempt)
            try:
                if self._transport is None:
                    self._open()
                self._try_prompt()
                return
            except self._errors as error:
                if ports.is_gone(self.port, error):
                    self.close()  # it restarts, and the port disappears
        raise self._no_prompt()

    def _no_prompt(self) -> Mishap:
        if self._transport is None:
            return mishap("cable-pulled", port=self.port)
        return mishap("no-prompt", port=self.port, tries=self._tries)

    def _try_prompt(self) -> None:
        transport = self._transport
        with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints unexpected output
            self._stopped = True
            transport.serial.write(b"\x03\x03\x02")
            transport.enter_raw_repl(soft_reset=False, timeout_overall=PROMPT_S)
            transport.exec_raw(STOP_WATCHDOG, timeout=PROMPT_S)
            if self._reset:
                transport.enter_raw_repl(soft_reset=True, timeout_overall=BOOT_S)


def _told(trace: str, step: str, path: str) -> Mishap:
    """The Mishap for a traceback of the board."""
    said = (trace.strip().splitlines() or ["nothing"])[-1]
    number = said.removeprefix("OSError: ")
    if number == str(errno.ENOSPC) or "ENOSPC" in said:
        return mishap("flash-full", path=path)
    if number.isdecimal():
        said = os.strerror(int(number))
    return mishap("board-error", step=step, said=said)
