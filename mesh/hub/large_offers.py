"""POST /feeds on a desktop: runs are verified in threads, and stored before the response."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from mesh.core import codes
from mesh.core.codec.formats import CBOR
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.chain import Run, size_of
from mesh.hub.fairness import User
from mesh.hub.tcp import runs_check
from mesh.hub.tcp.runs import FLUSH_S, MOST_ENTRIES, SMALL

if TYPE_CHECKING:
    from mesh.core.security.seal import Opened
    from mesh.hub.driver import Driver


class Offering:
    """Verifies offered runs and adds them to a node, and to its archive if it has one."""

    def __init__(self, driver: "Driver") -> None:
        self._driver = driver
        self._peer = driver.node.peer
        self._newest: dict[bytes, asyncio.Event] = {}  # the newest offer of each peer: is it done?

    async def keep(self, user: User, opened: "Opened") -> dict[bytes, int]:
        """Verify runs and keep those that are wanted, crash-safe. Gives {author: last seq}.
        RemoteError if nothing is kept.
        """
        if opened.content_format != CBOR:
            raise RemoteError("only CBOR (60) is understood", codes.UNSUPPORTED)
        async with self._in_order(opened.sender) as turn:
            values = await asyncio.to_thread(runs_check.split, opened.payload, MOST_ENTRIES)
            self._admit(values, opened.sender)
            runs, took_s = await asyncio.to_thread(self._checked, values)
            self._driver.fair.charge(user, took_s)
            await turn.wait()
            held = self._taken(runs, few=len(opened.payload) <= SMALL)
        archive = self._peer.feeds.archive
        if archive is not None and held:
            try:
                await asyncio.to_thread(archive.flush, FLUSH_S)
            except LocalError as error:
                raise RemoteError(
                    f"cannot be kept now: {error.detail}", codes.UNAVAILABLE
                ) from error
        return held

    @asynccontextmanager
    async def _in_order(self, sender: bytes) -> AsyncIterator[asyncio.Event]:
        """Gives an event that is set once the sender's earlier offers are done. Threads finish in
        any order, and rows that are written in order are cheaper.
        """
        before, mine = self._newest.get(sender), asyncio.Event()
        if before is None:
            before = asyncio.Event()
            before.set()
        self._newest[sender] = mine
        try:
            yield before
        finally:
            mine.set()
            if self._newest[sender] is mine:
                del self._newest[sender]

    def _taken(self, runs: list[Run], *, few: bool) -> dict[bytes, int]:
        """Pass what is wanted to the archive. Gives {author: last seq}."""
        held, rest = self._decided(runs, few=few)
        archive = self._peer.feeds.archive
        if archive is not None:
            for run in rest:
                if run.author in held:
                    archive.took(run.author, run)
        return held

    def _admit(self, values: list[list[Any]], sender: bytes) -> None:
        """RemoteError unless there is room for all that is offered, before it is verified."""
        feeds = self._peer.feeds
        if feeds.archive is not None:
            for value in values:
                if value[0] != self._peer.id and feeds.wants(value[0]):
                    feeds.archive.admit(value[0], size_of(value), sender, asked=False)

    def _checked(self, values: list[list[Any]]) -> tuple[list[Run], float]:
        """Verify runs, in any thread. Gives them and the seconds it took."""
        start_s = time.thread_time()
        limits = self._driver.node.limits
        runs = [runs_check.check(self._peer.kit, value, limits) for value in values]
        return runs, time.thread_time() - start_s

    def _decided(self, runs: list[Run], *, few: bool) -> tuple[dict[bytes, int], list[Run]]:
        """Let the feeds decide on each author before the rest is kept: by its newest run, or by
        all if they are few. Gives {author: last seq}, and the runs that the feeds did not keep.
        """
        ordered = sorted(runs, key=lambda run: run.seq)
        newest = ordered if few else {run.author: run for run in ordered}.values()
        held: dict[bytes, int] = {}
        kept = set()
        refused: RemoteError | None = None
        for run in newest:
            try:
                new = self._peer.feeds.accept(self._driver.now(), list(run[:5]))
            except RemoteError as error:
                refused = error
                continue
            if new is not None:
                held[run.author] = max(run.seq, held.get(run.author, 0))
            if new:
                kept.add(id(run))
        if refused is not None and not held:
            raise refused
        return held, [run for run in runs if id(run) not in kept]
