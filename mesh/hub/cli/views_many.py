"""How what many peers answered looks: one table, those that failed at its end."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mesh.hub.cli import units, views_store
from mesh.hub.cli.layout import Row, clean, table


def readings(rows: Sequence[Row]) -> RenderableType:
    """Readings of several peers, by their names."""
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
    """A line for each that failed, and what helps where it helps all."""
    failed = sorted((row for row in rows if "error" in row), key=_name)
    return [failure(row) for row in failed]


def failure(row: Row) -> Text:
    """Why there is nothing of one peer."""
    return Text(clean(row["peer"])).append(f"  {clean(row['error'])}", "red")


def history(row: Row) -> RenderableType:
    """One of several histories, below its name."""
    if "error" in row:
        return failure(row)
    title = Text(clean(f"{row['peer']}/{row['sensor']}"), "bold")
    return Group(*([] if "plot" in row else [title]), views_store.history(row), Text())


def set_actuator(row: Row) -> RenderableType:
    """What one of several peers did."""
    if "error" in row:
        return failure(row)
    return Text(clean(f"{row['peer']}/{row['actuator']} is now {json.dumps(row['value'])}"))


def _name(row: Row) -> tuple[str, str]:
    return str(row["peer"]).casefold(), str(row["id"])


VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {
    "readings_many": readings,
    "history_many": history,
    "set_many": set_actuator,
}
