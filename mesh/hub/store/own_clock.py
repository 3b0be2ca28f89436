"""This computer's clock, as far as anything is dropped by it: it may have been wrong, and jump."""

import time

from mesh.hub.store.dropping import SLACK_MS

STEADY_MS = 600_000  # nothing is dropped for its age before the clock agreed with itself so long
JUMP_MS = 60_000  # less is what a clock is corrected by now and then


def unix_ms() -> int:
    """Unix ms by this computer's clock."""
    return time.time_ns() // 1_000_000


def up_ms() -> int:
    """Milliseconds since this computer started, without jumps; where it can be had, with sleep."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock) // 1_000_000


class OwnClock:
    """Compares the two, from when it is made."""

    def __init__(self, unix_ms: int, up_ms: int) -> None:
        self.since_ms = unix_ms
        self._ahead_ms = unix_ms - up_ms
        self._steady_ms = up_ms + STEADY_MS

    def look(self, unix_ms: int, up_ms: int) -> int:
        """By how much the clock jumped since the last look: 0 unless that was a wrong time."""
        jump = unix_ms - up_ms - self._ahead_ms
        if abs(jump) < JUMP_MS:
            return 0
        self._ahead_ms += jump
        self._steady_ms = up_ms + STEADY_MS
        return jump if abs(jump) > SLACK_MS else 0

    def corrected(self, jump: int) -> None:
        """What arrived until now is booked under the right time."""
        self.since_ms += jump

    def is_steady(self, up_ms: int) -> bool:
        """Whether it may decide what is too old."""
        return up_ms >= self._steady_ms
