"""View of `mesh board wifi`."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from mesh.boards.wifi_sending import NEXT
from mesh.cli.views.layout import Row, clean


def board_wifi(row: Row) -> RenderableType:
    """What becomes of a network that was sent to a board."""
    return STATES[row["state"]](row)


def _line(word: str, told: str, style: str = "green") -> Text:
    return Text(f"{word:<8}", style).append(clean(told), "default")


def _found(row: Row) -> RenderableType:
    line = _line("found", f"{row['peer']} at {row['address']}")
    former = row.get("former")
    if former:
        why = f"could not join {former.get('ssid', '')}: {former.get('why', 'no reason given')}"
        line.append("\n").append(_line("before", "it " + why, "yellow"))
    return line


def _trying(row: Row) -> RenderableType:
    return _line("trying", f"{row['ssid']}: this takes up to two minutes")


def _joined(row: Row) -> RenderableType:
    where = f" at {row['address']}" if row.get("address") else ""
    line = _line(
        "joined", f"{row['peer']} is in {row['ssid']}{where}, and its access point closes"
    )
    if row.get("why"):
        line.append("\n").append(_line("note", row["why"], "yellow"))
    return line.append("\n").append(_line("next", NEXT, "default"))


STATES: Mapping[str, Callable[[Any], RenderableType]] = {
    "found": _found,
    "trying": _trying,
    "joined": _joined,
}
VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {"board_wifi": board_wifi}
