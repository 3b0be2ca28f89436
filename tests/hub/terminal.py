"""A terminal of 80x24: a command runs in it, and what its screen shows is looked at."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

import pyte

COLUMNS, LINES = 80, 24
PIECE = 65_536
CTRL_C = "\x03"
# who opens a terminal first in a session of its own is who gets its Ctrl-C
AT = ("sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1')


class Terminal:
    """Runs one command at a terminal of its own; `screens` are what was to be seen over time."""

    def __init__(self, *command, environment=None):
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self.screen)
        self._ours, self._its = pty.openpty()  # both stay open: nothing shown is lost at the end
        fcntl.ioctl(self._its, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        more = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"} | (environment or {})
        inherited = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "CI")}
        self.process = subprocess.Popen(
            [*AT, os.ttyname(self._its), *(str(word) for word in command)],
            stdin=subprocess.DEVNULL,
            env=inherited | more,
            start_new_session=True,
        )
        self.screens = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._its)
        os.close(self._ours)

    def run(self, limit_s, enough=lambda lines: False):
        """Take in what is shown until the command ends, or `enough(lines)`; its exit code."""
        ends_at = time.monotonic() + limit_s
        while time.monotonic() < ends_at:
            has_ended = self.process.poll() is not None
            if select.select([self._ours], [], [], 0.1)[0]:
                self._stream.feed(os.read(self._ours, PIECE))
                self.screens.append(self.lines())
                if enough(self.screens[-1]):
                    return None
            elif has_ended:
                break
        return self.process.wait(timeout=5)

    def type(self, keys):
        """Press keys, as "y\\r" or CTRL_C."""
        os.write(self._ours, keys.encode())

    def lines(self):
        """The lines of the screen as they are now, from the top."""
        return [line.rstrip() for line in self.screen.display]
