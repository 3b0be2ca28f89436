"""How an update on its way looks."""

import json

from rich.console import RenderableType
from rich.text import Text

from mesh.hub.cli.layout import Row, clean

STYLES = {
    "good": "green", "refused": "red", "taken back": "bold red", "waiting": "yellow",
    "failed": "red", "left alone": "yellow",
}  # fmt: skip


def fact(update: object, name: str = "update") -> list[tuple[str, str | Text]]:
    """What a board tells of its last update, or settings, for the facts about it."""
    if not isinstance(update, dict):
        return []
    words = [str(update.get("version", "")), str(update.get("state", ""))]
    if update.get("why"):
        words.append(f"({update['why']})")
    return [(name, clean(" ".join(words).strip()))]


def update(row: Row) -> RenderableType:
    """One step of one board, on one line."""
    state = str(row["state"])
    line = Text(f"{clean(row['peer'])}: ").append(clean(state), STYLES.get(state, "default"))
    if state == "offered":
        line.append(f" {clean(row['version'])} for {clean(row['board'])}, {row['files']} files")
    if row.get("all") and state == "fetching":
        line.append(f" {clean(row.get('done', 0))}/{clean(row['all'])}")
    why = row.get("why") or row.get("error")
    return line.append(f": {clean(why)}") if why else line


def reset(row: Row) -> RenderableType:
    """A board's settings, or what became of new ones."""
    line = Text(f"{clean(row['peer'])}: ")
    if "error" in row:
        line.append(clean(row["error"]), "red")
        return line.append(f"\n  {clean(row['help'])}", "dim") if row.get("help") else line
    if "state" in row:
        return line.append(clean(row["state"]), STYLES.get(row["state"], "default"))
    text = json.dumps(row["settings"], indent=2, ensure_ascii=False)
    return line.append("\n" + shown(text))


def shown(text: str) -> str:
    """Lines of which each is made harmless for a terminal."""
    return "\n".join(str(clean(line)) for line in text.split("\n"))
