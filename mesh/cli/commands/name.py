"""mesh name: gives a peer our own name (petname)."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import typer

from mesh.cli.options import HomeFolder, Interface, Json, PeerName, Reply
from mesh.hub.home import named
from mesh.hub.operations import session

EXAMPLE = "mesh name greenhouse cellar"


def command(
    peer: PeerName,
    new: Annotated[str, typer.Argument(metavar="NEW", help="What to call it from now on.")],
    home: HomeFolder = None,
    interface: Interface = None,
    json: Json = False,
) -> Reply:
    """Set our own name for a peer; `self`: what this peer calls itself.

    A name of ours for a peer is known here alone, and stands in the settings. What a board calls
    itself is its own setting: `mesh board settings name=cellar`.
    """
    return Reply("named", _rename(session.Choices(home, interface), peer, new), json)


async def _rename(choices: session.Choices, peer: str, new: str) -> AsyncGenerator[Any, None]:
    yield await named.rename(choices, peer, new)
