"""Reads the store in a thread of its own, so that no query blocks the event loop."""

import asyncio
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from mesh.core import codes
from mesh.core.errors import RemoteError
from mesh.hub.store import schema

MOST = 64  # queries that may wait, in all
MOST_EACH = 4  # queries that may wait of one requester
SWITCH_S = 0.0005
READ_MS = 250  # how long it waits if another program has locked the file

Found = TypeVar("Found")


class Reader:
    """A thread with a connection of its own, used from an event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(1, "store-reader")
        # this thread must not keep the event loop waiting for the GIL
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))
        self._database: sqlite3.Connection | None = None
        self._waiting: Counter[Hashable] = Counter()

    async def read(
        self, who: Hashable, work: Callable[[sqlite3.Connection], Found]
    ) -> tuple[Found, float]:
        """Run work(connection) in the thread for `who`. Gives the result and the seconds of CPU
        time. RemoteError if too many queries wait; LocalError.
        """
        if self._waiting[who] >= MOST_EACH:
            raise RemoteError(
                "too many at once", codes.TOO_MANY, "ask again when these are answered"
            )
        if self._waiting.total() >= MOST:
            raise RemoteError("busy with other questions", codes.UNAVAILABLE, "ask again soon")
        self._waiting[who] += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._do, work)
        finally:
            self._waiting[who] -= 1
            if not self._waiting[who]:
                del self._waiting[who]

    def close(self) -> None:
        """Finish the query under way, and drop the others."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._database is not None:
            self._database.close()

    def _do(self, work: Callable[[sqlite3.Connection], Found]) -> tuple[Found, float]:
        start_s = time.thread_time()
        try:
            if self._database is None:
                self._database = schema.connect(self._path)
                self._database.execute(f"PRAGMA busy_timeout = {READ_MS}")
            found = work(self._database)
        except sqlite3.Error as error:
            raise schema.broken(self._path, error) from error
        return found, time.thread_time() - start_s
