"""mesh id: who we are."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from mesh.core import ids
from mesh.core.errors import LocalError
from mesh.hub import control
from mesh.hub.cli.options import HomeFolder, Json, Reply
from mesh.hub.failure import SETUP, Failure
from mesh.hub.home import Home
from mesh.hub.store import schema
from mesh.hub.store.queries import Queries

EXAMPLE = "mesh id --json"


def command(home: HomeFolder = None, json: Json = False) -> Reply:
    """Print the id, short id and name of our own peer."""
    return Reply("id", _own(home), json)


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
