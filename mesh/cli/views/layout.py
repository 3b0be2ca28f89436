"""Building blocks of views. Text of others is sanitised."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from mesh.hub.show.words import printable

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
# columns that shrink first on a narrow screen, if they are wider than this; others only above
# WIDE, so that the first ones keep some width
GIVING = {
    "name": 0, "found": 0, "attributes": 0, "failing": 0,
    "address": len("255.255.255.255:65535"), "firmware": len("0.1.0+0123abcd"),
}  # fmt: skip
WIDE = 30
FOLDING = (
    "failing",
    "mind",
    "how",
    "for",
)  # columns that wrap, as nothing of them may be cut off


clean = printable  # sanitises text of others


def table(heads: Sequence[str], rows: Iterable[Sequence[str | Text]], right: str = "") -> Table:
    """A table without frames, so that it is readable as plain text. Columns in `right` are
    right-aligned.
    """
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    cells = [[_cell(*one) for one in zip(heads, row, strict=True)] for row in rows]
    for at, head in enumerate(heads):
        justify: JustifyMethod = "right" if head in right.split() else "left"
        width = max((row[at].cell_len for row in cells), default=0)
        made.add_column(head, justify=justify, no_wrap=width <= GIVING.get(head, WIDE))
    for row in cells:
        made.add_row(*row)
    return made


def _cell(head: str, cell: str | Text) -> Text:
    made = cell if isinstance(cell, Text) else Text(cell)
    made.no_wrap = head not in FOLDING
    made.overflow = "fold" if head in FOLDING else "ellipsis"
    return made


def pairs(rows: Iterable[tuple[str, str | Text]]) -> Table:
    """Names and values. A long value wraps."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        made.add_row(name, value if isinstance(value, Text) else Text(value))
    return made


def styled(word: str) -> Text:
    """A word with its colour."""
    return Text(word, STYLES.get(word, ""))


def short(text: str) -> str:
    """Text with ~ for the user's home folder in paths, so that they can be pasted."""
    home = re.escape(os.path.expanduser("~"))
    return re.sub(rf"(?<![^\s'\"]){home}/(?=\S)", "~/", text)


def reason(row: Row) -> str:
    """Why a peer failed, without its name, which the row shows before."""
    return str(row["error"]).removeprefix(f"{row['peer']} ")


def how(row: Row) -> str:
    """How a peer was found, in words."""
    return HOW.get(row["how"], str(row["how"]))
