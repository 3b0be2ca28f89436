"""Where a desktop catches what nobody foresaw: it is told, counted, and ends nothing but its work.

Nothing else here catches Exception. Many faults in a short time restart the part that has them, if
it can be, and then the peer.
"""

import asyncio
import contextlib
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from mesh.core.errors import LocalError
from mesh.core.primitives import Guard

MANY = 32  # faults in WINDOW_S: then the peer begins anew
MANY_OF_A_PART = 16  # and before that the part, where it can
WINDOW_S = 60.0
REST_S = 1.0  # after which work that failed is begun anew
MOST_KINDS = 64  # that are told apart; a kind has its traceback once
LONGEST = 200  # characters of what an error says, as it may come from outside

log = logging.getLogger(__name__)


class _Part:
    """What failed of one part of late, and what restarts it."""

    def __init__(self) -> None:
        self.times: deque[float] = deque(maxlen=MANY_OF_A_PART)
        self.restart: Callable[[], object] | None = None


class _Kind:
    """Faults that are alike: told once, and then summed up."""

    def __init__(self, now_s: float) -> None:
        self.told_s = now_s
        self.more = 0


class Faults(Guard):
    """The guard of one desktop peer. `over(reason)` is called once, when there are too many.

    To be used in its event loop, but for report(), which any thread may call.
    """

    def __init__(self, over: Callable[[str], None]) -> None:
        self._over: Callable[[str], None] | None = over
        self._times: deque[float] = deque(maxlen=MANY)
        self._parts: dict[str, _Part] = {}
        self._kinds: dict[str, _Kind] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._taken = False  # the loop's exception handler is ours

    def begin(self) -> None:
        """Work in the running loop; what its callbacks and tasks leave unhandled is a fault, too,
        unless the program has a handler of its own.
        """
        self._loop = loop = asyncio.get_running_loop()
        if loop.get_exception_handler() is None:
            loop.set_exception_handler(self._unhandled)
            self._taken = True

    def end(self) -> None:
        """Give the loop back."""
        if self._taken and self._loop is not None:
            self._loop.set_exception_handler(None)
        self._taken = False
        self._loop = None

    def restarts(self, part: str, restart: Callable[[], object]) -> None:
        """Have restart() called when that part has many faults."""
        self._parts.setdefault(part, _Part()).restart = restart

    def __call__(self, part: str, work: Callable[..., object], *given: Any) -> str:  # noqa: ANN401
        """Do some work; nothing, or why it failed."""
        try:
            work(*given)
        except Exception as error:  # noqa: BLE001 - the one place where that is right
            return self.note(part, error)
        return ""

    async def awaited(
        self,
        part: str,
        make: Callable[..., Awaitable[object]],
        *given: Any,  # noqa: ANN401
    ) -> str:
        """Await make(*given); nothing, or why it failed."""
        try:
            await make(*given)
        except Exception as error:  # noqa: BLE001 - as above
            return self.note(part, error)
        return ""

    async def keep(self, part: str, make: Callable[[], Awaitable[object]]) -> None:
        """Await what make() gives to its end; if it fails, once more after a pause."""
        while True:
            if not await self.awaited(part, make):
                return
            await asyncio.sleep(REST_S)

    @staticmethod
    def aside(work: Callable[[], object]) -> "asyncio.Future[Any]":
        """What work() gives or raises, in a thread of its own: where it stands still, nothing else
        does, and the process ends all the same.
        """
        loop = asyncio.get_running_loop()
        coming: asyncio.Future[Any] = loop.create_future()

        def tell(value: object, error: BaseException | None) -> None:
            if coming.cancelled():
                return
            if error is None:
                coming.set_result(value)
            else:
                coming.set_exception(error)

        def run() -> None:
            value = failed = None
            try:
                value = work()
            except Exception as error:  # noqa: BLE001 - raised where it is awaited
                failed = error
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(tell, value, failed)

        threading.Thread(target=run, daemon=True).start()
        return coming

    def report(self, part: str, error: BaseException) -> None:
        """Note a fault from any thread; restart what failed there yourself."""
        loop = self._loop
        if loop is None or loop.is_closed():
            log.error("%s failed", part, exc_info=error)
        else:
            loop.call_soon_threadsafe(self.note, part, error)

    def note(self, part: str, error: BaseException) -> str:
        """Tell and count a fault; what it says. What our own set-up does not allow (LocalError) is
        told, and no fault.
        """
        reason = (str(error) or type(error).__name__)[:LONGEST]
        if not isinstance(error, LocalError):
            reason = f"{type(error).__name__}: {error}"[:LONGEST]
            self.count += 1
            self._storm(part, reason)
        self._tell(part, reason, error)
        return reason

    def _storm(self, part: str, reason: str) -> None:
        now_s = time.monotonic()
        self._times.append(now_s)
        known = self._parts.setdefault(_group(part), _Part())
        known.times.append(now_s)
        if self._over is not None and _full(self._times, now_s):
            over, self._over = self._over, None
            why = f"{MANY} faults within {WINDOW_S:.0f} s, the last: {_group(part)}: {reason}"
            log.critical("%s; this peer begins anew", why)
            over(why)
        elif known.restart is not None and _full(known.times, now_s):
            known.times.clear()
            log.error("%s had %d faults and is begun anew", part, MANY_OF_A_PART)
            known.restart()

    def _tell(self, part: str, reason: str, error: BaseException) -> None:
        """Log one of a kind with its traceback, and then how many more there were."""
        now_s = time.monotonic()
        name = f"{_group(part)} {type(error).__name__} {_place(error)}"
        kind = self._kinds.get(name)
        if kind is None and len(self._kinds) < MOST_KINDS:
            self._kinds[name] = _Kind(now_s)
            about = None if isinstance(error, LocalError) else error
            log.error("%s failed: %s", part, reason, exc_info=about)
            return
        if kind is None:
            kind = self._kinds.setdefault("", _Kind(now_s))
        kind.more += 1
        if now_s - kind.told_s >= WINDOW_S:
            log.error("%s failed %d times more, the last: %s", part, kind.more, reason)
            kind.told_s, kind.more = now_s, 0

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            self.note("a callback", error)
        elif error is None:  # only a warning of asyncio's own
            self.note("asyncio", RuntimeError(str(context.get("message"))))
        else:
            loop.default_exception_handler(context)


def _group(part: str) -> str:
    """The first word: what is told apart by names that people and strangers choose is one part."""
    return part.partition(" ")[0]


def _full(times: "deque[float]", now_s: float) -> bool:
    return len(times) == times.maxlen and now_s - times[0] < WINDOW_S


def _place(error: BaseException) -> str:
    """Where it was raised."""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    return f"{frames[0].filename}:{frames[0].lineno}" if frames else ""
