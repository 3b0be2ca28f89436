"""What each chapter of `mesh demo --relations` gets: the screen, the boards, and ann's desk."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from mesh.core.policy.consent_rows import WHEN
from mesh.core.relations.terms import ABOVE
from mesh.lab.demo.boards import Boards
from mesh.lab.demo.observed import Checks
from mesh.lab.demo.relations.desk import Desk
from mesh.lab.demo.relations.greenhouse_table import Member
from mesh.lab.demo.relations.observing import Watching
from mesh.lab.demo.view import View

STEP_S = 60.0  # time limit of a step; on a busy computer some take long
READ_S = 2.5  # pause before a chapter, for who reads the screen


class Scene(NamedTuple):
    """See above. `rows`: all peers by name."""

    view: View
    checks: Checks
    boards: Boards
    rows: Mapping[str, Member]
    desk: Desk
    watching: Watching

    def tell(self, event: str, text: str) -> None:
        """Show what happens now."""
        self.view.happened(event, text)

    async def chapter(self, title: str, text: str) -> None:
        """Begin a chapter, after a pause for who reads along."""
        if self.view.is_live:
            await asyncio.sleep(READ_S)
        self.view.happened("chapter", f"[bold cyan]{title}[/] {text}", chapter=title)

    async def until(self, holds: Callable[[], bool]) -> bool:
        """Wait until it holds. Whether it does."""
        return await self.boards.until(holds, STEP_S)

    def runs(self, names: Iterable[str], ref: bytes) -> bool:
        """Whether an agreement runs at all of these boards."""
        return all(self.rows[name].has(ref) for name in names)

    def are(self, names: Iterable[str], actuator: str, value: object) -> bool:
        """Whether the actuator of each of these boards has a value; off if never set."""
        return all(self.rows[name].devices.get(actuator, False) == value for name in names)


class Watch:
    """A stopwatch."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __str__(self) -> str:
        return f"{time.monotonic() - self._start:.1f} s"


def rule(actuator: str, degrees: int) -> list[object]:
    """The term: while one's own thermometer is above so many degrees, this is on."""
    return [WHEN, None, "temperature", ABOVE, degrees, actuator, True, False]
