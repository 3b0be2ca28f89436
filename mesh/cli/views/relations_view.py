"""Views of promises: how each is kept, and what was said."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean, table
from mesh.hub.show import units

SHORT = 8  # characters of a ref
NOTHING = "nobody whose feed is kept here promised anything; `mesh promise --help` tells how"
STYLES = {
    **{"overdue": "bold red", "missed": "yellow", "unknown": "dim", "kept": "green"},
    "ended": "dim",
}
DID = {
    "promised": "promised: whoever keeps our feed sees it, and whether it is kept",
    "ended": "ended: it binds us no more from now on; what was promised before stays said",
}


def promises(rows: Sequence[Row]) -> RenderableType:
    """Each promise, and how it is kept."""
    if not rows:
        return Text(NOTHING)
    heads = ("peer", "promise", "state", "kept", "missed", "unknown", "mind")
    return table(heads, [_cells(row) for row in rows], "kept missed unknown")


def _cells(row: Row) -> list[str | Text]:
    counts = [str(row[name]) if name in row else "-" for name in ("kept", "missed", "unknown")]
    state = Text(row["state"], STYLES.get(row["state"], ""))
    text = f" ({row['text']})" if row["text"] else ""
    return [clean(row["peer"]), clean(row["promise"] + text), state, *counts, _mind(row)]


def _mind(row: Row) -> str:
    """What is to be known of it, and the ref by which it is ended."""
    said = []
    if row.get("overdue_s") is not None:
        said.append(f"by {units.ago(row['overdue_s'])}, by the clock here")
    if proof := row.get("proof"):
        said.append(f"{units.duration(proof['s'])} from entry {proof['from']} to {proof['to']}")
    return ", ".join([*said, row["ref"][:SHORT]])


def stated(row: Row) -> RenderableType:
    """What was said, and the ref by which others mean it."""
    return Group(Text(DID[row["did"]]), Text(row["ref"][:SHORT], "dim"))


VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {"promises": promises, "stated": stated}
