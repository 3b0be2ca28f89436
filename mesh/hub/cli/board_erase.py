"""mesh board erase: a board without othermesh."""

from typing import Annotated

import typer

from mesh.hub.cli.board_options import Port, Yes, choose, one, sure
from mesh.hub.cli.options import Json, Reply

EXAMPLE = "mesh board erase"


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
    from mesh.hub import board_files  # noqa: PLC0415 - no other command needs it
    from mesh.hub.cable import Cable  # noqa: PLC0415

    where = choose(port)
    what = "firmware, settings, and its identity for ever" if identity else "firmware and settings"
    sure(f"erase {what} on {where}?", yes)
    with Cable(where) as cable:
        gone = board_files.erase(cable, identity)
        cable.restart()
    return Reply("erased", one({"port": where, "files": gone, "identity": identity}), json)
