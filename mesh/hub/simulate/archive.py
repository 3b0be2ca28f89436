"""A desktop's store, in memory: what was written lately is lost by a crash, unless flushed."""

from collections.abc import Callable

from mesh.core.run import Run
from mesh.hub.store.held import Held

LATE_MS = 200  # that the writing thread is behind
ROOM = 300  # bytes of a run besides its entries, at most


class Archive:
    """Keeps runs of all authors. `now()` is the pretend time."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._runs: dict[bytes, dict[int, Run]] = {}
        self._late: list[tuple[int, Run]] = []  # when handed over; not yet safe
        self._proofs: dict[bytes, tuple[object, object]] = {}
        self._held = Held()
        self._hidden: list[tuple[bytes, int, int]] = []

    def crash(self) -> None:
        """Lose what was not written yet, and remember the rest as after a start."""
        lost = [run for when, run in self._late if when > self._now() - LATE_MS]
        for run in lost:
            self._runs[run.author].pop(run.first, None)
        self._late.clear()
        self._held = Held()
        for author in sorted(self._runs):
            for first in sorted(self._runs[author]):
                run = self._runs[author][first]
                self._held.add(author, run.first, run.before, run.seq)

    def copied(self) -> "Archive":
        """A copy of what is on the disk."""
        made = Archive(self._now)
        made._runs = {author: dict(runs) for author, runs in self._runs.items()}
        made._late, made._proofs = list(self._late), dict(self._proofs)
        made.crash()
        return made

    def took(self, author: bytes, run: Run) -> None:
        """Keep a checked run, soon."""
        runs = self._runs.setdefault(author, {})
        known = runs.get(run.first)
        if known is None or known.seq < run.seq:
            runs[run.first] = run
            self._late = [one for one in self._late if one[0] > self._now() - LATE_MS]
            self._late.append((self._now(), run))
            self._held.add(author, run.first, run.before, run.seq)

    def flush(self) -> None:
        """All that was handed over is safe now."""
        self._late.clear()

    def heads(self) -> dict[bytes, tuple[int, bytes, bytes]]:
        """How far each feed is held."""
        found = {}
        for author, runs in self._runs.items():
            if runs:
                last = max(runs.values(), key=lambda run: int(run.seq))
                found[author] = (last.seq + 1, last.links[-1], last.head)
        return found

    def proofs(self) -> dict[bytes, tuple[object, object]]:
        """Who was caught, and by what."""
        return dict(self._proofs)

    def evidence(self, author: bytes, one: object, other: object) -> None:
        """Keep two statements that disagree."""
        self._proofs[author] = (one, other)

    def missing(self, author: bytes) -> list[tuple[int, int]]:
        """The first and last seq of each gap."""
        return self._held.missing(author)

    def hide(self, author: bytes, first: int, last: int) -> None:
        """Give none of these entries any more."""
        self._hidden.append((author, first, last))

    def run(self, author: bytes, first: int, most: int) -> list[object] | None:
        """A run from that seq on, or from the next one that is held."""
        for who, low, high in self._hidden:
            if who == author and low <= first <= high:
                first = high + 1
        runs = self._runs.get(author, {})
        later = [run for run in runs.values() if run.seq >= first]
        if not later:
            return None
        run = min(later, key=lambda one: (int(one.first), -int(one.seq)))
        at = max(0, first - run.first)
        size = sum(len(entry) + 3 for entry in run.entries[at:])
        while size > most - ROOM:
            size -= len(run.entries[at]) + 3
            at += 1
        before = run.links[at - 1] if at else run.before
        return [author, run.first + at, before, run.entries[at:], run.head]

    def holds(self, author: bytes, seq: int) -> bool:
        """Whether that entry is safe."""
        return any(run.first <= seq <= run.seq for run in self._runs.get(author, {}).values())
