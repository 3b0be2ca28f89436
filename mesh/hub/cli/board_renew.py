"""mesh board renew: another identity for a board."""

from mesh.hub.cli.board_options import Port, Yes, choose, one, sure
from mesh.hub.cli.options import Json, Reply
from mesh.hub.failure import SETUP, Failure

EXAMPLE = "mesh board renew"


def command(port: Port = "", yes: Yes = False, json: Json = False) -> Reply:
    """Make a board another peer: its key was used twice, or another board has it too.

    Firmware, settings and the peers that it knows stay. What it published can be read under its
    former id, wherever it is kept. Who names that id in follow, allow or names has to name the
    new one, which `mesh board list` tells once it has started.
    """
    from mesh.hub import board_files, renewal  # noqa: PLC0415 - no other command needs them
    from mesh.hub.cable import Cable  # noqa: PLC0415

    where = choose(port)
    with Cable(where) as cable:
        told = board_files.about(cable)
        if not cable.hashes(["identity"]).get("identity"):
            raise Failure("this board has no identity yet", "it makes one when it starts", SETUP)
        former = told["peer"] or "an identity that was not read"
        sure(f"this board is {former}: nobody can bring that back. Go on?", yes)
        renewal.renew_board(cable)
        cable.restart()
    return Reply("board_renewed", one({"port": where, "former": told["peer"]}), json)
