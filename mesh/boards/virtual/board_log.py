"""Log of a board's console, with waiting for lines."""

import json
import threading
import time
from collections.abc import Callable

from mesh.boards.firmware import tracebacks
from mesh.core.errors import LocalError

MOST_LINES = 10_000  # least number of lines that are kept


class Log:
    """Lines that one thread adds and others wait for."""

    def __init__(self, heard: Callable[[str], None] | None = None) -> None:
        self.lines: list[str] = []
        self._heard = heard
        self._news = threading.Condition()
        self._ended = False

    def add(self, line: str) -> None:
        """Add a line."""
        line = tracebacks.told(line)
        with self._news:
            if len(self.lines) > 2 * MOST_LINES:
                del self.lines[:MOST_LINES]
            self.lines.append(line)
            self._news.notify_all()
        if self._heard is not None:
            self._heard(line)

    def end(self, ended: bool = True) -> None:
        """Note that no more lines come, until end(False)."""
        with self._news:
            self._ended = ended
            self._news.notify_all()

    @property
    def console(self) -> str:
        """The lines so far."""
        with self._news:
            return "\n".join(self.lines)

    def events(self, name: str) -> list[dict[str, object]]:
        """The events with that name so far; needs the setting "console": "json"."""
        with self._news:
            found = [as_event(line) for line in self.lines]
        return [event for event in found if event.get("event") == name]

    def wait(self, what: str, /, timeout_s: float = 30.0, **fields: object) -> dict[str, object]:
        """Wait for the first event with that name and fields. LocalError has the whole console."""

        def fits(line: str) -> bool:
            event = as_event(line)
            return event.get("event") == what and fields.items() <= event.items()

        return as_event(self.wait_line(fits, timeout_s, f"{what} {fields or ''}"))

    def wait_line(
        self, wanted: Callable[[str], bool], timeout_s: float = 30.0, what: str = "that line"
    ) -> str:
        """Wait for the first line that fits. LocalError has the whole console."""
        deadline = time.monotonic() + timeout_s
        at = 0
        with self._news:
            while True:
                for line in self.lines[at:]:
                    if wanted(line):
                        return line
                at = len(self.lines)
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    break
                self._news.wait(left)
        why = "has ended" if self._ended else f"did not do so in {timeout_s} s"
        raise LocalError(f"waited for {what}, but the board {why}. Its console:\n{self.console}")


def as_event(line: str) -> dict[str, object]:
    """The event on a console line; {} if it is none."""
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
