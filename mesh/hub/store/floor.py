"""How much of the disk is left free: below that, first strangers' and then everything but the own
feed is not kept.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from mesh.core.errors import RemoteError

MEGABYTE = 1_000_000
PART = 20  # the floor is at most that part of the disk
LOOK_S = 1.0
BUSY = 0xA3  # 5.03


class Floor:
    """Looks at the disk of `path`. changed(why) hears what look() says when that changes.

    usage(path) gives (total, used, free) bytes, or OSError.
    """

    def __init__(
        self,
        path: Path,
        free_mb: int,
        changed: Callable[[str], None] = lambda _: None,
        usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._wanted = free_mb * MEGABYTE
        self._changed = changed
        self._why = ""
        self._usage = usage
        self._now_s = now_s
        self._looked_s = now_s() - LOOK_S
        self.bytes = self._wanted
        self.free = self._wanted

    def look(self) -> str:
        """What is not kept for lack of room, and why; nothing if all is."""
        now_s = self._now_s()
        if now_s - self._looked_s < LOOK_S:
            return self._why
        self._looked_s = now_s
        before, self._why = self._why, self._look()
        if self._why != before:
            self._changed(self._why)
        return self._why

    def _look(self) -> str:
        try:
            total, _, self.free = self._usage(self._path)
        except OSError:  # then the writing tells
            return ""
        self.bytes = min(self._wanted, total // PART)
        if self.free >= self.bytes:
            return ""
        whose = "of strangers" if self.free >= self.bytes // 2 else "of others"
        free, floor = self.free // MEGABYTE, self.bytes // MEGABYTE
        return f"nothing {whose} is kept: {free} MB of the disk are free, {floor} MB are to stay"

    def check(self, *, is_known: bool) -> None:
        """RemoteError if there is no room for what somebody else wrote."""
        why = self.look()
        if why and not (is_known and self.free >= self.bytes // 2):
            raise RemoteError(why, BUSY, "offer it later, or to another; our holder can make room")
