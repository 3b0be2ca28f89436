"""Views of the documentation."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.text import Text

from mesh.cli.views.layout import Row, short, table

PICTURE = re.compile(r"!\[([^]]*)\]\(([^)]+)\)")
PAGE = re.compile(r"\[((?:docs/)?([\w-]+)\.md)\]\([^)]*\)")


def listed(rows: Sequence[Row]) -> RenderableType:
    """Pages and their titles."""
    made = table(("page", "title"), [(row["page"], row["title"]) for row in rows])
    return Group(made, Text("\n`mesh docs PAGE` shows one"))


class Page:
    """A page: as it was written in a pipe; laid out on a screen, with pictures as paths, and links
    as the command that shows them.
    """

    def __init__(self, row: Row) -> None:
        self._row = row

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        yield _laid_out(self._row) if console.is_terminal else Text(self._row["text"])


def _laid_out(row: Row) -> RenderableType:
    from rich.markdown import Markdown  # noqa: PLC0415 - slow to load, and no other view needs it

    folder = Path(row["file"]).parent

    def picture(match: re.Match[str]) -> str:
        there = match[2] if "://" in match[2] else short(str((folder / match[2]).resolve()))
        return f"*Picture: {match[1]}* ({there})"

    text = PICTURE.sub(picture, row["text"])
    return Markdown(PAGE.sub(r"`mesh docs \2`", text), hyperlinks=False)


VIEWS: Mapping[str, Callable[[Any], RenderableType]] = {"docs": listed, "docs_page": Page}
