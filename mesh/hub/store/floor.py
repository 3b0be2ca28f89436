"""Reserve of free disk space: below it, strangers are refused first, then all but the own feed.
They are also refused while the store's write-ahead log is too long.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from mesh.core import codes
from mesh.core.errors import RemoteError
from mesh.hub.store import log_size, schema

MEGABYTE = 1_000_000
PART = 20  # the reserve is at most 1/PART of the disk
LOOK_S = 1.0


class Floor:
    """Checks the disk of the home `path`, and the log of its store. changed(why) is called when
    the result of look() changes.

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
        """What is not stored for lack of space, and why; "" if all is."""
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
        except OSError:  # then writing will fail and be reported
            return ""
        self.bytes = min(self._wanted, total // PART)
        if self.free >= self.bytes:
            return self._look_at_log()
        whose = "of strangers" if self.free >= self.bytes // 2 else "of others"
        free, floor = self.free // MEGABYTE, self.bytes // MEGABYTE
        return f"nothing {whose} is kept: {free} MB of the disk are free, {floor} MB are to stay"

    def _look_at_log(self) -> str:
        size = log_size.size_of(log_size.path_of(self._path / schema.NAME))
        if size < log_size.STRANGE:
            return ""
        return f"nothing of strangers is kept: of {schema.NAME}, {log_size.told(size)}"

    def check(self, *, is_known: bool) -> None:
        """RemoteError if there is no space for entries of others."""
        why = self.look()
        if why and not (is_known and self.free >= self.bytes // 2):
            raise RemoteError(
                why, codes.UNAVAILABLE, "offer it later, or to another; our holder can make room"
            )
