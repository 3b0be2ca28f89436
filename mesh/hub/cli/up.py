"""mesh up: run a peer."""

from typing import Annotated

import typer

from mesh.hub import desktop, session
from mesh.hub.cli.options import HomeFolder, Interface, Json, Reply
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
    desktop.use_uvloop()
    quiet_log()
    choices = session.Choices(home, interface, port, name)
    return Reply(
        "up", session.serve(choices), json, many=True, until="starting", farewell="stopped"
    )
