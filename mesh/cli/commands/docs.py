"""mesh docs: the documentation, offline."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import typer

from mesh.boards.catalogue.hardware import choose
from mesh.cli.options import Json, Reply
from mesh.cli.typed import as_typed
from mesh.hub import packaged
from mesh.hub.home import text

EXAMPLE = "mesh docs first-board"


def command(
    page: Annotated[
        str | None, typer.Argument(metavar="PAGE", help="One of them; else a list of all.")
    ] = None,
    json: Json = False,
) -> Reply:
    """Read the documentation offline.

    They are those of this version. Pictures are files, and named by their paths.
    """
    if page is None:
        return Reply("docs", _listed(), json)
    return Reply("docs_page", _page(page), json)


async def _listed() -> AsyncGenerator[list[dict[str, str]], None]:
    yield [
        {"page": name, "title": _title(text.required(path)), "file": str(path)}
        for name, path in packaged.pages().items()
    ]


async def _page(page: str) -> AsyncGenerator[dict[str, Any], None]:
    pages = {name.lower(): path for name, path in packaged.pages().items()}
    with as_typed():
        path = choose(pages, page.lower().removesuffix(".md"), "page")
    yield {"page": page, "file": str(path), "text": text.required(path)}


def _title(markdown: str) -> str:
    first = markdown.lstrip().partition("\n")[0]
    return first.lstrip("# ").strip()
