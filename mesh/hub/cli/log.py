"""mesh log: what a peer said, entry by entry."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing
from itertools import islice, takewhile
from typing import Annotated, Any

import typer

from mesh.hub import answers, choices
from mesh.hub.cli.kept import Shelf, Since, at, now_ms, open_shelf, when
from mesh.hub.cli.options import HomeFolder, Json, PeerName, Reply
from mesh.hub.store.queries import Said

EXAMPLE = "mesh log greenhouse --since 1h"
POLL_S = 0.5  # from one look for what is new to the next
LAST = 20
LOOKED_AT = 10_000  # entries, for kinds that there are


def command(  # noqa: PLR0913, PLR0917 - each is an option
    peer: PeerName,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    kinds: Annotated[
        list[str] | None, typer.Option("--kinds", metavar="KIND", help="Only these: reading, ...")
    ] = None,
    since: Since = None,
    last: Annotated[
        int | None,
        typer.Option("--last", "-n", min=0, help=f"How many; else {LAST}, with --since all."),
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> Reply:
    """Show what a peer said: the entries of its feed, the newest last.

    Out of what is kept here, whoever passed it on: each was checked against the peer's own key.
    """
    start_ms = when(since, now_ms())
    shelf = open_shelf(home)
    author = shelf.author(peer)
    chosen = frozenset((kinds and ",".join(kinds).split(",")) or ())
    if last is None and start_ms is None:
        last = LAST
    items = _entries(shelf, author, (chosen, start_ms, last, follow))
    nothing = _nothing(shelf, author, chosen, peer)
    return Reply("log", items, json, many=True, nothing="" if last == 0 else nothing)


def _nothing(shelf: Shelf, author: bytes, chosen: frozenset[str], peer: str) -> str:
    """What to say where nothing is shown: of kinds that there are not, which may be meant."""
    label = shelf.label(author)
    with closing(shelf.store.newest(author)) as newest:
        there = {said.kind for said in islice(newest, LOOKED_AT)} if chosen else set()
    if chosen and there.isdisjoint(chosen):
        kind = min(chosen)
        help = choices.offer(kind, there, "nothing at all is")
        return f"nothing of kind '{kind}' is kept of {label}; {help}"
    return f"nothing of that is kept of {label}; `mesh log {peer}` has the newest"


async def _entries(
    shelf: Shelf, author: bytes, wanted: tuple[frozenset[str], int | None, int | None, bool]
) -> AsyncGenerator[dict[str, Any], None]:
    kinds, since_ms, last, follow = wanted
    with shelf.store:
        after = next((said.seq for said in shelf.store.newest(author)), 0)
        with closing(shelf.store.newest(author)) as newest:
            chosen: Iterator[Said] = (said for said in newest if not kinds or said.kind in kinds)
            if since_ms is not None:
                chosen = takewhile(lambda said: (said.clock[3] or since_ms) >= since_ms, chosen)
            found = list(islice(chosen, last))
        for said in reversed(found):
            yield _row(shelf, author, said)
        while follow:
            await asyncio.sleep(POLL_S)
            for said in shelf.store.entries(author, after):
                after = said.seq
                if not kinds or said.kind in kinds:
                    yield _row(shelf, author, said)


def _row(shelf: Shelf, author: bytes, said: Said) -> dict[str, Any]:
    quality, boots, since_ms, unix_ms = said.clock
    return {
        "peer": shelf.label(author),
        "seq": said.seq,
        "time": at(unix_ms),
        "quality": quality,
        "boots": boots,
        "up_s": at(since_ms),
        "arrived": at(said.arrived or None),
        "kind": said.kind,
        "body": answers.plain(said.body),
    }
