"""How an update on its way looks."""

from rich.console import RenderableType
from rich.text import Text

from mesh.hub.cli.layout import Row, clean

STYLES = {
    "good": "green", "refused": "red", "taken back": "bold red", "waiting": "yellow",
    "failed": "red", "left alone": "yellow",
}  # fmt: skip


def fact(update: object) -> list[tuple[str, str | Text]]:
    """What a board tells of its last update, for the facts about it."""
    if not isinstance(update, dict):
        return []
    words = [str(update.get("version", "")), str(update.get("state", ""))]
    if update.get("why"):
        words.append(f"({update['why']})")
    return [("update", clean(" ".join(words)))]


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
