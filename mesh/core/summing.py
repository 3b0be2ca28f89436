"""Rate limit of log lines that strangers can cause: those left out are counted and summed up."""

MOST_SOURCES = 64  # counted one by one; beyond that the sum says "at least"


class Summing:
    """Lets through at most `most` lines in `every_ms` and counts the rest."""

    def __init__(self, most: int, every_ms: int) -> None:
        self._most = most
        self._every_ms = every_ms
        self._from_ms = -every_ms
        self._count = 0
        self._sources: set[object] = set()

    def takes(self, now_ms: int, source: object) -> bool:
        """Whether to log a line that `source` caused. Call left_out() before."""
        if now_ms - self._from_ms >= self._every_ms:
            self._from_ms = now_ms
            self._count = 0
            self._sources.clear()
        self._count += 1
        if self._count <= self._most:
            return True
        if len(self._sources) < MOST_SOURCES:
            self._sources.add(source)
        return False

    def left_out(self, now_ms: int) -> "tuple[int, int, int] | None":
        """The lines left out, as (lines, sources, seconds), once when `every_ms` is over, else
        None.
        """
        count, sources = self._count - self._most, len(self._sources)
        if count <= 0 or now_ms - self._from_ms < self._every_ms:
            return None
        seconds = (now_ms - self._from_ms) // 1000
        self._count = 0
        self._sources.clear()
        return count, sources, seconds
