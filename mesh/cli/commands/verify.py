"""mesh verify: verifies the whole store."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing
from functools import partial
from typing import Annotated, Any

import typer

from mesh.cli.kept import in_thread
from mesh.cli.options import MANY, HomeFolder, Interface, Json, Reply, Timeout, offer_peers
from mesh.core import peer_id
from mesh.hub.failure import FAILED, Failure
from mesh.hub.operations import comparing, selecting
from mesh.hub.operations.session import DISCOVER_S, Choices
from mesh.hub.operations.shelf import Shelf, open_shelf
from mesh.hub.store.check import Fault, Finding, Progress, Sum, check, repair
from mesh.hub.store.queries import Queries

EXAMPLE = "mesh verify --peers"


def command(  # noqa: PLR0913, PLR0917 - each is an option
    whose: Annotated[
        list[str],
        typer.Argument(
            metavar="[PEER]...", help=f"Only what these said. {MANY}", autocompletion=offer_peers
        ),
    ] = [],  # noqa: B006 - typer copies it
    peers: Annotated[
        bool, typer.Option("--peers", help="Compare with what the peers that are up hold.")
    ] = False,
    mend: Annotated[
        bool, typer.Option("--repair", help="Take out what is wrong, to be fetched anew.")
    ] = False,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = DISCOVER_S,
    json: Json = False,
) -> Reply:
    """Verify the whole store: every entry, link and signature, and every reading.

    From the authors' keys up, as if nothing had been checked before. A peer may run meanwhile, but
    not with --repair.
    """
    selecting.only_peers(whose, "all that a peer said is checked, or nothing of it")
    shelf = open_shelf(home)
    choices = Choices(home, interface) if peers else None
    only = None
    if whose:
        meant, failed = shelf.authors(whose)
        if failed:
            raise Failure(failed[0]["error"], failed[0]["help"], failed[0]["code"])
        only = {peer_id.from_text(one.peer.id) for one in meant}
    return Reply("verify", _verify(shelf, mend, choices, timeout, only), json, many=True)


async def _verify(
    shelf: Shelf,
    mend: bool,
    choices: Choices | None,
    wait_s: float,
    only: set[bytes] | None,
) -> AsyncGenerator[dict[str, Any], None]:
    path = shelf.store.path
    faults: list[Fault] = []
    with shelf.store as store:
        using: list[sqlite3.Connection] = []
        with closing(check(path, using.append, only=only)) as findings:
            look = partial(next, findings, None)
            while (found := await in_thread(lambda: _interrupt(using), look)) is not None:
                if isinstance(found, Fault):
                    faults.append(found)
                yield _row(shelf, found)
        for row in _ends(shelf, store, only):
            yield row
    if choices is not None:
        async for row in _beside(shelf, choices, wait_s):
            yield row
    if faults and mend:
        with shelf.home:  # so that no peer uses it
            await asyncio.to_thread(repair, path, faults, shelf.home.identity.public)
        yield {"event": "repaired", "faults": len(faults)}
    elif faults:
        raise Failure(
            f"{len(faults)} parts of {path} are wrong",
            "`mesh verify --repair` takes them out, and peers that have them are asked again",
            FAILED,
        )


def _interrupt(using: list[sqlite3.Connection]) -> None:
    for database in using:
        database.interrupt()


async def _beside(
    shelf: Shelf, choices: Choices, wait_s: float
) -> AsyncGenerator[dict[str, Any], None]:
    """What is kept here beside what others hold; Failure if any of it contradicts."""
    seen: Counter[str] = Counter()
    silent: list[dict[str, Any]] = []
    async for row in comparing.compare(shelf.store.path, choices, wait_s):
        seen[row["event"]] += 1
        if row["event"] == "silent":
            silent.append(row)
        yield row
    if seen["apart"]:
        raise Failure("not all peers hold the same", "`mesh show PEER` tells of forks", FAILED)
    if silent:
        raise selecting.failure(silent, seen.total() - len(silent))


def _row(shelf: Shelf, found: Finding) -> dict[str, Any]:
    if isinstance(found, Fault):
        return {
            "event": "fault",
            "peer": shelf.label(found.author) if found.author else None,
            "id": peer_id.to_text(found.author) if found.author else None,
            "first": found.first,
            "last": found.last,
            "detail": found.what,
        }
    if isinstance(found, Progress):
        return {
            "event": "progress",
            "verb": "checking",
            "what": found.what,
            "done": found.done,
            "of": found.of,
        }
    assert isinstance(found, Sum)  # noqa: S101 - the only other finding
    return {"event": "checked", **found._asdict()}


def _ends(shelf: Shelf, store: Queries, only: set[bytes] | None) -> Iterator[dict[str, Any]]:
    """How far each feed is kept: the same seq and link on two peers are the same entries."""
    found = [end for end in comparing.ends(store) if only is None or end[0] in only]
    ends = sorted(found, key=lambda end: shelf.label(end[0]))
    forks = comparing.forks(store)
    for author, seq, link, gaps in ends:
        yield {
            "event": "feed",
            "peer": shelf.label(author),
            "id": peer_id.to_text(author),
            "last": seq,
            "link": link.hex(),
            "gaps": gaps,
            "forked": forks.get(author),
        }
