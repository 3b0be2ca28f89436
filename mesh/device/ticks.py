"""Time since boot as one growing number. Ticks, which wrap, are compared only here."""

import time

UNIX_EPOCH = 1970


class Ticks:
    """Call it for the ms since its creation, at least once every few days, as ticks wrap."""

    def __init__(self) -> None:
        self._last = time.ticks_ms()
        self._now_ms = 0

    def __call__(self) -> int:
        ticks = time.ticks_ms()
        self._now_ms += time.ticks_diff(ticks, self._last)
        self._last = ticks
        return self._now_ms


def unix_ms() -> int:
    """Unix ms, by this machine's own clock, whatever the interpreter's epoch."""
    if time.gmtime(0)[0] == UNIX_EPOCH:
        return time.time_ns() // 1_000_000
    return (time.time() + 946_684_800) * 1000  # the boards' epoch is 2000-01-01
