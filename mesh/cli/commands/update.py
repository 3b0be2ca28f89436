"""mesh update: offer boards new firmware."""

from pathlib import Path
from typing import Annotated

import typer

from mesh.boards.firmware_offer import PATIENCE_S
from mesh.boards.over_the_mesh import OPERATIONS
from mesh.cli.options import MANY, HomeFolder, Interface, Json, Reply, Timeout, offer_peers
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations import session

EXAMPLE = "mesh update greenhouse --firmware dist/pico_w; mesh update 'room*' -f dist/pico_w"


def command(  # noqa: PLR0913, PLR0917 - each is an option
    peers: Annotated[
        list[str],
        typer.Argument(
            metavar="PEER...",
            help=f"Which boards. {MANY} Patterns mean boards alone.",
            autocompletion=offer_peers,
        ),
    ],
    firmware: Annotated[
        Path,
        typer.Option(
            "--firmware", "-f", metavar="FOLDER", help="What `mesh firmware build` made."
        ),
    ],
    at_once: Annotated[
        int, typer.Option("--at-once", metavar="N", min=1, max=16, help="So many at a time.")
    ] = 1,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = PATIENCE_S,
    json: Json = False,
) -> Reply:
    """Offer boards new firmware, and show what each does with it.

    One that is away, asleep or refuses is told and passed over. If one takes it back, it is the
    firmware that does not get on, and no further board is offered it.

    A board takes it only from whom its holder named. It checks each file, tries the new firmware,
    and takes it back by itself if that does not get on. Ctrl-C is safe at any moment.
    """
    if not firmware.expanduser().is_dir():
        raise Failure(f"there is no folder {firmware}", "`mesh firmware build` makes one", USAGE)
    folder = str(firmware.expanduser().absolute())
    args = {"firmware": folder, "timeout": timeout, "targets": peers, "at_once": at_once}
    items = session.ask(
        session.Choices(home, interface, operations=OPERATIONS), "update.many", args
    )
    farewell = "no longer offered; the boards go on with what they have, and nothing is half done"
    return Reply("update", items, json, True, until="looking for them", farewell=farewell)
