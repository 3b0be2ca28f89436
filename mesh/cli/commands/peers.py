"""mesh peers: the known peers."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import typer

from mesh.cli.options import HomeFolder, Interface, Json, Reply, Timeout
from mesh.cli.views.peers_view import COLUMNS
from mesh.hub.failure import USAGE, Failure
from mesh.hub.home.choices import offer
from mesh.hub.operations import selecting, session

EXAMPLE = "mesh peers --watch"
REDRAW_S = 2.0
HEALTH = ["name", "state", "starts", "faults", "failing", "firmware", "memory"]


def command(  # noqa: PLR0913, PLR0917 - each is an option
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing them.")] = False,
    problems: Annotated[
        bool, typer.Option("--problems", help="Only those with problems, and which; exit code 1.")
    ] = False,
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="LIST", help=f"health, or of: {', '.join(COLUMNS)}."),
    ] = None,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = session.DISCOVER_S,
    json: Json = False,
) -> Reply:
    """List the known peers.

    Each with name, id, address, how it was found, when it was last heard, whether it is up, and
    how many of its signatures were ok or bad. For --problems and --columns all that are up are
    asked how they are.
    """
    choices = session.Choices(home, interface)
    if watch and (problems or columns):
        raise Failure("--watch shows comings and goings", "leave out the one or the other", USAGE)
    if watch:
        args = {} if json else {"every": REDRAW_S}
        return Reply("peers", session.ask(choices, "peers.watch", args, timeout), json, many=True)
    if not problems and columns is None:
        items = session.ask(choices, "peers", {}, timeout)
        return Reply("peers", items, json, until="looking for peers")
    heads = _heads(columns)
    rows = session.ask(choices, "peers.about", {}, timeout)
    items = _problems(rows, json) if problems else _chosen(rows, heads, json)
    view = "peers_problems" if problems else "peers_chosen"
    return Reply(view, items, json, until="asking all peers how they are")


def _heads(columns: str | None) -> list[str]:
    """The columns that are wanted. Failure with code USAGE for what is none."""
    words = selecting.words_of(columns) if columns else []
    heads = [head for word in words for head in (HEALTH if word == "health" else [word])]
    for head in heads:
        if head not in COLUMNS:
            raise Failure(f"there is no column '{head}'", offer(head, COLUMNS), USAGE)
    return heads


async def _chosen(
    rows: AsyncGenerator[Any, None], heads: list[str], json: bool
) -> AsyncGenerator[Any, None]:
    async with aclosing(rows):
        async for found in rows:
            yield found if json else {"peers": found, "columns": heads}


async def _problems(rows: AsyncGenerator[Any, None], json: bool) -> AsyncGenerator[Any, None]:
    """As doctor does: what is wrong is shown, and is a failure for scripts."""
    async with aclosing(rows):
        async for found in rows:
            troubled = [row for row in found if row["problems"]]
            yield troubled if json else {"peers": found}
            if troubled:
                names = ", ".join(row["label"] for row in troubled)
                what = f"{len(troubled)} of {len(found)} peers have problems: {names}"
                raise Failure(what, "`mesh show PEER` has more of each")
