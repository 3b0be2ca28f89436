"""The console of a board, listened to: nothing is typed, and nothing of it is stopped."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

from mesh.hub import ports, tracebacks
from mesh.hub.mishaps import Mishap, mishap, of_port

READ_S = 0.2
RETRY_S = 0.3
LONGEST = 4096  # bytes of a line


class Listener:
    """A serial port that may go and come back."""

    def __init__(self, port: str) -> None:
        self.port = port
        self._serial: Any = None
        self._line = b""

    def open(self) -> None:
        """Open the port. Mishap if it cannot be."""
        try:
            import serial  # noqa: PLC0415 - not on every desktop
        except ImportError as error:
            raise mishap("mpremote-missing") from error
        try:
            self._serial = serial.Serial(self.port, 115200, timeout=READ_S, exclusive=True)
        except OSError as error:
            failure = of_port(self.port, error)
            holder = ports.holder(self.port, own=True) if failure.name == "port-busy" else ""
            failure.detail += f": {holder}" if holder else ""
            raise failure from error

    def read(self) -> list[str] | None:
        """The lines that came within a moment; None once the port has gone."""
        try:
            data = self._serial.read(max(1, self._serial.in_waiting))
        except (OSError, TypeError):  # pyserial's own error when it is closed amid a read
            self.close()
            return None
        *lines, self._line = (self._line + data).split(b"\n")
        if len(self._line) > LONGEST:
            lines, self._line = [*lines, self._line], b""
        return [line.rstrip(b"\r").decode(errors="replace") for line in lines]

    def close(self) -> None:
        """Let go of the port."""
        if self._serial is not None:
            self._serial.close()
        self._serial, self._line = None, b""


async def listen(port: str, seconds: float | None) -> AsyncGenerator[dict[str, Any], None]:
    """{"line": text} for each line, {"port": "lost" or "back"} when the cable is. Mishap at first
    only: a board that was there once is waited for.
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
    """Wait until the port is there again; whether it came in time."""
    while until is None or time.monotonic() < until:
        await asyncio.sleep(RETRY_S)
        try:
            listener.open()
        except Mishap:
            continue
        return True
    return False
