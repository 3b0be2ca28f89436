"""View of an update in progress."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean, reason

STYLES = {
    "good": "green", "refused": "red", "taken back": "bold red", "waiting": "yellow",
    "failed": "red", "left alone": "yellow",
}  # fmt: skip


def fact(update: object, name: str = "update") -> list[tuple[str, str | Text]]:
    """A board's last update of firmware, or of settings, for `mesh show`."""
    if not isinstance(update, dict):
        return []
    words = [str(update.get("version", "")), str(update.get("state", ""))]
    if update.get("why"):
        words.append(f"({update['why']})")
    return [(name, clean(" ".join(words).strip()))]


def update(row: Row) -> RenderableType:
    """A step of a board's update."""
    state = str(row["state"])
    line = Text(f"{clean(row['peer'])}: ").append(clean(state), STYLES.get(state, "default"))
    if state == "offered":
        line.append(f" {clean(row['version'])} for {clean(row['board'])}, {row['files']} files")
    if row.get("all") and state == "fetching":
        line.append(f" {clean(row.get('done', 0))}/{clean(row['all'])}")
    why = row.get("why") or ("error" in row and reason(row))
    return line.append(f": {clean(why)}") if why else line


def reset(row: Row) -> RenderableType:
    """A board's settings, or the outcome of new ones."""
    line = Text(f"{clean(row['peer'])}: ")
    if "error" in row:
        line.append(clean(reason(row)), "red")
        return line.append(f"\n  {clean(row['help'])}", "dim") if row.get("help") else line
    if "state" in row:
        return line.append(clean(row["state"]), STYLES.get(row["state"], "default"))
    text = json.dumps(row["settings"], indent=2, ensure_ascii=False)
    return line.append("\n" + shown(text))


def shown(text: str) -> str:
    """Lines of text, each sanitised for a terminal."""
    return "\n".join(str(clean(line)) for line in text.split("\n"))


VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {"update": update, "reset": reset}
