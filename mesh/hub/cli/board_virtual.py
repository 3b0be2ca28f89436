"""mesh board virtual: a board without hardware."""

from pathlib import Path
from typing import Annotated

import typer

from mesh.hub.cli.options import HomeFolder, Json, Reply

EXAMPLE = "mesh board virtual attic"


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Its file system; made if it is not there.")
    ],
    heap: Annotated[
        str, typer.Option("--heap", metavar="SIZE", help="Its memory, such as 192k.")
    ] = "384k",
    flash: Annotated[
        str,
        typer.Option(
            "--flash", metavar="SIZE", help="A file system of that size, in FOLDER/flash.img."
        ),
    ] = "",
    blank: Annotated[
        bool, typer.Option("--blank", help="MicroPython alone, to be flashed.")
    ] = False,
    home: HomeFolder = None,
    json: Json = False,
) -> Reply:
    """Run a board without hardware: MicroPython behind a serial port, until Ctrl-C.

    Its port is printed first, then its console. `mpremote connect PORT` and the other `mesh
    board` commands talk to it. The first time it gets settings to change, and you introduce it.
    """
    from mesh.hub import virtual_session  # noqa: PLC0415 - no other command needs it

    items = virtual_session.run(folder, heap, flash, blank, home)
    return Reply("virtual", items, json, many=True, until="starting", farewell="switched off")
