"""mesh board erase: removes othermesh's files from a board."""

from typing import Annotated

import typer

from mesh.cli.board_options import Port, Yes, choose, one, sure
from mesh.cli.options import Json, Reply

EXAMPLE = "mesh board erase"
SAFE = "its key and its counters, and files of your own; some of othermesh's may be gone already"
SAFE_NOT = "files of your own; othermesh's, and its key with them, may be gone already"


def command(
    port: Port = "",
    identity: Annotated[
        bool,
        typer.Option("--identity", help="Who it is as well: nobody can bring that back."),
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> Reply:
    """Remove othermesh's files from a board: firmware and settings.

    It keeps its identity and counters, and is the same peer when it is flashed again, unless
    --identity. Other files on it stay.
    """
    from mesh.boards.cable import board_files, cut_off  # noqa: PLC0415 - no other command needs them
    from mesh.boards.cable.cable import Cable  # noqa: PLC0415

    where = choose(port)
    what = "firmware, settings, and its identity for ever" if identity else "firmware and settings"
    sure(f"erase {what} on {where}?", yes)
    with Cable(where) as cable, cut_off.telling(SAFE_NOT if identity else SAFE):
        gone = board_files.erase(cable, identity)
        cable.restart()
    return Reply("erased", one({"port": where, "files": gone, "identity": identity}), json)
