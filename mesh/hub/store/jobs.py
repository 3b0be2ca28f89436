"""The job queue of the store's thread; callers can wait for jobs."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator

from mesh.core.feed.chain import Run
from mesh.hub.store import meter
from mesh.hub.store.keeper import size_of

# Bytes of the file in one transaction, about: a reader or a flush waits no longer than that, and
# no more than that comes from strangers before it is seen whether there is room for them.
BATCH = 1 << 20


class Alone:
    """A job with a transaction of its own. `error`: why it was not done."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.work = work
        self.error: Exception | None = None
        self._lock = threading.Lock()
        self._given_up = False
        self._ended = threading.Event()

    def begin(self) -> bool:
        """Begin, unless it was given up. After that it cannot be."""
        with self._lock:
            return not self._given_up

    def end(self, error: Exception | None) -> None:
        """Mark as done, and wake up whoever waits."""
        self.error = error
        self._ended.set()

    def wait(self, seconds: float) -> bool:
        """Wait for its end. Whether it ended in time."""
        return self._ended.wait(seconds)

    def give_up(self) -> None:
        """Cancel it, unless it has begun."""
        with self._lock:
            self._given_up = True


Job = Run | Alone | Callable[[], None]  # a run to write, or other work between the runs


class Queue:
    """Jobs from any thread for one thread. `waiting`: entries in it; `emptied`: how often all of
    it was done.
    """

    def __init__(self) -> None:
        self.waiting = self.emptied = 0
        self.closing = False
        self._jobs: deque[Job] = deque()
        self._news = threading.Condition()

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> None:
        """Add a job."""
        with self._news:
            self._jobs.append(job)
            self.waiting += entries_of(job)
            self._news.notify()

    def close(self) -> None:
        """Have the thread end when all is done."""
        with self._news:
            self.closing = True
            self._news.notify()

    def wait(self, seconds: float, *, until_closing: bool = False) -> bool:
        """Wait for a job, or only for the end. Whether there is nothing to do."""
        with self._news:
            if not self.closing and (until_closing or not self._jobs):
                self._news.wait(max(0.0, seconds))
            return not self._jobs

    def batch(self) -> list[Job]:
        """The jobs of the next transaction. An Alone is one by itself."""
        batch: list[Job] = []
        size = 0
        with self._news:
            for job in self._jobs:
                if size >= BATCH or (batch and isinstance(job, Alone)):
                    break
                batch.append(job)
                size += _cost_of(job)
                if isinstance(job, Alone):
                    break
        return batch

    def done(self, job: Job) -> None:
        """Remove a job, mostly the first."""
        with self._news:
            for at, one in enumerate(self._jobs):
                if one is job:
                    del self._jobs[at]
                    self.waiting -= entries_of(job)
                    self.emptied += not self._jobs
                    return

    def drop(self, authors: list[bytes]) -> None:
        """Remove the runs of some authors."""
        with self._news:
            out = [job for job in self._jobs if isinstance(job, Run) and job.author in authors]
        for job in out:
            self.done(job)

    def alone(self) -> list[Alone]:
        """All jobs that a caller may wait for."""
        with self._news:
            return [job for job in self._jobs if isinstance(job, Alone)]

    def clear(self) -> None:
        """Remove all."""
        with self._news:
            self._jobs.clear()
            self.waiting = 0


def in_order(batch: list[Job]) -> list[Job]:
    """The jobs of a batch, with the runs of an author between two other jobs together and by seq:
    rows that follow on each other are written faster.
    """
    ordered: list[Job] = []
    runs: dict[bytes, list[Run]] = {}
    for job in batch:
        if isinstance(job, Run):
            runs.setdefault(job.author, []).append(job)
        else:
            ordered += [*_sorted(runs), job]
            runs.clear()
    return [*ordered, *_sorted(runs)]


def _sorted(runs: dict[bytes, list[Run]]) -> Iterator[Run]:
    for of_author in runs.values():
        yield from sorted(of_author, key=lambda run: run.first)


def entries_of(job: Job) -> int:
    """The number of entries in a job."""
    return len(job.entries) if isinstance(job, Run) else 0


def _cost_of(job: Job) -> int:
    """About how many bytes of the file a job takes, if its author is new."""
    cost = meter.AUTHOR + meter.RUN
    if isinstance(job, Run):
        entries = [one for one in job.entries if isinstance(one, bytes)]
        cost += meter.ENTRY * size_of(entries) + meter.READING * len(job.entries)
    return cost


# errors of SQLite about the file, the disk or other programs, not about what was to be written
# (https://www.sqlite.org/rescode.html): to be retried
LATER = frozenset((
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM,
))  # fmt: skip


def is_for_later(error: Exception) -> bool:
    """Whether a retry may succeed, as the job itself is not to blame."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, sqlite3.Error) and (
        getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in LATER
    )
