"""The pieces that views are made of. Words of others are cleaned before they are shown."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from mesh.hub.words import printable

Row = Mapping[str, Any]

STYLES = {
    "ok": "green", "warn": "yellow", "fail": "bold red",
    "up": "green", "new": "yellow", "lost": "red", "asleep": "cyan",
    "found": "green", "refused": "yellow", "forked": "bold red", "error": "red",
    "restored": "yellow", "failing": "yellow",
}  # fmt: skip
HOW = {
    "mdns": "DNS-SD", "query": "DNS-SD query", "group": "CoAP group", "peers": "told by peers",
    "given": "by hand", "last": "last address",
}  # fmt: skip
GIVING = (
    "name",
    "address",
    "attributes",
    "failing",
    "firmware",
)  # columns that give way where room is short


clean = printable  # words of others


def table(heads: Sequence[str], rows: Iterable[Sequence[str | Text]], right: str = "") -> Table:
    """Columns without frames, to read well as plain text too; those in `right` stand right."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in heads:
        justify: JustifyMethod = "right" if head in right.split() else "left"
        made.add_column(head, justify=justify, no_wrap=head not in GIVING)
    for row in rows:
        made.add_row(*(_cell(cell) for cell in row))
    return made


def _cell(cell: str | Text) -> Text:
    made = cell if isinstance(cell, Text) else Text(cell)
    made.no_wrap, made.overflow = True, "ellipsis"
    return made


def pairs(rows: Iterable[tuple[str, str | Text]]) -> Table:
    """Names and values; a long value goes on below itself."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        made.add_row(name, value if isinstance(value, Text) else Text(value))
    return made


def styled(word: str) -> Text:
    """A word that has a colour of its own."""
    return Text(word, STYLES.get(word, ""))


def short(text: str) -> str:
    """Text with the user's own folder as ~ in its paths, to be read and to be pasted."""
    home = re.escape(os.path.expanduser("~"))
    return re.sub(rf"(?<![^\s'\"]){home}/(?=\S)", "~/", text)


def how(row: Row) -> str:
    """How a peer was found, in words."""
    return HOW.get(row["how"], str(row["how"]))
