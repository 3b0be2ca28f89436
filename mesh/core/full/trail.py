"""A trail: entries of a forked feed that lead to a witnessed link, from there down.

A link fixes all before it. So whoever knows one link of the history that counts takes a run that
has it, then the run whose last link is the one before that, and so on: no entry of another history
can come in between, whoever gives it.
"""

from mesh.core.feed.chain import seam

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.feed.chain import Run
    from mesh.core.full.agreeing import Point
    from mesh.core.kit import Kit


class Trail:
    """How far down it is held what leads to the first of these points, the highest.

    To be read: top, the last seq; who, the witnesses; low, up to which seq it is not held, and
    link, the one there; head, one that covers the top, as soon as there is one.
    """

    head: "bytes | None" = None

    def __init__(self, kit: "Kit", author: bytes, points: "list[Point]", room: int) -> None:
        self._kit = kit
        self._author = author
        self._points = points
        self._room = room  # bytes of runs that wait for the one that they lead to
        self._waiting: list[Run] = []
        self.top, self.link, self.who = points[0]
        self.low = self.top

    @property
    def begun(self) -> bool:
        """Whether something of it is held."""
        return self.low < self.top

    def leads(self, run: "Run") -> "list[Run] | None":
        """Runs, in order, that are proven by this one to lead to the witnessed link: the last of
        them, and those that were given just before it. An empty list if that is to be seen yet,
        or if it is held; None if it is not of this history.
        """
        if run.first > self.low:
            return None if run.first > self.top else []
        waiting = self._waiting
        if waiting and (waiting[-1].seq + 1, waiting[-1].links[-1]) != (run.first, run.before):
            waiting.clear()
        waiting.append(run)
        if run.seq < self.low:
            while len(waiting) > 1 and sum([_size(one) for one in waiting]) > self._room:
                waiting.pop(0)
            return []
        found, self._waiting = waiting, []
        if run.links[self.low - run.first] != self.link:
            return None
        self.head = self.head or run.head
        self.reached(found[0].first - 1, found[0].before)
        return found

    def reached(self, low: int, link: bytes) -> None:
        """It is held down to behind that seq. What is behind the start of a span leads to nothing
        before it: there the next witnessed link goes on.
        """
        self.low, self.link = low, link
        if link == seam(self._kit, self._author, low):
            lower = [point for point in self._points if point[0] <= low]
            self.low, self.link = lower[0][:2] if lower else (0, b"")

    def descend(self, archive: "Any") -> None:  # noqa: ANN401 - see mesh.core.full.archived
        """Go down what an archive has of it."""
        while self.low > 0:
            found = archive.trace(self._author, self.low, self.link)
            if found[0] >= self.low:
                return
            if self.head is None:
                run = archive.run(self._author, self.top, self._room)
                self.head = run[4] if run else None
            self.reached(*found)


def _size(run: "Run") -> int:
    return sum([len(entry) for entry in run.entries])
