"""mesh promises: what peers promise, and whether they keep it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, Any

import typer

from mesh.cli.kept import now_ms
from mesh.cli.options import MANY, HomeFolder, Json, Reply, offer_peers
from mesh.hub.failure import Failure
from mesh.hub.operations import pledges, selecting
from mesh.hub.operations.shelf import WHEN, Shelf, open_shelf, when

EXAMPLE = "mesh promises; mesh promises 'room*' --since 7d --json"
REDRAW_S = 2.0
BAD = (pledges.OVERDUE, pledges.MISSED)


def command(
    peers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PEER]...", help=MANY, autocompletion=offer_peers),
    ] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="WHEN", help=f"Readings from then on: {WHEN}.")
    ] = "1d",
    every: Annotated[
        bool, typer.Option("--all", "-a", help="Also promises that have ended.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing them.")] = False,
    home: HomeFolder = None,
    json: Json = False,
) -> Reply:
    """Show what peers promise, and whether they keep it.

    Those that are overdue come first. Computed here, from what each signed: kept, missed (with the
    two entries that prove it), unknown where something is not held, and overdue by this computer's
    clock. The exit code is 1 if something is missed or overdue.
    """
    shelf = open_shelf(home)
    if peers:
        authors, failed = shelf.whose(peers)
        if failed:
            raise selecting.failure(failed, len(authors))
    else:
        authors = shelf.store.authors()
    # a feed that went on elsewhere promises nothing more
    authors = [author for author in authors if shelf.end(author) is None]
    items = _promises(shelf, authors, (since, every), watch)
    return Reply("promises", items, json, many=watch)


async def _promises(
    shelf: Shelf, authors: list[bytes], how: tuple[str, bool], watch: bool
) -> AsyncGenerator[Any, None]:
    with shelf.store:
        while True:
            now = now_ms()
            rows = pledges.rows_of(shelf, authors, when(how[0], now) or 0, now, how[1])
            yield rows
            if not watch:
                break
            await asyncio.sleep(REDRAW_S)
    bad = [row for row in rows if row["state"] in BAD]
    if bad:
        names = ", ".join(sorted({row["peer"] for row in bad}))
        what = f"{len(bad)} of {len(rows)} promises are overdue or missed, of {names}"
        raise Failure(what, "`mesh log PEER` shows the entries; `mesh peers` whether it is up")
