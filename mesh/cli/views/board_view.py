"""Views of boards on a cable."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, clean, pairs, short, table
from mesh.core import peer_id


def boards(rows: Sequence[Row]) -> RenderableType:
    """All boards on USB."""
    if not rows:
        return Text(
            "nothing on USB looks like a board; use a cable that carries data; a new Pico: hold "
            "BOOTSEL while plugging it in"
        )
    asked = any("about" in row or "error" in row for row in rows)
    heads = ("port", "state", "can be", "usb", "product") + (("on it",) if asked else ())
    return table(heads, [_cells(row) + ((_on_it(row),) if asked else ()) for row in rows])


def _cells(row: Row) -> tuple[str, ...]:
    can_be = ", ".join(row["boards"]) or "-"
    return (clean(row["port"]), row["state"], can_be, row["usb"] or "-", clean(row["product"]))


def _on_it(row: Row) -> str:
    if "error" in row:
        return clean(row["error"])
    told = row.get("about")
    if not told:
        return "-"
    words = [f"MicroPython {told['micropython']}", told["machine"]]
    words += [f"othermesh {told['firmware']}"] if told["firmware"] else []
    words += [told["name"]] if told["name"] else []
    words += [told["peer"][: peer_id.SHORT]] if told["peer"] else []
    return clean(", ".join(words))


def console(row: Row) -> RenderableType:
    """A line of a board's console, or a change of its cable."""
    if "line" in row:
        return Text(clean(row["line"]))
    words = {"lost": "the board has gone: waiting for it", "back": "the board is back"}
    return Text(words[row["port"]], "yellow")


def virtual(row: Row) -> RenderableType:
    """The port of a virtual board, or a line of its console."""
    if "line" in row:
        return Text(clean(row["line"]))
    return Text(f"port: {row['port']}", "bold")


def settings(row: Row) -> RenderableType:
    """A board's settings, without passwords."""
    text = json.dumps(row["settings"], indent=2, ensure_ascii=False)
    return Text("\n".join(clean(line) for line in text.splitlines()))


def backup(row: Row) -> RenderableType:
    """What was backed up."""
    return pairs(
        [
            ("peer", row["peer"] or "-"),
            ("copied", ", ".join(row["files"])),
            ("to", clean(short(row["file"]))),
            *([("next key", clean(short(row["next_key"])))] if row.get("next_key") else []),
            *([("warning", clean(row["warning"]))] if row.get("warning") else []),
        ]
    )


def restore(row: Row) -> RenderableType:
    """The board's identity now."""
    if row["moved"]:
        return Text(f"this board is {row['peer']} now; its counters go on far ahead of the copy")
    return Text(f"this board was {row['peer']} already: only its settings were put back")


def erased(row: Row) -> RenderableType:
    """What was removed."""
    rest = "its identity too" if row["identity"] else "its identity is kept"
    return Text(clean(f"{len(row['files'])} files removed from {row['port']}; {rest}"))


def renewed(row: Row) -> RenderableType:
    """That a board gets another identity at its next start."""
    former = row["former"] or "a peer without a key that could be read"
    return Text(f"this board was {former}; it makes another key now: `mesh board list` tells")


VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {
    "boards": boards,
    "console": console,
    "virtual": virtual,
    "settings": settings,
    "backup": backup,
    "restore": restore,
    "erased": erased,
    "board_renewed": renewed,
}
