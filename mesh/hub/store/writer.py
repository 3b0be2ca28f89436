"""The thread that writes the store, and who waits for it: never an event loop for long."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from mesh.core.errors import LocalError
from mesh.core.run import Run
from mesh.hub.store import schema, upkeep
from mesh.hub.store.budget import Budget
from mesh.hub.store.hooks import Hooks
from mesh.hub.store.jobs import Alone, Job, Queue
from mesh.hub.store.rules import Rules
from mesh.hub.store.work import Work

WAIT_S = 1.0  # that an event loop stands still for the thread, at most, and once while it is late
LOOK_S = 0.1  # from one look whether the thread is there to the next
PATIENCE_S = 30.0  # that others wait

log = logging.getLogger(__name__)


class Writer:
    """Writes to the store in `path`, which is open as `database`."""

    def __init__(
        self,
        path: Path,
        database: sqlite3.Connection,
        rules: Rules,
        hooks: Hooks,
        budget: Budget,
    ) -> None:
        self.path = path
        self._database = database
        self._queue = Queue()
        self._work = Work(path, database, rules, hooks, self._queue, budget)
        self._late = -1  # how often all was done when somebody waited in vain
        self._told_faults = 0  # to who flushed
        self._reviving = threading.Lock()
        self._thread = self._begin()

    def _begin(self) -> threading.Thread:
        thread = threading.Thread(target=self._work.run, name="store", daemon=True)
        thread.start()
        return thread

    @property
    def waiting(self) -> int:
        """Entries handed over and not yet written."""
        return self._queue.waiting

    @property
    def trouble(self) -> str:
        """Why nothing can be written, or nothing."""
        return self._work.trouble

    @property
    def faults(self) -> int:
        """How many jobs were left out."""
        return self._work.faults

    def close(self) -> bool:
        """Write what waits, and end; whether that came about, and the file may be closed."""
        self._queue.close()
        self._revive()
        self._thread.join(PATIENCE_S)
        if self._thread.is_alive():
            log.error("%s: %d entries are not written in time", self.path, self.waiting)
        return not self._thread.is_alive()

    def keep(self, run: Run) -> None:
        """Keep a run, soon."""
        self._put(run)

    def keep_evidence(self, author: bytes, pair: bytes) -> None:
        """Keep what proves a lie, soon; a later proof, of an earlier fork, takes its place."""
        self._put(lambda: self._work.keep_evidence(author, pair))

    def meet(self, author: bytes) -> None:
        """Note, soon, that an author was met."""
        self._put(lambda: self._work.meet(author))

    def flush(self, patience_s: float | None = None) -> None:
        """Wait until all that was handed over is written: then a crash loses none of it.

        LocalError if it cannot be written, or not in time: WAIT_S if that is not given.
        """
        self.do(lambda _: None, patience_s=WAIT_S if patience_s is None else patience_s)
        told, self._told_faults = self._told_faults, self.faults
        if self._work.stuck:
            raise LocalError(self.trouble, "make room; what waits is written then")
        if told != self.faults:
            raise LocalError(f"part of it cannot be kept in {self.path}", "the log has the reason")

    def do(
        self,
        what: Callable[[sqlite3.Connection], None],
        *,
        synced: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Do something in the writing thread, in a transaction of its own; `synced`: not even a
        power cut loses it. LocalError; if it was not done in time, it may be done later.
        """
        job = Alone(lambda: upkeep.transaction(self._database, what, synced))
        if self._late == self._queue.emptied and patience_s <= WAIT_S:
            raise schema.late(self.path)
        self._put(job)
        until_s = time.monotonic() + patience_s
        while not job.wait(LOOK_S):
            self._revive()
            if time.monotonic() >= until_s:
                job.give_up()
                self._late = self._queue.emptied
                raise schema.late(self.path)
        if isinstance(job.error, sqlite3.Error):
            raise schema.broken(self.path, job.error)
        if job.error is not None:
            raise LocalError(f"{self.path} does not take it: {job.error!r}", "the log has more")

    def keep_synced(self, runs: list[Run]) -> None:
        """Keep runs before this returns, so that not even a power cut loses them. LocalError."""
        self.do(lambda _: self._work.keep(runs), synced=True, patience_s=WAIT_S)

    def _put(self, job: Job) -> None:
        self._revive()
        self._queue.put(job)

    def _revive(self) -> None:
        """Start the thread anew if it died, which no error that it knows can do."""
        with self._reviving:
            if not self._thread.is_alive() and not (self._queue.closing and not len(self._queue)):
                self._work.died()
                self._thread = self._begin()
