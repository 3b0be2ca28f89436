"""Fault isolation: an unforeseen exception is logged, counted, and ends only its piece of work.

Nothing else here catches Exception. Many faults in a short time restart the part that has them, if
that is possible, and then the peer.
"""

import asyncio
import contextlib
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from mesh.core.errors import LocalError, MeshError
from mesh.core.kit import Guard

MANY = 32  # faults in WINDOW_S that restart the peer
MANY_OF_A_PART = 16  # faults in WINDOW_S that restart a part, if it can be
WINDOW_S = 60.0
REST_S = 1.0  # pause before failed work starts again
MOST_KINDS = 64  # kinds of faults; each is logged with its traceback once
LONGEST = 200  # characters of an error message, as it may come from outside

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class _Part:
    """Recent faults of a part, and what restarts it."""

    def __init__(self) -> None:
        self.times: deque[float] = deque(maxlen=MANY_OF_A_PART)
        self.restart: Callable[[], object] | None = None


class _Kind:
    """Faults that are alike: logged once, then summed up."""

    def __init__(self, now_s: float) -> None:
        self.told_s = now_s
        self.more = 0


class Faults(Guard):
    """The guard of one desktop peer. over(reason) is called once, when there are too many faults.

    For the event loop of the peer, except report(), which any thread may call.
    """

    def __init__(self, over: Callable[[str], None]) -> None:
        self._over: Callable[[str], None] | None = over
        self._times: deque[float] = deque(maxlen=MANY)
        self._parts: dict[str, _Part] = {}
        self._kinds: dict[str, _Kind] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._taken = False  # whether the loop's exception handler is ours

    def begin(self) -> None:
        """Begin in the running loop. Unhandled exceptions of callbacks and tasks count as faults
        too, unless the program has a handler of its own.
        """
        self._loop = loop = asyncio.get_running_loop()
        if loop.get_exception_handler() is None:
            loop.set_exception_handler(self._unhandled)
            self._taken = True

    def end(self) -> None:
        """Restore the loop's exception handler."""
        if self._taken and self._loop is not None:
            self._loop.set_exception_handler(None)
        self._taken = False
        self._loop = None

    def restarts(self, part: str, restart: Callable[[], object]) -> None:
        """Register restart(), to be called when a part has many faults."""
        self._parts.setdefault(part, _Part()).restart = restart

    def __call__(self, part: str, work: Callable[..., object], *given: Any) -> str:  # noqa: ANN401
        """Call work(*given). Gives "" if it succeeded, else why it failed."""
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
        """Await make(*given). Gives "" if it succeeded, else why it failed."""
        try:
            await make(*given)
        except Exception as error:  # noqa: BLE001 - as above
            return self.note(part, error)
        return ""

    async def keep(self, part: str, make: Callable[[], Awaitable[object]]) -> None:
        """Await make() to its end. If it fails, again after a pause."""
        while True:
            if not await self.awaited(part, make):
                return
            await asyncio.sleep(REST_S)

    @staticmethod
    def aside(work: Callable[[], object]) -> "asyncio.Future[Any]":
        """Run work() in a thread of its own and give its result. If it hangs, nothing else does,
        and the process can still end.
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
        """Record a fault, from any thread. The caller restarts what failed there."""
        loop = self._loop
        if loop is None or loop.is_closed():
            log.error("%s failed", part, exc_info=error)
        else:
            loop.call_soon_threadsafe(self.note, part, error)

    def note(self, part: str, error: BaseException) -> str:
        """Log and count a fault. Gives its message. A LocalError is logged, but is no fault: it
        comes from the set-up.
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
            log.critical("%s; this peer restarts", why)
            over(why)
        elif known.restart is not None and _full(known.times, now_s):
            known.times.clear()
            log.error("%s had %d faults and is restarted", part, MANY_OF_A_PART)
            known.restart()

    def _tell(self, part: str, reason: str, error: BaseException) -> None:
        """Log the first fault of a kind with its traceback, and later how many more there were."""
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


def foreign(work: Callable[[], Result]) -> Result:
    """Call a function of the program that uses us. What it raises is no fault of ours, so it
    becomes a LocalError: with the error as its cause, or with the words of a MeshError.
    """
    try:
        return work()
    except MeshError as error:
        raise LocalError(error.detail, error.help) from None
    except Exception as error:
        raise LocalError(f"{type(error).__name__}: {error}"[:LONGEST]) from error


def _group(part: str) -> str:
    """The part as its first word: names that people or strangers choose are left out."""
    return part.partition(" ")[0]


def _full(times: "deque[float]", now_s: float) -> bool:
    return len(times) == times.maxlen and now_s - times[0] < WINDOW_S


def _place(error: BaseException) -> str:
    """Where an exception was raised."""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    return f"{frames[0].filename}:{frames[0].lineno}" if frames else ""
