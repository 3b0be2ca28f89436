"""What the demo shows: a live table for people, JSON lines for programs."""

import json
import sys
import time
from collections.abc import Mapping
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mesh.hub.cli.units import Value, quantity

FRESH_S = 4.0  # an age is shown from then on
LINES = 9  # of what happened, under the table
MARKS = {True: "[green]seen[/]", False: "[bold red]NOT SEEN[/]"}


class Row:
    """One peer as the table shows it."""

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind
        self.short = ""
        self.state = "starting"
        self.verified = 0
        self.refused = 0
        self.heap = ""
        self.readings: dict[str, tuple[Value, str, float]] = {}  # sensor: value, unit, when


class View:
    """Shows rows and what happens. Used as a context manager."""

    def __init__(self, rows: Mapping[str, Row], as_json: bool) -> None:
        self._rows = rows
        self._as_json = as_json
        self._console = Console(highlight=False)
        self._live: Live | None = None
        self._lines: list[str] = []
        self._start = time.monotonic()

    def __enter__(self) -> Self:
        if not self._as_json and self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def happened(self, event: str, text: str, **fields: object) -> None:
        """Tell one thing: `text` for people, `fields` for programs."""
        at = time.monotonic() - self._start
        if self._as_json:
            self._line({"event": event, "at_s": round(at, 2), "text": text, **fields})
            return
        line = f"[dim]{at:5.1f} s[/]  {text}"
        if self._live is None:
            self._console.print(line)
        self._lines = [*self._lines, line][-LINES:]
        self.refresh()

    def reading(self, peer: str, sensor: str, value: object, unit: str) -> None:
        """Tell a reading that the desktop checked: a line for programs, a cell for people."""
        if self._as_json:
            at = round(time.monotonic() - self._start, 2)
            fields = {"peer": peer, "sensor": sensor, "value": value, "unit": unit}
            self._line({"event": "reading", "at_s": at, **fields})

    def refresh(self) -> None:
        """Draw the table anew, where there is a screen."""
        if self._live is not None:
            self._live.update(
                Group(self._table(), *map(Text.from_markup, self._lines)), refresh=True
            )

    def summary(
        self, checks: Mapping[str, tuple[bool, str]], counts: Mapping[str, object]
    ) -> None:
        """End: every step, whether it was seen, and the counts."""
        ok = all(seen for seen, _ in checks.values())
        if self._as_json:
            steps = {name: {"ok": seen, "detail": text} for name, (seen, text) in checks.items()}
            self._line({"event": "summary", "ok": ok, "checks": steps, "counts": dict(counts)})
            return
        table = Table(title="What was to be seen", title_justify="left", box=None, pad_edge=False)
        for column in ("", "step", "how it showed"):
            table.add_column(column, overflow="fold")
        for name, (seen, text) in checks.items():
            table.add_row(MARKS[seen], name, text)
        self._console.print()
        self._console.print(table)
        self._console.print("\n" + ", ".join(f"{name} {value}" for name, value in counts.items()))

    def _line(self, data: Mapping[str, object]) -> None:
        sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def _table(self) -> Table:
        table = Table(title="othermesh: one desktop, three boards, nobody in charge")
        for column in (
            "peer",
            "id",
            "state",
            "readings",
            "ok",
            "bad",
            "heap, KiB",
        ):
            right = column in ("ok", "bad", "heap, KiB")
            table.add_column(column, justify="right" if right else "left")
        for row in self._rows.values():
            colour = {"up": "green", "starting": "yellow"}.get(row.state, "red")
            table.add_row(
                row.name,
                row.short,
                f"[{colour}]{row.state}[/]",
                self._readings(row),
                str(row.verified),
                str(row.refused),
                row.heap,
            )
        return table

    def _readings(self, row: Row) -> str:
        lines = []
        for sensor, (value, unit, when) in sorted(row.readings.items()):
            age = time.monotonic() - when
            old = f" [dim]{age:.0f} s ago[/]" if age > FRESH_S else ""
            lines.append(f"{sensor} {quantity(value, unit)}{old}")
        return "\n".join(lines)
