"""The thread that writes the store: runs in batches, and other work in its turn."""

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mesh.core.errors import LocalError
from mesh.core.run import Run
from mesh.hub.store import schema, upkeep
from mesh.hub.store.keeper import Contradiction, Keeper
from mesh.hub.store.readings import Readings
from mesh.hub.store.rules import Rules

BATCH = 5000  # entries in one transaction, about: a reader or a flush waits no longer than that
AGAIN_S = 5.0  # until what could not be written is tried again
ALIVE_S = 1.0  # from one look whether the thread is there to the next
UPKEEP_S = 60.0  # from one look for what is too old to the next, and of summaries

log = logging.getLogger(__name__)

# (author, seq, what is kept, what came): two signed histories
Forked = Callable[[bytes, int, list[object], list[object]], None]


class Hooks(NamedTuple):
    """What a writer calls, in its own thread.

    forked: two signed histories of an author disagree. told: what goes wrong, or nothing once it
    is well again. raised: an author's entries below that seq were dropped.
    """

    forked: Forked
    told: Callable[[str], None]
    raised: Callable[[bytes, int], None]


class Alone(NamedTuple):
    """What is done in its turn, in a transaction of its own."""

    work: Callable[[], None]


Job = Run | Alone | Callable[[], None]  # a run to keep, or something else to do among the runs


def unix_ms() -> int:
    """Unix ms by this computer's clock."""
    return time.time_ns() // 1_000_000


class Writer:
    """Writes to the store in `path`, which is open as `database`. trouble: why it cannot."""

    def __init__(
        self, path: Path, database: sqlite3.Connection, rules: Rules, hooks: Hooks
    ) -> None:
        self.path = path
        self.trouble = ""
        self.waiting = 0  # entries handed over and not yet written
        self._database = database
        self._rules = rules
        self._hooks = hooks
        self._readings = Readings(database, unix_ms)
        self._keeper = Keeper(database, self._readings.read)
        self._jobs: deque[Job] = deque()
        self._news = threading.Condition()
        self._closing = False
        self._stuck = False  # what was handed over cannot be written
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what waits, and end."""
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join()

    def keep(self, run: Run) -> None:
        """Keep a run, soon."""
        self._hand_over(run, len(run.entries))

    def keep_evidence(self, author: bytes, pair: bytes) -> None:
        """Keep what proves a lie, soon; a later proof, of an earlier fork, takes its place."""

        def keep() -> None:
            self._database.execute(
                "INSERT OR REPLACE INTO evidence VALUES (?, ?)",
                (self._keeper.author(author), pair),
            )

        self._hand_over(keep, 0)

    def flush(self) -> None:
        """Wait until all that was handed over is written: then a crash loses none of it.

        LocalError if it cannot be written.
        """
        self.do(lambda _: None)
        if self._stuck:
            raise LocalError(self.trouble, "make room; what waits is written then")

    def do(self, what: Callable[[sqlite3.Connection], None], *, synced: bool = False) -> None:
        """Do something in the writing thread, in a transaction of its own; `synced`: not even a
        power cut loses it. LocalError.
        """
        done = threading.Event()
        failed: list[sqlite3.Error] = []

        def job() -> None:
            try:
                upkeep.transaction(self._database, what, synced)
                if not self._stuck:
                    self._tell("")
            except sqlite3.Error as error:  # a full disk shows as late as at the commit
                self._forget()
                failed.append(error)
                self._tell(f"{self.path} cannot be written: {error}")
            finally:
                done.set()

        self._hand_over(Alone(job), 0)
        while not done.wait(ALIVE_S):
            if not self._thread.is_alive():
                raise LocalError(f"{self.path} is not written any more", "start the peer anew")
        if failed:
            raise schema.broken(self.path, failed[0])

    def keep_synced(self, runs: list[Run]) -> None:
        """Keep runs before this returns, so that not even a power cut loses them. LocalError."""

        def keep(_: sqlite3.Connection) -> None:
            try:
                for run in runs:
                    self._keeper.keep(run)
                self._keeper.write()
                self._readings.write()
            except Contradiction:
                self._forget()
                raise

        self.do(keep, synced=True)

    def _hand_over(self, job: Job, entries: int) -> None:
        with self._news:
            self._jobs.append(job)
            self.waiting += entries
            self._news.notify()

    # the writing thread

    def _work(self) -> None:
        upkeep_s = time.monotonic() + 1
        while True:
            with self._news:
                if not self._jobs and not self._closing:
                    self._news.wait(max(0.0, upkeep_s - time.monotonic()))
                idle = not self._jobs
                if idle and self._closing:
                    return
            if not idle:
                self._next_batch()
            elif time.monotonic() >= upkeep_s:
                upkeep_s = time.monotonic() + (0.0 if self._keep_up() else UPKEEP_S)

    def _next_batch(self) -> None:
        job = self._jobs[0]
        if isinstance(job, Alone):
            self._jobs.popleft()
            job.work()
            return
        batch: list[Job] = []
        count = 0
        for job in list(self._jobs):
            if count >= BATCH or isinstance(job, Alone):
                break
            batch.append(job)
            count += len(job.entries) if isinstance(job, Run) else 1
        if self._write(batch):
            with self._news:
                for job in batch:
                    self._jobs.popleft()
                    self.waiting -= len(job.entries) if isinstance(job, Run) else 0
        else:
            self._wait_for_room()

    def _wait_for_room(self) -> None:
        """What could not be written stays; whoever waits for it is told that it is not."""
        with self._news:
            alone = [job for job in self._jobs if isinstance(job, Alone)]
            for job in alone:
                self._jobs.remove(job)
        for job in alone:
            job.work()
        with self._news:
            if self._closing:
                log.error("%s: %d entries could not be written", self.path, self.waiting)
                self._jobs.clear()
            else:
                self._news.wait(AGAIN_S)

    def _write(self, batch: list[Job]) -> bool:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            for job in batch:
                if isinstance(job, Run):
                    self._keep(job)
                elif not isinstance(job, Alone):
                    job()
            self._keeper.write()
            self._readings.write()
            self._database.execute("COMMIT")
        except sqlite3.Error as error:  # a full disk: nothing of it is kept, and all of it waits
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            self._forget()
            self._stuck = True
            self._tell(f"{self.path} cannot be written: {error}")
            return False
        self._stuck = False
        self._tell("")
        return True

    def _keep(self, run: Run) -> None:
        try:
            self._keeper.keep(run)
        except Contradiction as apart:
            theirs = [run.author, run.first, run.before, run.entries, run.head]
            self._hooks.forked(run.author, apart.seq, apart.ours, theirs)
        except ValueError as error:  # what it has to be joined to is damaged
            log.error("%s: %s; `mesh verify --repair` takes it out", self.path, error)

    def _forget(self) -> None:
        self._keeper.forget()
        self._readings.forget()

    def _tell(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._hooks.told(trouble)

    def _keep_up(self) -> bool:
        """Bring summaries up to date and drop what is too old, a piece at a time; whether there
        is more to do.
        """
        try:
            more = upkeep.step(self._database, self._rules, unix_ms())
        except sqlite3.Error as error:
            self._tell(f"{self.path} cannot be written: {error}")
            return False
        for author, floor in more.floors.items():
            self._hooks.raised(author, floor)
        if more.floors:
            self._keeper.forget()
        return more.more
