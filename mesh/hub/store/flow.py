"""Rate limit in bytes."""

BURST_S = 16  # seconds' worth of bytes that may come at once


class Flow:
    """A rate limit of `per_s` bytes a second, BURST_S seconds' worth at once."""

    def __init__(self, per_s: int, now_s: float) -> None:
        self._per_s = per_s
        self._left = self._most = float(per_s * BURST_S)
        self._at_s = now_s

    def take(self, now_s: float, count: int) -> bool:
        """Take `count` bytes if any are left; the rest is owed. Whether it did."""
        self._left = min(self._most, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if self._left <= 0:
            return False
        self._left -= count
        return True
