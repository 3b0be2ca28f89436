"""How much may pass in a time."""

BURST_S = 16  # seconds' worth that may come at once


class Flow:
    """At most so many bytes a second, BURST_S seconds' worth at once."""

    def __init__(self, per_s: int, now_s: float) -> None:
        self._per_s = per_s
        self._left = self._most = float(per_s * BURST_S)
        self._at_s = now_s

    def take(self, now_s: float, count: int) -> bool:
        """Take so many if anything is left; what was not there is owed."""
        self._left = min(self._most, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if self._left <= 0:
            return False
        self._left -= count
        return True
