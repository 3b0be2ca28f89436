"""mesh board monitor: the console of a board, and nothing typed."""

from typing import Annotated

import typer

from mesh.hub import monitor
from mesh.hub.cli.board_options import Port, choose
from mesh.hub.cli.options import Json, Reply

EXAMPLE = "mesh board monitor"


def command(
    port: Port = "",
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", "-s", metavar="S", min=0.1, help="End after so long."),
    ] = None,
    json: Json = False,
) -> Reply:
    """Show what a board tells on its console, until Ctrl-C.

    Only listens: its program goes on, also after Ctrl-C. Waits for a board that starts anew or is
    unplugged, and goes on when it is back.
    """
    items = monitor.listen(choose(port), seconds)
    return Reply("console", items, json, many=True, until="waiting for its console")
