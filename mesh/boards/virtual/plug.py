"""The cable of a virtual board: a pseudo-terminal whose other end is its serial port."""

import contextlib
import os
import select
import termios

from mesh.boards.virtual.board_log import Log

MOST = 4096  # bytes read or written at a time
FULL = 16 * MOST  # bytes that may wait for a reader, who then has DROP_S
RAW = b"raw REPL; CTRL-B to exit"
FRIENDLY = b'Type "help()"'
DROP_S = 0.5  # time-out of a board's USB driver
LFLAG = 3  # index in the list of termios


class Plug:
    """The cable, unplugged at first. `waiting`: output for the reader of the port."""

    def __init__(self) -> None:
        self.cable = -1
        self.port = ""
        self.waiting = bytearray()
        self._full_since = 0.0

    def put_in(self) -> None:
        """Create the port, if there is none."""
        if self.cable >= 0:
            return
        self.cable, slave = os.openpty()
        plain(slave)
        self.port = os.ttyname(slave)
        os.close(slave)  # from now on this end shows whether the port is open
        os.set_blocking(self.cable, False)

    def pull(self) -> None:
        """Remove the port; its reader gets an end of file."""
        if self.cable >= 0:
            os.close(self.cable)
        self.cable = -1
        self.waiting.clear()

    def is_open(self) -> bool:
        """Whether the port is open. Output is lost while it is not, as on USB."""
        if self.cable >= 0:
            poll = select.poll()
            poll.register(self.cable, 0)
            if not any(what & select.POLLHUP for _, what in poll.poll(0)):
                return True
        self.waiting.clear()
        return False

    def has_room(self, now: float) -> bool:
        """Whether more output can wait. A slow reader loses some."""
        if len(self.waiting) < FULL:
            self._full_since = 0.0
            return True
        self._full_since = self._full_since or now
        if now - self._full_since < DROP_S:
            return False
        self.waiting.clear()
        return True

    def read(self) -> bytes:
        """What was typed since the last call."""
        try:
            return os.read(self.cable, MOST)
        except OSError:  # it has just been closed
            return b""

    def write(self) -> None:
        """Write what waits, as much as is accepted."""
        with contextlib.suppress(OSError):
            del self.waiting[: os.write(self.cable, self.waiting)]


class Screen:
    """The interpreter's output: to the cable, and as lines to a log."""

    def __init__(self, plug: Plug, log: Log) -> None:
        self.raw = False
        self._plug = plug
        self._log = log
        self._line = b""
        self._last = b""

    def hear(self, data: bytes) -> None:
        """Pass on output, and note whether the raw or the friendly prompt printed it."""
        seen = self._last + data
        raw, friendly = seen.rfind(RAW), seen.rfind(FRIENDLY)
        if max(raw, friendly) >= 0:
            self.raw = raw > friendly
        self._last = seen[1 - len(RAW) :]
        self.show(data)

    def show(self, data: bytes) -> None:
        """Pass it on."""
        self._plug.waiting += data
        if self.raw:  # the raw prompt is for programs, so it is not logged
            self._line = b""
            return
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._log.add(line.rstrip(b"\r").decode(errors="replace"))


def plain(terminal: int) -> None:
    """Let a terminal pass bytes unchanged, except Ctrl-C while a program runs."""
    mode = termios.tcgetattr(terminal)
    mode[0] = mode[1] = 0
    mode[LFLAG] = termios.ISIG | termios.NOFLSH
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
    termios.tcsetattr(terminal, termios.TCSANOW, mode)
