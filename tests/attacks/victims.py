"""Peers that are attacked: `mesh up` and MicroPython on loopback, with the settings that people
have by default but for discovery, so that nothing leaves this machine.

Both are those of tests/faults; here they also tell how much memory, disk and console they take.
"""

import os
import resource
from pathlib import Path

from members import Board, Desktop

from mesh.boards.virtual.process import HEAP
from mesh.core import peer_id

PAGE_KIB = resource.getpagesize() // 1024
QUIET = {
    "port": 0,
    "discovery": {"layers": [], "interface": "127.0.0.1"},
    "limits": {},
    "sensors": {"uptime": {"every_s": 1}},
}


class Here:
    """The host of these peers: this one."""

    wrap = ()


class Measured:
    """What is looked at before and after an attack."""

    @property
    def public(self):
        """Its id, 32 bytes."""
        return peer_id.from_text(self.id)

    @property
    def address(self):
        """Where it listens: (host, port), for UDP, and on desktops for TCP too."""
        first = self.addresses[0]
        host, _, port = (
            first.rpartition(":") if isinstance(first, str) else (first[0], "", first[1])
        )
        return host, int(port)

    @property
    def memory_kib(self):
        """What the process has in memory (RSS)."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE_KIB

    @property
    def told_kib(self):
        """What it has written to its console so far."""
        with self._news:
            return sum(len(line.encode()) + 1 for line in self.lines) / 1024

    @property
    def disk_kib(self):
        """What its folder takes on disk."""
        total = 0
        for folder, _, files in os.walk(self.home_folder):
            for name in files:
                try:
                    total += os.stat(os.path.join(folder, name)).st_blocks
                except FileNotFoundError:  # a journal that was just finished
                    continue
        return total / 2


class DesktopVictim(Measured, Desktop):
    """`mesh up` in a home of its own; on this host if none is given."""

    def __init__(self, home, host=Here, **settings):
        super().__init__(host, home, **{**QUIET, **settings})
        self.home_folder = home

    @property
    def is_running(self):
        """Whether its process has not ended."""
        return self._process.poll() is None


class BoardVictim(Measured, Board):
    """A board with a heap of that size; it is not started again after a fault."""

    def __init__(self, folder, heap=HEAP, **settings):
        super().__init__(Here, folder, heap=heap, **{**QUIET, **settings})
        self.home_folder = folder

    def heap(self):
        """[used, free] bytes of its heap, when it looked last; None if it has not yet."""
        looks = self.events("heap")
        return [looks[-1]["used"], looks[-1]["free"]] if looks else None
