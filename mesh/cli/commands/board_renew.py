"""mesh board renew: a new identity for a board."""

from mesh.cli.board_options import Port, Yes, choose, one, sure
from mesh.cli.options import Json, Reply
from mesh.hub.failure import SETUP, Failure

EXAMPLE = "mesh board renew"
SAFE = (
    "its firmware, its settings and the peers that it knows; its key may be gone already, and "
    "then it makes another one when it starts"
)


def command(port: Port = "", yes: Yes = False, json: Json = False) -> Reply:
    """Give a board a new identity: its key was used twice, or another board has it too.

    Firmware, settings and the peers that it knows stay. What it published can be read under its
    former id, wherever it is kept. Who names that id in follow, allow or names has to name the
    new one, which `mesh board list` tells once it has started.
    """
    # no other command needs them
    from mesh.boards.cable import board_files, board_renewal, cut_off  # noqa: PLC0415
    from mesh.boards.cable.cable import Cable  # noqa: PLC0415

    where = choose(port)
    with Cable(where) as cable:
        told = board_files.about(cable)
        has_key, has_numbers = board_renewal.left(cable)
        if not has_key and not has_numbers:
            raise Failure("this board has no identity yet", "it makes one when it starts", SETUP)
        former = told["peer"] or "an identity that was not read"
        sure(f"this board is {former}: nobody can bring that back. Go on?", yes or not has_key)
        with cut_off.telling(SAFE):
            board_renewal.renew_board(cable)
            cable.restart()
    return Reply("board_renewed", one({"port": where, "former": told["peer"]}), json)
