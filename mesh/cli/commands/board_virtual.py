"""mesh board virtual: a board without hardware."""

from pathlib import Path
from typing import Annotated

import typer

from mesh.cli.options import HomeFolder, Json, Reply
from mesh.cli.typed import as_typed
from mesh.hub.failure import USAGE, Failure

EXAMPLE = "mesh board virtual attic"
LEAST_HEAP = 64  # KiB


def command(  # noqa: PLR0913, PLR0917 - each is an option
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
    air: Annotated[
        Path | None,
        typer.Option("--air", metavar="FILE", help="Wi-Fi networks around it, in JSON."),
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> Reply:
    """Run a board without hardware: MicroPython behind a serial port, until Ctrl-C.

    Its port is printed first, then its console. `mpremote connect PORT` and the other `mesh
    board` commands talk to it. The first time it gets settings to change, and you introduce it.
    With --air it has a pretend radio instead of this computer's network: it joins what the file
    has, and opens an access point if its settings have a code (docs/first-board.md).
    """
    from mesh.boards.virtual import virtual_session  # noqa: PLC0415 - no other command needs it
    from mesh.boards.virtual.air import read  # noqa: PLC0415
    from mesh.boards.virtual.interpreter import kib  # noqa: PLC0415

    with as_typed():
        if kib(heap) < LEAST_HEAP or (flash and not kib(flash)):
            raise Failure(f"no board runs in {heap} of memory", f"at least {LEAST_HEAP}k", USAGE)
        if air and flash:
            raise Failure("--air needs a folder as its file system", "leave out --flash", USAGE)
        around = read(air) if air else None
    items = virtual_session.run(folder, heap, flash, blank, home, around)
    return Reply("virtual", items, json, many=True, until="starting", farewell="switched off")
