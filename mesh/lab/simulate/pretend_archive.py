"""Simulated store of a desktop, in memory. A crash loses recent writes that were not flushed."""

from collections.abc import Callable, Iterator

from mesh.core.feed.chain import Run
from mesh.core.full import seen
from mesh.hub.store.held import Held
from mesh.lab.simulate.ledger import Value

LATE_MS = 200  # delay of the writing thread
ROOM = 300  # most bytes of a run besides its entries


class Archive:
    """Stores runs of all authors. now() is the virtual time; `last`: the run that came last."""

    last: Run | None = None

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._runs: dict[bytes, dict[int, Run]] = {}
        self._late: list[tuple[int, Run]] = []  # (when queued, run), not durable yet
        self._proofs: dict[bytes, tuple[object, object]] = {}
        self._held = Held()
        self._hidden: list[tuple[bytes, int, int]] = []

    def crash(self) -> None:
        """Lose what was not written yet, and restart."""
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

    def took(self, author: bytes, run: Run, certain: bool = False) -> None:
        """Queue a verified run; a certain one replaces what contradicts it."""
        self.last = run
        runs = self._runs.setdefault(author, {})
        if certain:
            self._make_way(author, run)
        known = runs.get(run.first)
        if known is None or known.seq < run.seq:
            runs[run.first] = run
            self._late = [one for one in self._late if one[0] > self._now() - LATE_MS]
            self._late.append((self._now(), run))
            self._held.add(author, run.first, run.before, run.seq)

    def _make_way(self, author: bytes, run: Run) -> None:
        runs = self._runs[author]
        wrong = [one for one in runs.values() if _parted(one, run)]
        for one in wrong:
            del runs[one.first]
            self._held.forget(author, one.first, one.seq)
        for one in runs.values() if wrong else ():
            self._held.add(author, one.first, one.before, one.seq)  # they may overlap

    def seen(self, author: bytes, by: bytes) -> list[tuple[int, int, bytes]]:
        """What a witness has seen of an author, in the order in which it said it."""
        found = []
        said = {value[0]: value for run in self._runs.get(by, {}).values() for value in run.values}
        for seq, _, kind, body in (said[seq] for seq in sorted(said)):
            if kind == seen.NAME:
                found += [(seq, *row[1:]) for row in seen.check(body) if row[0] == author]
        return found

    def trace(self, author: bytes, seq: int, link: bytes) -> tuple[int, bytes]:
        """Down to where the entries that are held lead to a link."""
        low = seq
        while True:
            for run in self._runs.get(author, {}).values():
                if run.first <= low <= run.seq and run.links[low - run.first] == link:
                    low, link = run.first - 1, run.before
                    break
            else:
                return low, link

    def flush(self) -> None:
        """Make all queued runs durable."""
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
        """The fork proofs."""
        return dict(self._proofs)

    def evidence(self, author: bytes, one: object, other: object) -> None:
        """Store a fork proof."""
        self._proofs[author] = (one, other)

    def missing(self, author: bytes) -> list[tuple[int, int]]:
        """The gaps, as [(first, last)]."""
        return self._held.missing(author)

    def hide(self, author: bytes, first: int, last: int) -> None:
        """Serve these entries no more."""
        self._hidden.append((author, first, last))

    def run(self, author: bytes, first: int, most: int) -> list[object] | None:
        """A run from that seq on, or from the next one held."""
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

    def link(self, author: bytes, seq: int) -> bytes | None:
        """The link of an entry that is held, or None."""
        for run in self._runs.get(author, {}).values():
            if run.first <= seq <= run.seq:
                return run.links[seq - run.first]  # type: ignore[no-any-return]
        return None

    def entries(self) -> Iterator[tuple[bytes, Value, bytes]]:
        """All entries that are held, each with its author and link."""
        for author in sorted(self._runs):
            for _, run in sorted(self._runs[author].items()):
                for value, link in zip(run.values, run.links, strict=True):
                    yield author, value, link

    def holds(self, author: bytes, seq: int) -> bool:
        """Whether an entry is durable."""
        return any(run.first <= seq <= run.seq for run in self._runs.get(author, {}).values())


def _parted(one: Run, run: Run) -> bool:
    """Whether two runs that meet or overlap disagree."""
    seq = min(one.seq, run.seq)
    low = max(one.first, run.first) - 1
    return seq >= low and _link(one, seq) != _link(run, seq)


def _link(run: Run, seq: int) -> bytes:
    return run.before if seq < run.first else run.links[seq - run.first]  # type: ignore[no-any-return]
