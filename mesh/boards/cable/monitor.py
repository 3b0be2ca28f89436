"""Serial monitor: shows a board's console, and sends nothing."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

from mesh.boards.cable import ports
from mesh.boards.cable.port_errors import of_port
from mesh.boards.firmware import tracebacks
from mesh.boards.mishaps import Mishap, mishap

READ_S = 0.2
RETRY_S = 0.3
LONGEST = 4096  # bytes of a line


class Listener:
    """Reader of a serial port, which may be unplugged and come back."""

    def __init__(self, port: str) -> None:
        self.port = port
        self._serial: Any = None
        self._line = b""

    def open(self) -> None:
        """Open the port. Mishap if that fails."""
        try:
            import serial  # noqa: PLC0415 - not on every desktop
        except ImportError as error:
            raise mishap("mpremote-missing") from error
        try:
            self._serial = serial.Serial(self.port, 115200, timeout=READ_S, exclusive=True)
        except OSError as error:
            failure = of_port(self.port, error)
            holder = ports.holder(self.port, own=True) if failure.name == "port-busy" else ""
            raise failure.held_by(holder) from error

    def read(self) -> list[str] | None:
        """The lines that came within a short time; None when the port is gone."""
        try:
            data = self._serial.read(max(1, self._serial.in_waiting))
        except (OSError, TypeError):  # raised by pyserial when it is closed during a read
            self.close()
            return None
        *lines, self._line = (self._line + data).split(b"\n")
        if len(self._line) > LONGEST:
            lines, self._line = [*lines, self._line], b""
        return [line.rstrip(b"\r").decode(errors="replace") for line in lines]

    def close(self) -> None:
        """Close the port."""
        if self._serial is not None:
            self._serial.close()
        self._serial, self._line = None, b""


async def listen(port: str, seconds: float | None) -> AsyncGenerator[dict[str, Any], None]:
    """Yield {"line": text} for each line, and {"port": "lost" or "back"}. Mishap only at first: a
    board that was there once is waited for.
    """
    until = time.monotonic() + seconds if seconds else None
    listener = Listener(port)
    await asyncio.to_thread(listener.open)
    try:
        while until is None or time.monotonic() < until:
            lines = await asyncio.to_thread(listener.read)
            for line in lines or ():
                yield {"line": await asyncio.to_thread(tracebacks.told, line)}
            if lines is None:
                yield {"port": "lost"}
                if not await _reopen(listener, until):
                    return
                yield {"port": "back"}
    finally:
        listener.close()


async def _reopen(listener: Listener, until: float | None) -> bool:
    """Wait until the port is back. Whether it came in time."""
    while until is None or time.monotonic() < until:
        await asyncio.sleep(RETRY_S)
        try:
            listener.open()
        except Mishap:
            continue
        return True
    return False
