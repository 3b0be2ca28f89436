"""View of responses of many peers: one table, then failures."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.cli.views import store_view
from mesh.cli.views.layout import Row, clean, reason, table
from mesh.hub.show import units


def readings(rows: Sequence[Row]) -> RenderableType:
    """Readings of several peers, with their names."""
    told = sorted((row for row in rows if "error" not in row), key=_name)
    parts: list[RenderableType] = []
    if told:
        cells = [(row["peer"], one) for row in told for one in row["readings"]]
        heads = ("peer", "sensor", "value", "age", "verified")
        parts.append(table(heads, [_cells(peer, one) for peer, one in cells], "value"))
    return Group(*parts, *failures(rows))


def _cells(peer: str, one: Row) -> Sequence[str | Text]:
    return (
        clean(peer),
        clean(one["sensor"]),
        clean(units.quantity(one["value"], one["unit"])),
        units.ago(one["age_s"]),
        "yes" if one["verified"] else Text("no", "bold red"),
    )


def failures(rows: Sequence[Row]) -> list[Text]:
    """A line for each failure, and help that all have in common."""
    failed = sorted((row for row in rows if "error" in row), key=_name)
    return [failure(row) for row in failed]


def failure(row: Row) -> Text:
    """Why a peer failed."""
    return Text(clean(row["peer"])).append(f"  {clean(reason(row))}", "red")


def history(row: Row) -> RenderableType:
    """One of several histories, under its name."""
    if "error" in row:
        return failure(row)
    title = Text(clean(f"{row['peer']}/{row['sensor']}"), "bold")
    return Group(*([] if "plot" in row else [title]), store_view.history(row), Text())


def log(row: Row) -> RenderableType:
    """An entry of one of several authors, with its name."""
    if "error" in row:
        return failure(row)
    return Text(f"{clean(row['peer']):<12}  ", "cyan").append_text(store_view.log(row))


def set_actuator(row: Row) -> RenderableType:
    """The outcome for one of several peers."""
    if "error" in row:
        return failure(row)
    return Text(clean(f"{row['peer']}/{row['actuator']} is now {json.dumps(row['value'])}"))


def _name(row: Row) -> tuple[str, str]:
    return str(row["peer"]).casefold(), str(row["id"])


VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {
    "readings_many": readings,
    "history_many": history,
    "log_many": log,
    "set_many": set_actuator,
}
