"""Handle of the writing thread. Waiting for it never blocks the event loop for long."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from mesh.core.errors import LocalError
from mesh.core.feed.chain import Run
from mesh.hub.store import schema, upkeep
from mesh.hub.store.hooks import Hooks
from mesh.hub.store.jobs import Alone, Job, Queue
from mesh.hub.store.meter import Meter
from mesh.hub.store.retention_rules import Rules
from mesh.hub.store.work import Work

WAIT_S = 1.0  # longest wait of an event loop for the thread, once while it is late
LOOK_S = 0.1  # interval of checks that the thread lives
PATIENCE_S = 30.0  # longest wait of other threads

log = logging.getLogger(__name__)


class Writer:
    """Writes to the store in `path`, which is open as `database`, through `meter`."""

    def __init__(
        self,
        path: Path,
        database: sqlite3.Connection,
        rules: Rules,
        hooks: Hooks,
        meter: Meter,
    ) -> None:
        self.path = path
        self._database = database
        self._queue = Queue()
        self._work = Work(path, database, rules, hooks, self._queue, meter)
        self._late = -1  # Queue.emptied at the last time-out
        self._told_faults = 0  # faults reported to callers of flush()
        self._reviving = threading.Lock()
        self._thread = self._begin()

    def _begin(self) -> threading.Thread:
        thread = threading.Thread(target=self._work.run, name="store", daemon=True)
        thread.start()
        return thread

    @property
    def waiting(self) -> int:
        """Entries queued and not yet written."""
        return self._queue.waiting

    @property
    def trouble(self) -> str:
        """Why nothing can be written, or ""."""
        return self._work.trouble

    @property
    def faults(self) -> int:
        """How many jobs were dropped."""
        return self._work.faults

    def close(self) -> bool:
        """Write what waits, and end. Whether that succeeded, so that the file may be closed."""
        self._queue.close()
        self._revive()
        self._thread.join(PATIENCE_S)
        if self._thread.is_alive():
            log.error("%s: %d entries are not written in time", self.path, self.waiting)
        return not self._thread.is_alive()

    def keep(self, run: Run, certain: bool = False) -> None:
        """Queue a run; a certain one replaces what contradicts it."""
        self._put((lambda: self._work.keep_certain(run)) if certain else run)

    def keep_evidence(self, author: bytes, pair: bytes) -> None:
        """Queue a fork proof. A later one, of an earlier fork, replaces it."""
        self._put(lambda: self._work.keep_evidence(author, pair))

    def meet(self, author: bytes) -> None:
        """Queue the record that an author was met."""
        self._put(lambda: self._work.meet(author))

    def flush(self, patience_s: float | None = None) -> None:
        """Wait until all that was queued is written, so that a crash loses none of it.

        LocalError if it cannot be written, or not in time, by default WAIT_S.
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
        """Run work in the writing thread, in its own transaction; `synced`: so that not even a
        power cut loses it. LocalError; after a time-out it may still be done later.
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
            raise LocalError(
                f"{self.path} could not be written: {job.error!r}", "the log has more"
            )

    def keep_synced(self, runs: list[Run]) -> None:
        """Write runs before this returns, so that not even a power cut loses them. LocalError."""
        self.do(lambda _: self._work.keep(runs), synced=True, patience_s=WAIT_S)

    def _put(self, job: Job) -> None:
        self._revive()
        self._queue.put(job)

    def _revive(self) -> None:
        """Start the thread again if it died, which no expected error can cause."""
        with self._reviving:
            if not self._thread.is_alive() and not (self._queue.closing and not len(self._queue)):
                self._work.died()
                self._thread = self._begin()
