"""mesh up: run a peer."""

from typing import Annotated

import typer

from mesh.boards.over_the_mesh import OPERATIONS
from mesh.cli.options import HomeFolder, Interface, Json, Reply
from mesh.hub import desktop_limits
from mesh.hub.operations import daemon
from mesh.hub.operations.own_peer import Choices
from mesh.hub.quiet import quiet_log

EXAMPLE = "mesh up --name study"


def command(
    home: HomeFolder = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="UDP port; 0 for any free one.")
    ] = None,
    interface: Interface = None,
    name: Annotated[
        str | None, typer.Option(help="What this peer calls itself, this time.")
    ] = None,
    json: Json = False,
) -> Reply:
    """Run a peer here, until Ctrl-C.

    Prints what it is, where it can be reached and how it finds others; then what happens.
    Other commands with the same home go through it.
    """
    desktop_limits.use_uvloop()
    quiet_log()
    choices = Choices(home, interface, port, name, OPERATIONS)
    return Reply(
        "up", daemon.serve(choices), json, many=True, until="starting", farewell="stopped"
    )
