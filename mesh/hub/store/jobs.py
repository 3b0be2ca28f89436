"""What the store's thread has to do, in order, and who waits for which part of it."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable

from mesh.core.run import Run

BATCH = 5000  # entries in one transaction, about: a reader or a flush waits no longer than that


class Alone:
    """What is done in its turn, in a transaction of its own. error: why it was not done."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.work = work
        self.error: Exception | None = None
        self._lock = threading.Lock()
        self._given_up = False
        self._ended = threading.Event()

    def begin(self) -> bool:
        """Whether it is still wanted; then nobody can give it up any more."""
        with self._lock:
            return not self._given_up

    def end(self, error: Exception | None) -> None:
        """Let whoever waits go on."""
        self.error = error
        self._ended.set()

    def wait(self, seconds: float) -> bool:
        """Whether it ended by then."""
        return self._ended.wait(seconds)

    def give_up(self) -> None:
        """Have it left out, unless it began."""
        with self._lock:
            self._given_up = True


Job = Run | Alone | Callable[[], None]  # a run to keep, or something else to do among the runs


class Queue:
    """Jobs handed over by any thread and taken by one. waiting: entries in it; emptied: how often
    all of it was done.
    """

    def __init__(self) -> None:
        self.waiting = self.emptied = 0
        self.closing = False
        self._jobs: deque[Job] = deque()
        self._news = threading.Condition()

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> None:
        """Hand over a job."""
        with self._news:
            self._jobs.append(job)
            self.waiting += entries_of(job)
            self._news.notify()

    def close(self) -> None:
        """Have the thread end once all is done."""
        with self._news:
            self.closing = True
            self._news.notify()

    def wait(self, seconds: float, *, until_closing: bool = False) -> bool:
        """Wait for a job, or only for the end; whether there is nothing to do."""
        with self._news:
            if not self.closing and (until_closing or not self._jobs):
                self._news.wait(max(0.0, seconds))
            return not self._jobs

    def batch(self) -> list[Job]:
        """The jobs that go into one transaction next; one that is to be alone is."""
        batch: list[Job] = []
        count = 0
        with self._news:
            for job in self._jobs:
                if count >= BATCH or (batch and isinstance(job, Alone)):
                    break
                batch.append(job)
                count += entries_of(job) or 1
                if isinstance(job, Alone):
                    break
        return batch

    def done(self, job: Job) -> None:
        """Take out a job, mostly the first."""
        with self._news:
            for at, one in enumerate(self._jobs):
                if one is job:
                    del self._jobs[at]
                    self.waiting -= entries_of(job)
                    self.emptied += not self._jobs
                    return

    def drop(self, authors: list[bytes]) -> None:
        """Take out the runs of some authors."""
        with self._news:
            out = [job for job in self._jobs if isinstance(job, Run) and job.author in authors]
        for job in out:
            self.done(job)

    def alone(self) -> list[Alone]:
        """All jobs that somebody may wait for."""
        with self._news:
            return [job for job in self._jobs if isinstance(job, Alone)]

    def clear(self) -> None:
        """Forget all."""
        with self._news:
            self._jobs.clear()
            self.waiting = 0


def entries_of(job: Job) -> int:
    """How many entries a job brings."""
    return len(job.entries) if isinstance(job, Run) else 0


# Errors of SQLite that say something of the file, the disk or other programs, and not of what was
# to be written (https://www.sqlite.org/rescode.html): to be tried again later.
LATER = frozenset((
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM,
))  # fmt: skip


def is_for_later(error: Exception) -> bool:
    """Whether the same may well be written another time, as nothing is wrong with it."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, sqlite3.Error) and (
        getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in LATER
    )
