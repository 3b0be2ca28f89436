"""Reads the store for others in a thread of its own: no question holds up the event loop."""

import asyncio
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from mesh.core.errors import RemoteError
from mesh.hub.store import schema

MOST = 64  # questions that wait, of all
MOST_EACH = 4  # and of one who asks
SWITCH_S = 0.0005
READ_MS = 250  # that it waits where another program has locked the whole file
TOO_MANY, BUSY = 0x9D, 0xA3  # 4.29, 5.03

Found = TypeVar("Found")


class Reader:
    """One thread with a connection of its own. To be used in an event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(1, "store-reader")
        # what this thread does must not keep the event loop waiting for the interpreter's lock
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))
        self._database: sqlite3.Connection | None = None
        self._waiting: Counter[Hashable] = Counter()

    async def read(
        self, who: Hashable, work: Callable[[sqlite3.Connection], Found]
    ) -> tuple[Found, float]:
        """Have the thread do some reading for `who`; what it found, and the seconds of a processor
        that it took. RemoteError if too much waits; LocalError.
        """
        if self._waiting[who] >= MOST_EACH:
            raise RemoteError("too many at once", TOO_MANY, "ask again when these are answered")
        if self._waiting.total() >= MOST:
            raise RemoteError("busy with other questions", BUSY, "ask again soon")
        self._waiting[who] += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._do, work)
        finally:
            self._waiting[who] -= 1
            if not self._waiting[who]:
                del self._waiting[who]

    def close(self) -> None:
        """Finish what was begun, leave the rest."""
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
