"""Pretend time: what happens next, in an order that the seed decides, and the record of it."""

import hashlib
import heapq
from collections import deque
from collections.abc import Callable
from typing import Any, TextIO

LAST = 30  # lines that a failure shows
CROWDED = 200_000  # steps in one and the same millisecond: then something never rests


class Broken(Exception):
    """An invariant does not hold. `rule`: which; `detail`: who and what."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail


class Log:
    """Every step in a line. Kept: a hash over all, the last lines, and all of them in `out`.

    `wanted`: whether the lines of which there are most, one for each datagram, are made at all.
    """

    wanted = True

    def __init__(self, out: TextIO | None = None) -> None:
        self.lines = 0
        self.last: deque[str] = deque(maxlen=LAST)
        self._hash = hashlib.blake2b(digest_size=16)
        self._out = out

    def add(self, line: str) -> None:
        """Note one step."""
        self.lines += 1
        self.last.append(line)
        self._hash.update(line.encode() + b"\n")
        if self._out is not None:
            self._out.write(line + "\n")

    @property
    def digest(self) -> str:
        """What is the same for two runs if, and only if, all their lines are."""
        return self._hash.hexdigest()


class Timeline:
    """A queue of calls by time (ms); those of one moment run in the order they were put in."""

    def __init__(self) -> None:
        self.now = 0
        self.steps = 0
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._crowd = (0, 0)  # a moment, and the steps before it

    def at(self, when: int, call: Callable[..., None], *args: Any) -> None:  # noqa: ANN401
        """Have call(*args) run at a time; the past is now."""
        self._count += 1
        heapq.heappush(self._heap, (max(when, self.now), self._count, call, args))

    def run(self, until: int) -> None:
        """Let everything up to that time happen."""
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
