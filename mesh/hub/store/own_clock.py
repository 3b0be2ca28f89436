"""Whether this computer's clock may be trusted for retention: it may be wrong, and jump."""

import time

from mesh.hub.store.dropping import SLACK_MS

STEADY_MS = 600_000  # how long the clock must be steady before anything is dropped by age
JUMP_MS = 60_000  # smaller steps are usual corrections


def unix_ms() -> int:
    """Unix ms, by this computer's clock."""
    return time.time_ns() // 1_000_000


def up_ms() -> int:
    """Milliseconds since this computer started, without jumps; including sleep where possible."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock) // 1_000_000


class OwnClock:
    """Compares the clock with the time since the start, from its creation on."""

    def __init__(self, unix_ms: int, up_ms: int) -> None:
        self.since_ms = unix_ms
        self._ahead_ms = unix_ms - up_ms
        self._steady_ms = up_ms + STEADY_MS

    def look(self, unix_ms: int, up_ms: int) -> int:
        """The jump of the clock since the last look; 0 unless the time before was wrong."""
        jump = unix_ms - up_ms - self._ahead_ms
        if abs(jump) < JUMP_MS:
            return 0
        self._ahead_ms += jump
        self._steady_ms = up_ms + STEADY_MS
        return jump if abs(jump) > SLACK_MS else 0

    def corrected(self, jump: int) -> None:
        """Note that times of arrival were corrected by a jump."""
        self.since_ms += jump

    def is_steady(self, up_ms: int) -> bool:
        """Whether the clock may decide what is too old."""
        return up_ms >= self._steady_ms
