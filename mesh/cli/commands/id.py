"""mesh id: the identity of our own peer."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mesh.cli.board_options import Yes, sure
from mesh.cli.options import HomeFolder, Json, Reply
from mesh.core import peer_id as ids
from mesh.core.errors import LocalError
from mesh.hub.failure import SETUP, Failure
from mesh.hub.home.home import Home
from mesh.hub.home.renewal import renew
from mesh.hub.operations import control
from mesh.hub.store import schema
from mesh.hub.store.queries import Queries

EXAMPLE = "mesh id --json"


def command(
    what: Annotated[
        Literal["show", "renew"], typer.Argument(help="To show it, or to make another one.")
    ] = "show",
    home: HomeFolder = None,
    yes: Yes = False,
    json: Json = False,
) -> Reply:
    """Print the id, short id and name of our own peer.

    `mesh id renew` makes another key, for a peer whose key was used twice: it is another peer
    then. Name, settings and history stay, what it published can be read under its former id, and
    the former key stays in its home. Who names the former id in follow, allow or names has to name
    the new one.
    """
    if what == "renew":
        return Reply("renewed", _renew(home, yes), json)
    return Reply("id", _own(home), json)


async def _renew(folder: Path | None, yes: bool) -> AsyncGenerator[dict[str, Any], None]:
    home = Home(folder)
    sure(f"make another peer of the one in {home.path}, for ever?", yes)
    yield renew(home)


async def _own(folder: Path | None) -> AsyncGenerator[dict[str, Any], None]:
    home = Home(folder)
    peer = home.peer_id()
    if peer is None:
        raise Failure(f"there is no identity in {home.path} yet", "`mesh up` makes one", SETUP)
    yield {
        "id": ids.to_text(peer),
        "short": ids.short(peer),
        "name": home.profile().name,
        "home": str(home.path),
        "running": control.runs(home.control),
        "forked": _forked(home, peer),
    }


def _forked(home: Home, peer: bytes) -> bool:
    """Whether our store has a proof that our key was used twice."""
    path = home.path / schema.NAME
    if not path.exists():
        return False
    try:
        with Queries(path) as store:
            return peer in store.forked()
    except LocalError:
        return False  # `mesh store` says what is wrong with it
