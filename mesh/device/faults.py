"""Fault isolation: an unforeseen exception is logged, counted, and ends only its piece of work.

Nothing else here catches Exception. Many faults in a short time end this start, with the reason.
"""

import asyncio
import gc
import sys

from mesh.core.errors import LocalError
from mesh.core.kit import NO_ROOM, Guard, nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MANY = 32  # faults within WINDOW_MS after which the board restarts
WINDOW_MS = 60_000
REST_S = 1  # pause before a failed task starts again
MOST_KINDS = 8  # kinds of faults; each is printed with its traceback once
LONGEST = 96  # characters of an error message, as it may come from outside


class Faults(Guard):
    """The guard of a board. tell(what, **fields) is the console's; now() gives ms."""

    lacks = 0  # how often memory ran out

    def __init__(self, tell: "Callable[..., None]", now: "Callable[[], int]") -> None:
        self._tell = tell
        self._now = now
        self._over: Callable[[BaseException], None] = nothing
        self._times: list[int] = []
        self._kinds: dict[str, list[int]] = {}  # kind: [when it was printed, how many since then]

    def at_storm(self, over: "Callable[[BaseException], None]") -> None:
        """Set over(error), called when there are too many faults, to end this start."""
        self._over = over

    def __call__(self, part: str, work: "Callable[..., object]", *given: "Any") -> str:  # noqa: ANN401
        """Call work(*given). Gives "" if it succeeded, else why it failed: NO_ROOM for lack of
        memory, which is no fault (mesh/device/lacking.py).
        """
        try:
            work(*given)
        except MemoryError:
            return self._lack()
        except Exception as error:  # noqa: BLE001 - the one place where that is right
            return self.note(part, error)
        return ""

    async def keep(self, part: str, make: "Callable[[], Any]") -> None:
        """Await make() to its end. If it fails, again after a pause."""
        while True:
            try:
                return await make()  # type: ignore[no-any-return]
            except MemoryError:
                self._lack()
            except Exception as error:  # noqa: BLE001 - see above
                self.note(part, error)
            await asyncio.sleep(REST_S)

    def _lack(self) -> str:
        self.lacks += 1
        gc.collect()
        return NO_ROOM

    def note(self, part: str, error: BaseException) -> str:
        """Print and count a fault. Gives its message."""
        self.count += 1
        reason = f"{type(error).__name__}: {error}"[:LONGEST]
        now_ms = self._now()
        times = self._times
        times.append(now_ms)
        if len(times) >= MANY and now_ms - times.pop(0) < WINDOW_MS:
            self._over(
                LocalError(
                    f"{MANY} faults within a minute, the last: {part.partition(' ')[0]}: {reason}"
                )
            )
        self._tell_kind(now_ms, part, reason, error)
        return reason

    def _tell_kind(self, now_ms: int, part: str, reason: str, error: BaseException) -> None:
        kinds = self._kinds
        kind = part + type(error).__name__
        known = kinds.get(kind)
        if known is None and len(kinds) < MOST_KINDS:
            kinds[kind] = [now_ms, 0]
            self._tell("fault", part=part, reason=reason)
            sys.print_exception(error)  # type: ignore[attr-defined]
            return
        known = kinds.setdefault("" if known is None else kind, [now_ms, 0])
        known[1] += 1
        if now_ms - known[0] >= WINDOW_MS:
            self._tell("fault", part=part, reason=reason, more=known[1])
            known[:] = [now_ms, 0]
