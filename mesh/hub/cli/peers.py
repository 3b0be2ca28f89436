"""mesh peers: who is there."""

from typing import Annotated

import typer

from mesh.hub import session
from mesh.hub.cli.options import HomeFolder, Interface, Json, Reply, Timeout

EXAMPLE = "mesh peers --watch"
REDRAW_S = 2.0


def command(
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing them.")] = False,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = session.DISCOVER_S,
    json: Json = False,
) -> Reply:
    """List who is there.

    Each with name, id, address, how it was found, when it was last heard, whether it is up, and
    how many of its signatures were ok or bad.
    """
    choices = session.Choices(home, interface)
    if watch:
        args = {} if json else {"every": REDRAW_S}
        return Reply("peers", session.ask(choices, "peers.watch", args, timeout), json, many=True)
    return Reply(
        "peers", session.ask(choices, "peers", {}, timeout), json, until="looking for peers"
    )
