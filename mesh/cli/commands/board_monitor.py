"""mesh board monitor: the console of a board, read only."""

from typing import Annotated

import typer

from mesh.boards.cable import monitor
from mesh.cli.board_options import Port, choose
from mesh.cli.options import Json, Reply

EXAMPLE = "mesh board monitor"


def command(
    port: Port = "",
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", "-s", metavar="S", min=0.1, help="End after so long."),
    ] = None,
    json: Json = False,
) -> Reply:
    """Show a board's console, until Ctrl-C.

    Only listens: its program goes on, also after Ctrl-C. Waits for a board that starts anew or is
    unplugged, and goes on when it is back.
    """
    items = monitor.listen(choose(port), seconds)
    return Reply("console", items, json, many=True, until="waiting for its console")
