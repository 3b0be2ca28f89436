"""mesh forget: removes name and addresses of a peer."""

from collections.abc import AsyncGenerator
from typing import Any

from mesh.cli.options import HomeFolder, Interface, Json, PeerName, Reply
from mesh.hub.home import named
from mesh.hub.operations import session

EXAMPLE = "mesh forget greenhouse"


def command(
    peer: PeerName,
    home: HomeFolder = None,
    interface: Interface = None,
    json: Json = False,
) -> Reply:
    """Forget a peer: our name for it, and where it was.

    What it said stays in the store. If it is still in this network, it is found again.
    """
    return Reply("forgotten", _forget(session.Choices(home, interface), peer), json)


async def _forget(choices: session.Choices, peer: str) -> AsyncGenerator[Any, None]:
    yield await named.forget(choices, peer)
