"""Lines that strangers can cause: the first few are told, of the rest only how many there were."""

MOST_SOURCES = 64  # that are told apart: of more it is said that there were at least so many


class Summing:
    """At most `most` lines in `every_ms`; time is an argument."""

    def __init__(self, most: int, every_ms: int) -> None:
        self._most = most
        self._every_ms = every_ms
        self._from_ms = -every_ms
        self._count = 0
        self._sources: set[object] = set()

    def takes(self, now_ms: int, source: object) -> bool:
        """Whether the next line, which that one caused, is to be told; ask left_out() before."""
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
        """How many lines, of how many sources, in how many seconds; once, when the time is over,
        and None if there is nothing to say.
        """
        count, sources = self._count - self._most, len(self._sources)
        if count <= 0 or now_ms - self._from_ms < self._every_ms:
            return None
        seconds = (now_ms - self._from_ms) // 1000
        self._count = 0
        self._sources.clear()
        return count, sources, seconds
