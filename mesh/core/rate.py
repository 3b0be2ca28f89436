"""Rate limits: a token bucket."""


class Bucket:
    """A token bucket: `rate` tokens a second, at most `burst_s` seconds' worth of them."""

    def __init__(self, rate: int, burst_s: int = 1) -> None:
        self._rate = rate
        self._full = self._left = rate * burst_s * 1000
        self._at_ms = 0

    def take(self, now_ms: int, count: int = 1) -> bool:
        """Take `count` tokens if there is at least one; the rest is owed. Whether it did."""
        self._left = min(self._full, self._left + (now_ms - self._at_ms) * self._rate)
        self._at_ms = now_ms
        if self._left < 1000:
            return False
        self.owe(count)
        return True

    def owe(self, count: int) -> None:
        """Take `count` tokens even if that many are not there."""
        self._left = max(-self._full, self._left - count * 1000)
