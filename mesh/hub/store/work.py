"""The store's writing thread: writes runs in batches, and runs other jobs in turn.

No job can end it. One that fails by its own fault is dropped and reported, and the others are
written. What cannot be written at present, as the disk is full, waits.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from mesh.core.feed.chain import Run
from mesh.hub.store import dropping, healing, upkeep
from mesh.hub.store.hooks import Hooks
from mesh.hub.store.jobs import Alone, Job, Queue, in_order, is_for_later
from mesh.hub.store.keeper import Contradiction, Keeper
from mesh.hub.store.log_size import LogSize
from mesh.hub.store.meter import Meter
from mesh.hub.store.own_clock import OwnClock, unix_ms, up_ms
from mesh.hub.store.retention_rules import Rules
from mesh.hub.store.rows import Damaged

AGAIN_S = 5.0  # pause before writing is tried again
UPKEEP_S = 60.0  # interval of retention and summaries

log = logging.getLogger(__name__)


class Work:
    """The writing half of a store, for one thread. Readable by all: `trouble`, why nothing can be
    written, or ""; `stuck`, whether that is so now; `faults`, how many jobs were dropped.
    """

    def __init__(
        self,
        path: Path,
        database: sqlite3.Connection,
        rules: Rules,
        hooks: Hooks,
        queue: Queue,
        meter: Meter,
    ) -> None:
        self.trouble = ""
        self.stuck = False
        self.faults = 0
        self._path = path
        self._database = database
        self._rules = rules
        self._hooks = hooks
        self._queue = queue
        self._meter = meter
        self._log = LogSize(path, database)
        self._keeper = Keeper(database, meter.read, unix_ms)
        self._is_torn = False  # whether keeper and meter in memory differ from the file
        self._doing: list[Job] = []
        self._upkeep_s = time.monotonic() + 1
        self._upkeep_fault = ""  # the last one reported
        self._clock = OwnClock(unix_ms(), up_ms())

    def keep_evidence(self, author: bytes, pair: bytes) -> None:
        """Store a fork proof, within a batch."""
        number = self._keeper.author(author)
        self._database.execute("INSERT OR REPLACE INTO evidence VALUES (?, ?)", (number, pair))
        self._meter.evidence(number, len(pair))

    def meet(self, author: bytes) -> None:
        """Record that an author was met, within a batch."""
        self._meter.meet(author)

    def keep(self, runs: list[Run]) -> None:
        """Store runs, within a transaction. Contradiction."""
        for run in runs:
            self._keeper.keep(run)
        self._keeper.write()
        self._meter.write()

    def keep_certain(self, run: Run) -> None:
        """Keep a run in place of what contradicts it, among the runs of a batch."""
        self._keeper.write()
        self._meter.write()
        for first, last in self._keeper.make_way(run, self._meter.unread):
            if first < run.first:
                self._hooks.lost(run.author, first, run.first - 1)
            if last > run.seq:
                self._hooks.lost(run.author, run.seq + 1, last)
        self._keep(run)
        self._hooks.replaced(run.author, run.first, run.before, run.seq)

    def died(self) -> None:
        """Continue in another thread, without the job that this one died of."""
        doing, self._doing = self._doing, []
        for job in doing:
            self._end(job, RuntimeError("the thread that writes the store died of it"))
        self._is_torn = True

    def run(self) -> None:
        """Work until the queue is closed."""
        while True:
            if self._queue.wait(self._upkeep_s - time.monotonic()):
                if self._queue.closing:
                    return
                self._keep_up()
            elif not self._next_batch(self._queue.batch()) and self._wait_for_room():
                return

    def _next_batch(self, batch: list[Job]) -> bool:
        """Write a batch. False if nothing can be written now."""
        if isinstance(batch[0], Alone):
            self._do_alone(batch[0])
            return True
        error = self._write(batch)
        if error is not None and not is_for_later(error):
            error = self._one_by_one(batch)
        if error is not None:  # nothing was written, and all of it waits
            self.stuck = True
            self._tell(f"{self._path} cannot be written: {error}")
        return error is None

    def _one_by_one(self, batch: list[Job]) -> Exception | None:
        """Write a batch without the jobs that fail."""
        for job in batch:
            error = self._write([job])
            if isinstance(error, Damaged) and isinstance(job, Run) and self._mended(job.author):
                error = self._write([job])
            if error is not None and is_for_later(error):
                return error
            if error is not None:
                self._end(job, error)
        return None

    def _mended(self, author: bytes) -> bool:
        """Remove an author's damaged rows. Whether there were any."""
        lost: list[tuple[int, int]] = []
        self._try(
            lambda: upkeep.transaction(
                self._database, lambda _: lost.extend(healing.heal_author(self._database, author))
            )
        )
        self._is_torn = True
        for first, last in lost:
            log.error("%s: entries %d to %d are damaged, and taken out", self._path, first, last)
            self._hooks.lost(author, first, last)
        return bool(lost)

    def _end(self, job: Job, error: Exception) -> None:
        """Drop a job, and report the first, second, fourth, ... fault."""
        self._queue.done(job)
        self.faults += 1
        what = "what was to be written at once"
        if isinstance(job, Run):
            what = f"entries {job.first} to {job.seq} of {job.author!r}"
        elif isinstance(job, Alone):
            job.end(error)
        if self.faults & (self.faults - 1) == 0:
            counted = f"cannot be kept ({self.faults} faults so far); all else is"
            self._hooks.faulty(f"{self._path}: {what} {counted}", error)

    def _try(self, what: Callable[[], None]) -> Exception | None:
        """Run something. Gives the error, or None."""
        try:
            if self._is_torn:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                self._keeper.forget()
                self._meter.forget()
                self._is_torn = False
            what()
        except Exception as error:  # noqa: BLE001 - the thread's one place: a fault costs one job
            self._is_torn = True
            return error
        return None

    def _do_alone(self, job: Alone) -> None:
        """Run a job that a caller waits for."""
        self._doing = [job]
        error = self._try(job.work) if job.begin() else None
        if error is not None and not isinstance(error, sqlite3.Error | Contradiction):
            self._end(job, error)
            self._doing = []
            return
        self._queue.done(job)
        if error is not None:  # a full disk may show only at the commit
            self._tell(f"{self._path} cannot be written: {error}")
        elif not self.stuck:
            self._tell("")
        job.end(error)
        self._doing = []

    def _wait_for_room(self) -> bool:
        """Wait before writing is tried again, and fail the jobs that callers wait for. Whether the
        queue is closed.
        """
        for job in self._queue.alone():
            self._do_alone(job)
        if not self._queue.closing:
            self._queue.wait(AGAIN_S, until_closing=True)
            return False
        log.error("%s: %d entries could not be written", self._path, self._queue.waiting)
        self._queue.clear()
        return True

    def _write(self, batch: list[Job]) -> Exception | None:
        """Write a batch in one transaction. Gives the error, or None."""

        def write(_: sqlite3.Connection) -> None:
            for job in in_order(batch):
                if isinstance(job, Run):
                    self._keep(job)
                elif not isinstance(job, Alone):
                    job()
            self._keeper.write()
            self._meter.write()

        def work() -> None:
            self._log.check()
            upkeep.transaction(self._database, write)

        self._doing = batch
        error = self._try(work)
        if error is None:
            self.stuck = False
            self._tell("")
            for job in batch:
                self._queue.done(job)
            self._meter.committed()
            self._make_room()
        self._doing = []
        return error

    def _make_room(self) -> None:
        """Evict authors for whom the budget has no room, with what waits of them."""
        gone = self._meter.surplus()
        if not gone:
            return
        error = self._try(
            lambda: upkeep.transaction(self._database, lambda _: self._meter.drop(gone))
        )
        self._is_torn = True  # so the budget is loaded again, too
        if error is not None:
            self._tell(f"{self._path} cannot be written: {error}")
            return
        self._queue.drop(gone)
        for author in gone:
            self._hooks.dropped(author)

    def _keep(self, run: Run) -> None:
        try:
            self._keeper.keep(run)
        except Contradiction as apart:
            theirs = [run.author, run.first, run.before, run.entries, run.head]
            self._hooks.forked(run.author, apart.seq, apart.ours, theirs)

    def _tell(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._hooks.told(trouble)

    def _keep_up(self) -> None:
        """Update summaries and drop what is too old, a piece at a time."""
        if time.monotonic() < self._upkeep_s:
            return
        self._make_room()
        found: list[upkeep.Done] = []
        error = self._try(lambda: found.append(self._step(unix_ms(), up_ms())))
        more = bool(found) and found[0].more
        self._upkeep_s = time.monotonic() + (0.0 if more else UPKEEP_S)
        if isinstance(error, sqlite3.Error) and is_for_later(error):
            self._tell(f"{self._path} cannot be written: {error}")
        elif error is not None and repr(error) != self._upkeep_fault:
            self._upkeep_fault = repr(error)
            self._hooks.faulty(f"{self._path}: nothing is dropped or summed up", error)
        for author, floor in found[0].floors.items() if found else ():
            self._hooks.raised(author, floor)
            self._is_torn = True  # so the newest rows are read again

    def _step(self, now_ms: int, running_ms: int) -> upkeep.Done:
        self._log.check()
        clock = self._clock
        jump = clock.look(now_ms, running_ms)
        if jump:
            log.warning("this computer's clock was wrong by %d s", jump // 1000)
            upkeep.transaction(
                self._database,
                lambda database: dropping.our_clock_jumped(database, clock.since_ms, jump, now_ms),
            )
            clock.corrected(jump)
        dropping_too = clock.is_steady(running_ms)
        return upkeep.step(self._database, self._rules, now_ms, dropping=dropping_too)
