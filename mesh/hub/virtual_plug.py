"""The cable of a virtual board: a pseudo-terminal, whose other end is its serial port."""

import contextlib
import os
import select
import termios

from mesh.hub.board_log import Log

MOST = 4096  # bytes at a time
FULL = 16 * MOST  # bytes that wait for a reader, who then gets DROP_S
RAW = b"raw REPL; CTRL-B to exit"
FRIENDLY = b'Type "help()"'
DROP_S = 0.5  # as a board's USB driver waits
LFLAG = 3  # of the list that termios has


class Plug:
    """Pulled at first. `waiting`: what goes out to whoever has the port open."""

    def __init__(self) -> None:
        self.cable = -1
        self.port = ""
        self.waiting = bytearray()
        self._full_since = 0.0

    def put_in(self) -> None:
        """Make the port, if there is none."""
        if self.cable >= 0:
            return
        self.cable, slave = os.openpty()
        plain(slave)
        self.port = os.ttyname(slave)
        os.close(slave)  # from now on the cable's end tells whether somebody has it open
        os.set_blocking(self.cable, False)

    def pull(self) -> None:
        """Take the port away: whoever has it open reads its end."""
        if self.cable >= 0:
            os.close(self.cable)
        self.cable = -1
        self.waiting.clear()

    def is_open(self) -> bool:
        """Whether anybody has the port open. What is told while nobody has is lost, as on USB."""
        if self.cable >= 0:
            poll = select.poll()
            poll.register(self.cable, 0)
            if not any(what & select.POLLHUP for _, what in poll.poll(0)):
                return True
        self.waiting.clear()
        return False

    def has_room(self, now: float) -> bool:
        """Whether more can wait; a reader who sleeps loses some."""
        if len(self.waiting) < FULL:
            self._full_since = 0.0
            return True
        self._full_since = self._full_since or now
        if now - self._full_since < DROP_S:
            return False
        self.waiting.clear()
        return True

    def read(self) -> bytes:
        """What was typed since."""
        try:
            return os.read(self.cable, MOST)
        except OSError:  # it was closed just now
            return b""

    def write(self) -> None:
        """Hand over what waits, as much as is taken."""
        with contextlib.suppress(OSError):
            del self.waiting[: os.write(self.cable, self.waiting)]


class Screen:
    """What the interpreter prints: out by the cable, and as lines to a log."""

    def __init__(self, plug: Plug, log: Log) -> None:
        self.raw = False
        self._plug = plug
        self._log = log
        self._line = b""
        self._last = b""

    def hear(self, data: bytes) -> None:
        """Show what came, and mark whether the raw prompt or the other one did."""
        seen = self._last + data
        raw, friendly = seen.rfind(RAW), seen.rfind(FRIENDLY)
        if max(raw, friendly) >= 0:
            self.raw = raw > friendly
        self._last = seen[1 - len(RAW) :]
        self.show(data)

    def show(self, data: bytes) -> None:
        """Pass it on."""
        self._plug.waiting += data
        if self.raw:  # programs talk there, and nobody reads that
            self._line = b""
            return
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._log.add(line.rstrip(b"\r").decode(errors="replace"))


def plain(terminal: int) -> None:
    """Let a terminal pass bytes on as they are, but for Ctrl-C while a program runs."""
    mode = termios.tcgetattr(terminal)
    mode[0] = mode[1] = 0
    mode[LFLAG] = termios.ISIG | termios.NOFLSH
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
    termios.tcsetattr(terminal, termios.TCSANOW, mode)
