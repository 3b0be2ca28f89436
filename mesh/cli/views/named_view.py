"""Views of `mesh name` and `mesh forget`."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean


def named(row: Row) -> RenderableType:
    """The new name of a peer, and its own name."""
    if row["own"]:
        when = "" if row["at_once"] else ", once `mesh up` runs"
        return Text(clean(f"this peer calls itself {row['name']}{when}"))
    before = f", not {row['former']} any more" if row["former"] else ""
    lines = [Text(clean(f"{row['short']} is called {row['name']} here{before}"))]
    if row["itself"] and row["itself"] != row["name"]:
        lines.append(Text(clean(f"it calls itself {row['itself']}, which finds it too"), "dim"))
    return Group(*lines)


def forgotten(row: Row) -> RenderableType:
    """What was removed, what stays, and that the peer may be found again."""
    gone = [f"our name {name}" for name in row["names"]]
    gone += (
        ["1 address" if row["addresses"] == 1 else f"{row['addresses']} addresses"]
        if row["addresses"]
        else []
    )
    what = f": {', '.join(gone)}" if gone else ""
    return Group(
        Text(clean(f"{row['label']} ({row['short']}) is forgotten{what}")),
        Text(
            "what it said stays in the store; if it is in this network, it is found again", "dim"
        ),
    )


VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {"named": named, "forgotten": forgotten}
