"""View of a conformance report: a line for each rule, more where it fails."""

from collections.abc import Callable
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean

STYLES = {"pass": "green", "fail": "bold red", "not offered": "dim"}
WIDTH = 12


def conform(row: Row) -> RenderableType:
    """A line of the report."""
    return EVENTS[row["event"]](row)


def _peer(row: Row) -> RenderableType:
    return Group(
        Text(f"peer      {row['id']}"),
        Text(f"asked by  {row['asked_by']}, a key for this alone"),
    )


def _check(row: Row) -> RenderableType:
    outcome = row["outcome"]
    line = Text(f"{row['section']:>2}  ").append(f"{outcome:<{WIDTH}}", STYLES[outcome])
    line.append(row["rule"])
    if outcome == "fail":
        return Group(
            line,
            Text(f"      expected  {clean(row['expected'])}"),
            Text(f"      seen      {clean(row['seen'])}"),
        )
    if "why" in row:
        line.append(f": {clean(row['why'])}", "dim")
    return line


def _sum(row: Row) -> RenderableType:
    style = STYLES["fail" if row["fail"] else "pass"]
    told = f"{row['pass']} pass, {row['fail']} fail, {row['not_offered']} not offered"
    return Text(told, style)


EVENTS: dict[str, Callable[[Row], RenderableType]] = {
    "peer": _peer,
    "check": _check,
    "sum": _sum,
}
VIEWS: dict[str, Callable[[Any], RenderableType]] = {"conform": conform}
