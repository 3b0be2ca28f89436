"""The raw prompt of MicroPython behind a serial port: got by mpremote's transport, whatever the
board is doing, and every failure of it named.
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

from mesh.hub import ports
from mesh.hub.mishaps import Mishap, mishap, of_port

TRIES = 6
READ_S = 1.0  # that one read may wait; mpremote's own times are multiples of it on some ports
TRIES_AT_END = 2
PROMPT_S = 3.0
BOOT_S = 10.0  # that boot.py may take
STEP_S = 10.0  # of silence in which a step may go on
PAUSE_S = 0.3  # between tries, and longer each time

# The firmware's watchdog goes on when its program is interrupted, and would cut any work short.
STOP_WATCHDOG = """
import sys
_w=sys.modules.get('mesh.device.watchdog')
if _w:_w.stop()
del _w
"""


class Prompt:
    """The board on a serial port, at its raw prompt, its own program ended. A context manager:
    however it is left, the board starts anew, as far as a cable can do that.

    Every method raises Mishap (mesh/hub/mishaps.py) alone. `reset`: start with an empty heap, as
    after a soft reset; else what the program left is still there.
    """

    def __init__(self, port: str, reset: bool = True, tries: int = TRIES) -> None:
        self.port = port
        self._reset = reset
        self._tries = tries
        self._transport: Any = None
        self._stopped = False  # its program was interrupted, and does not run again
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
        """Let the board run its program again if it was interrupted, and let go of the port."""
        if self._stopped and self._transport is not None:
            self._start_anew()
        transport, self._transport = self._transport, None
        if transport is not None:
            with contextlib.suppress(OSError):
                transport.close()

    def exec(self, code: str, step: str = "", timeout_s: float = STEP_S) -> str:
        """Run code on the board; what it printed. `step` tells people what it is for."""
        step = step or code.strip().splitlines()[0]
        out, error = self.do(step, lambda t: t.exec_raw(code, timeout=timeout_s))
        if error:
            raise _told(error.decode(errors="replace"), step, step)
        return str(out.decode(errors="replace").replace("\r\n", "\n"))

    def eval(self, expression: str, step: str = "") -> Any:  # noqa: ANN401 - whatever it is there
        """The value of an expression of plain types on the board."""
        return self.literal(self.exec(f"print(repr({expression}))", step or expression), step)

    def restart(self, how: str = "reset") -> None:
        """Let the board start anew as after power-on, and run its program; or `how`: "bootloader".
        The cable is closed.
        """
        self._stopped = False
        code = f"import machine\nmachine.{how}()"
        with contextlib.suppress(*self._errors):
            self._transport.exec_raw_no_follow(code)
            time.sleep(PAUSE_S)  # or what was typed last is lost with the port
        self.close()

    def run_main(self) -> None:
        """Let the board run its program as after a soft reset; lines() tells what it prints."""
        self.do("starting its program", lambda t: (t.exit_raw_repl(), t.serial.write(b"\x04")))
        self._stopped = False

    def lines(self, timeout_s: float) -> Iterator[str]:
        """The lines of its console as they come, until there is none for so long."""
        line = b""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            data = self.do("its console", lambda t: t.serial.read(max(1, t.serial.in_waiting)))
            *whole, line = (line + data).split(b"\n")
            for one in whole:
                until = time.monotonic() + timeout_s
                yield one.rstrip(b"\r").decode(errors="replace")

    # inside

    def _start_anew(self) -> None:
        """Start its program whatever it does: a step may have been cut off in its midst."""
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
            transport.serial.write(b"\x03\x03\x02\x04")  # whatever it hears of it

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
        """Take the port for ourselves alone."""
        from mpremote.transport_serial import SerialTransport  # noqa: PLC0415 - see _load

        holder = ports.holder(self.port)
        if holder:
            raise self._busy(holder)
        try:
            self._transport = SerialTransport(self.port, timeout=READ_S)
        except self._errors as error:
            raise self._refused() from error

    def _refused(self) -> Mishap:
        """Why the port could not be opened."""
        try:
            os.close(os.open(self.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
        except OSError as error:
            return of_port(self.port, error)
        if not Path(self.port).is_char_device():
            return of_port(self.port, OSError(errno.ENODEV, "no device"))
        return self._busy(ports.holder(self.port, own=True))

    def _busy(self, holder: str) -> Mishap:
        failure = mishap("port-busy", port=self.port)
        failure.detail += f": {holder}" if holder else ""
        return failure

    def do(self, step: str, what: Callable[[Any], Any], path: str = "") -> Any:  # noqa: ANN401
        """Do something with the transport; its errors as what they mean."""
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
                    self.close()  # it starts anew, and the port with it
        raise self._no_prompt()

    def _no_prompt(self) -> Mishap:
        if self._transport is None:
            return mishap("cable-pulled", port=self.port)
        return mishap("no-prompt", port=self.port, tries=self._tries)

    def _try_prompt(self) -> None:
        transport = self._transport
        with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it did not expect
            self._stopped = True
            transport.serial.write(b"\x03\x03\x02")
            transport.enter_raw_repl(soft_reset=False, timeout_overall=PROMPT_S)
            transport.exec_raw(STOP_WATCHDOG, timeout=PROMPT_S)
            if self._reset:
                transport.enter_raw_repl(soft_reset=True, timeout_overall=BOOT_S)


def _told(trace: str, step: str, path: str) -> Mishap:
    """What a traceback of the board comes to."""
    said = (trace.strip().splitlines() or ["nothing"])[-1]
    number = said.removeprefix("OSError: ")
    if number == str(errno.ENOSPC) or "ENOSPC" in said:
        return mishap("flash-full", path=path)
    if number.isdecimal():
        said = os.strerror(int(number))
    return mishap("board-error", step=step, said=said)
