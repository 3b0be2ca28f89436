"""mesh board restore: a board becomes the peer of a copy."""

from pathlib import Path
from typing import Annotated

import typer

from mesh.core.errors import LocalError
from mesh.hub.cli.board_options import PassphraseFile, Yes, choose, one, passphrase, sure
from mesh.hub.cli.options import Json, Reply
from mesh.hub.failure import USAGE, Failure

EXAMPLE = "mesh board restore greenhouse.copy"


def command(
    words: Annotated[
        list[str], typer.Argument(metavar="[PORT] FILE", help="The port, and the copy.")
    ],
    passphrase_file: PassphraseFile = None,
    yes: Yes = False,
    json: Json = False,
) -> Reply:
    """Make a board the peer of a copy: identity and settings.

    Its counters go on far ahead of the copy, so that no number is used twice. Never let two
    boards run with one identity: everybody would see proof that it lies.
    """
    from mesh.hub import backup, board_files  # noqa: PLC0415 - no other command needs them
    from mesh.hub.cable import Cable  # noqa: PLC0415

    *port, name = words
    if len(port) > 1:
        raise Failure("one port and one file", "mesh board restore --help", USAGE)
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise LocalError(f"cannot read {name}: {error.strerror}") from error
    kept = backup.unseal(data, passphrase(passphrase_file, new=False), name)
    with Cable(choose(port[0] if port else "")) as cable:
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
        moved = board_files.restore(cable, kept)
        cable.restart()
    return Reply("restore", one({"peer": kept.peer, "made": kept.made, "moved": moved}), json)
