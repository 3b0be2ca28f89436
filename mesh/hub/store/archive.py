"""The store as the core's feeds use it: quick to hand over to, written by a thread of its own."""

import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from mesh.core.run import Run
from mesh.hub.store import schema
from mesh.hub.store.keeper import Contradiction, Keeper, Span
from mesh.hub.store.readings import Readings

WAITING = 4096  # runs handed over and not yet written; who hands over more has to wait
BATCH = 512  # runs in one transaction, at most
STOP = None

Job = tuple[Callable[[], None] | None, Run | None]  # a run to keep, or something else to do


def unix_ms() -> int:
    """Unix ms by this computer's clock."""
    return time.time_ns() // 1_000_000


class Archive:
    """Keeps feeds in `path`. A context manager, or open() and close(). LocalError.

    forked(author, seq) is called, in the writing thread, when two signed histories disagree.
    """

    def __init__(self, path: Path, forked: Callable[[bytes, int], None]) -> None:
        self._path = path
        self._forked = forked
        self._jobs: queue.Queue[Job | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._trouble: sqlite3.Error | None = None

    def open(self) -> Self:
        """Open or make the file."""
        self._database = schema.connect(self._path, writing=True)
        self._reading = schema.connect(self._path)
        self._readings = Readings(self._database, unix_ms)
        self._keeper = Keeper(self._database, self._readings.read)
        self._reader = Keeper(self._reading, lambda *_: None)
        self._thread.start()
        return self

    def close(self) -> None:
        """Write what waits, and close the file."""
        self._jobs.put(STOP)
        self._thread.join()
        self._database.close()
        self._reading.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # what the core calls

    def took(self, run: Run) -> None:
        """Keep what is new of a checked run, soon."""
        self._jobs.put((None, run))

    def flush(self) -> None:
        """Wait until all that was handed over is written: then a crash loses none of it.

        LocalError if it cannot be written.
        """
        done = threading.Event()
        self._jobs.put((done.set, None))
        done.wait()
        if self._trouble is not None:
            raise schema.broken(self._path, self._trouble)

    def heads(self) -> dict[bytes, tuple[int, bytes, bytes]]:
        """How far each feed is held: {author: (last seq, its link, a head up to there)}."""
        rows = self._reading.execute(
            "SELECT key, max(seq), link, head FROM head JOIN author ON author.id = author "
            "GROUP BY key"
        )
        return {key: (seq, link, head) for key, seq, link, head in rows}

    def missing(self, author: bytes) -> list[tuple[int, int]]:
        """The first and last seq of each gap between what is held of an author."""
        spans = self._spans(author)
        return [(one.last + 1, two.first - 1) for one, two in pairwise(spans)]

    def run(self, author: bytes, first: int, most: int) -> list[object] | None:
        """A run from `first` on, or from the next entry held, with entries of at most `most` bytes
        in all, if one head is so near; else up to the next head. None if nothing is held.
        """
        for span in self._spans(author):
            if span.last >= first:
                return self._run_in(author, span, max(first, span.first), most)
        return None

    def _spans(self, author: bytes) -> list[Span]:
        rows = self._reading.execute(
            "SELECT first, before, last, link FROM span JOIN author ON author.id = author "
            "WHERE key = ? ORDER BY first",
            (author,),
        )
        return [Span(*row) for row in rows]

    def _run_in(self, author: bytes, span: Span, first: int, most: int) -> list[object] | None:
        (number,) = self._reading.execute(
            "SELECT id FROM author WHERE key = ?", (author,)
        ).fetchone()
        heads = self._reading.execute(
            "SELECT seq, head FROM head WHERE author = ? AND seq BETWEEN ? AND ? ORDER BY seq",
            (number, first, span.last),
        )
        entries: list[bytes] = []
        size = 0
        chosen: list[object] | None = None
        for seq, head in heads:
            more = self._reading.execute(
                "SELECT bytes FROM entry WHERE author = ? AND seq BETWEEN ? AND ? ORDER BY seq",
                (number, first + len(entries), seq),
            )
            entries += [row[0] for row in more]
            size = sum(len(entry) + 3 for entry in entries)
            if chosen is not None and size > most:
                break
            chosen = [author, first, b"", list(entries), head]
            if size > most:
                break
        if chosen is not None:
            chosen[2] = self._reader.link_at(number, first - 1, span)
        return chosen

    # the writing thread

    def _work(self) -> None:
        while True:
            jobs = [self._jobs.get()]
            while len(jobs) < BATCH and not self._jobs.empty():
                jobs.append(self._jobs.get())
            after = [job[0] for job in jobs if job is not None and job[0] is not None]
            self._write([job[1] for job in jobs if job is not None and job[1] is not None])
            for done in after:
                done()
            if STOP in jobs:
                return

    def _write(self, runs: list[Run]) -> None:
        if not runs:
            return
        try:
            self._database.execute("BEGIN IMMEDIATE")
            for run in runs:
                try:
                    self._keeper.keep(run)
                except Contradiction as apart:
                    self._forked(run.author, apart.seq)
            self._readings.write()
            self._database.execute("COMMIT")
            self._trouble = None
        except sqlite3.Error as error:  # a full disk: nothing of it is kept, and none acknowledged
            self._trouble = error
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            self._keeper.forget()
            self._readings.forget()
