"""mesh board restore: identity and settings of a board from a backup."""

from typing import Annotated

import typer

from mesh.cli.board_options import (
    PassphraseFile,
    Yes,
    choose,
    one,
    passphrase,
    port_and_file,
    sure,
)
from mesh.cli.options import Json, Reply
from mesh.cli.typed import as_typed
from mesh.hub.failure import USAGE, Failure

EXAMPLE = "mesh board restore greenhouse.copy"
SAFE = (
    "the copy; the board is the peer that it was or that of the copy, may have the settings of "
    "either, and uses no number twice"
)


def command(
    words: Annotated[
        list[str], typer.Argument(metavar="[PORT] FILE", help="The port, and the copy.")
    ],
    passphrase_file: PassphraseFile = None,
    yes: Yes = False,
    json: Json = False,
) -> Reply:
    """Restore a board's identity and settings from a backup.

    Its counters go on far ahead of the copy, so that no number is used twice. Never let two
    boards run with one identity: everybody would see proof that it lies.
    """
    # no other command needs them
    from mesh.boards.cable import backup, board_files, cut_off  # noqa: PLC0415
    from mesh.boards.cable.cable import Cable  # noqa: PLC0415

    port, file = port_and_file(words, "restore")
    try:
        data = file.read_bytes()
    except OSError as error:
        help = "`mesh board backup` makes one; is the path right?"
        raise Failure(f"cannot read {file}: {error.strerror}", help, USAGE) from error
    with as_typed():
        kept = backup.unseal(data, passphrase(passphrase_file, new=False), str(file))
    with Cable(choose(port)) as cable:
        told = board_files.about(cable)
        if board_files.is_other(cable, kept):
            who = told["peer"] or "by an identity that was not read"
            sure(f"this board is another peer, {who}: that will be lost. Go on?", yes)
        if told["unique"] != kept.unique:
            sure(
                "this is another board than the one of the copy. Two boards with one identity are "
                "proof of lying to everybody: the old one must never run again. Go on?",
                yes,
            )
        with cut_off.telling(SAFE):
            moved = board_files.restore(cable, kept)
            cable.restart()
    return Reply("restore", one({"peer": kept.peer, "made": kept.made, "moved": moved}), json)
