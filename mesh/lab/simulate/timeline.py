"""Event queue of a simulation in virtual time, in an order decided by the seed; and its log."""

import hashlib
import heapq
from collections import deque
from collections.abc import Callable
from typing import Any, TextIO

LAST = 30  # last lines shown after a failure
CROWDED = 200_000  # most steps in one millisecond; more are an endless loop


class Broken(Exception):
    """An invariant was violated. `rule`: which; `detail`: by whom, and what."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail


class Log:
    """A line for each step. Kept: a hash over all lines, the last ones, and all in `out`.

    `wanted`: whether to make the most frequent lines at all, one for each datagram.
    """

    wanted = True

    def __init__(self, out: TextIO | None = None) -> None:
        self.lines = 0
        self.last: deque[str] = deque(maxlen=LAST)
        self._hash = hashlib.blake2b(digest_size=16)
        self._out = out

    def add(self, line: str) -> None:
        """Record a step."""
        self.lines += 1
        self.last.append(line)
        self._hash.update(line.encode() + b"\n")
        if self._out is not None:
            self._out.write(line + "\n")

    @property
    def digest(self) -> str:
        """A hash that is the same for two runs if, and only if, all their lines are."""
        return self._hash.hexdigest()


class Timeline:
    """A queue of calls by time (ms); those at the same time run in the order in which they were
    added.
    """

    def __init__(self) -> None:
        self.now = 0
        self.steps = 0
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._crowd = (0, 0)  # (time, steps at that time)

    def at(self, when: int, call: Callable[..., None], *args: Any) -> None:  # noqa: ANN401
        """Schedule call(*args) at a time; a past time means now."""
        self._count += 1
        heapq.heappush(self._heap, (max(when, self.now), self._count, call, args))

    def run(self, until: int) -> None:
        """Run everything up to a time."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            when, _, call, args = heapq.heappop(heap)
            if when != self._crowd[0]:
                self._crowd = (when, self.steps)
            elif self.steps - self._crowd[1] > CROWDED:
                raise Broken("peers rest", f"{CROWDED} steps at {when} ms, and no end")
            self.now = when
            self.steps += 1
            call(*args)
        self.now = until
