"""Display of the demo: a live table for people, JSON lines for programs."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mesh.hub.show.units import Value, quantity

FRESH_S = 4.0  # least age that is shown
LINES = 40  # lines of events kept for the space under the table
SPARE = 2  # lines of the screen that stay empty: one between, one for the cursor
TITLE = "othermesh: one desktop, three boards, nobody in charge"
COLUMNS = ("peer", "id", "state", "ok", "bad", "heap, KiB")
LINE = "{:<9}{:<10}{:<10}{:>5}{:>5}{:>13}"
MARKS = {True: "[green]seen[/]", False: "[bold red]NOT SEEN[/]"}


class Row:
    """A peer in the table."""

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind
        self.short = ""
        self.state = "starting"
        self.verified = 0
        self.refused = 0
        self.heap = ""
        self.readings: dict[str, tuple[Value, str, float]] = {}  # sensor -> (value, unit, when)


class View:
    """Shows the table and events. A context manager. `table`: makes it, of `rows` if not given."""

    def __init__(
        self,
        rows: Mapping[str, Row],
        as_json: bool,
        table: Callable[[], RenderableType] | None = None,
    ) -> None:
        self._rows = rows
        self._table = table or self._peers
        self._as_json = as_json
        self._console = Console(highlight=False)
        self._live: Live | None = None
        self._lines: list[Table] = []
        self._start = time.monotonic()

    def __enter__(self) -> Self:
        if not self._as_json and self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    @property
    def is_live(self) -> bool:
        """Whether somebody watches a screen, and no file or program."""
        return self._live is not None

    def happened(self, event: str, text: str, **fields: object) -> None:
        """Show an event: `text` for people, `fields` for programs."""
        at = time.monotonic() - self._start
        if self._as_json:
            self._line({"event": event, "at_s": round(at, 2), "text": text, **fields})
            return
        if self._live is None:
            self._console.print(f"[dim]{at:5.1f} s[/]  {text}")
            return
        self._lines = [*self._lines, _told(at, text)][-LINES:]
        self.refresh()

    def going_on(self, text: str) -> None:
        """Show progress of the last event, in its place on a screen."""
        if self._live is not None:
            at = time.monotonic() - self._start
            self._lines = [*self._lines[:-1], _told(at, text)]
            self.refresh()

    def reading(self, peer: str, sensor: str, value: object, unit: str) -> None:
        """Show a verified reading: a line for programs, a cell for people."""
        if self._as_json:
            at = round(time.monotonic() - self._start, 2)
            fields = {"peer": peer, "sensor": sensor, "value": value, "unit": unit}
            self._line({"event": "reading", "at_s": at, **fields})

    def refresh(self) -> None:
        """Draw the table again, on a screen."""
        if self._live is not None:
            self._live.update(self.picture(self._console), refresh=True)

    def picture(self, console: Console) -> Group:
        """The peers, and the newest events below, as many as fit on the screen."""
        table = self._table()
        left = console.height - len(console.render_lines(table)) - SPARE
        shown: list[RenderableType] = []
        for line in reversed(self._lines):
            left -= len(console.render_lines(line))
            if left < 0:
                break
            shown.insert(0, line)
        return Group(table, Text(), *shown)

    def summary(
        self, checks: Mapping[str, tuple[bool, str]], counts: Mapping[str, object]
    ) -> None:
        """The end: every step, whether it was seen, and the counts."""
        ok = all(seen for seen, _ in checks.values())
        if self._as_json:
            steps = {name: {"ok": seen, "detail": text} for name, (seen, text) in checks.items()}
            self._line({"event": "summary", "ok": ok, "checks": steps, "counts": dict(counts)})
            return
        self.__exit__()  # else it would be printed above the live table
        table = Table(title="What was to be seen", title_justify="left", box=None, pad_edge=False)
        table.add_column(no_wrap=True)
        for column in ("step", "how it showed"):
            table.add_column(column, overflow="fold")
        for name, (seen, text) in checks.items():
            table.add_row(MARKS[seen], name, text)
        self._console.print()
        self._console.print(table)
        self._console.print(", ".join(f"{name} {value}" for name, value in counts.items()))
        count = sum(seen for seen, _ in checks.values())
        what = f"{count} of {len(checks)} were seen, in {time.monotonic() - self._start:.0f} s"
        self._console.print(Text(what, "bold green" if ok else "bold red"))

    def _line(self, data: Mapping[str, object]) -> None:
        sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def _peers(self) -> RenderableType:
        """Two lines for each peer: its state, and its readings."""
        lines = [Text(TITLE, "bold"), Text(LINE.format(*COLUMNS), "bold")]
        for row in self._rows.values():
            colour = {"up": "green", "starting": "yellow"}.get(row.state, "red")
            cells = (row.name, row.short, row.state, row.verified, row.refused, row.heap)
            line = Text(LINE.format(*cells))
            line.highlight_words([row.state], colour)
            readings = Text("  " + self._readings(row), "dim", no_wrap=True, overflow="ellipsis")
            lines += [line, readings]
        return Group(*lines)

    def _readings(self, row: Row) -> str:
        now = time.monotonic()
        ages = [now - when for _, _, when in row.readings.values()]
        words = [
            f"{sensor} {quantity(value, unit)}"
            for sensor, (value, unit, _) in sorted(row.readings.items())
        ]
        old = f" ({min(ages):.0f} s ago)" if ages and min(ages) > FRESH_S else ""
        return ", ".join(words) + old


def _told(at_s: float, text: str) -> Table:
    """A line of an event; a long one wraps."""
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_column(no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(Text(f"{at_s:5.1f} s", "dim"), Text.from_markup(text))
    return line
