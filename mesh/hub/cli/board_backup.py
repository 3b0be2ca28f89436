"""mesh board backup: a copy of what makes a board the peer that it is."""

from pathlib import Path
from typing import Annotated

import typer

from mesh.hub import files
from mesh.hub.cli.board_options import PassphraseFile, choose, one, passphrase
from mesh.hub.cli.options import Json, Reply
from mesh.hub.failure import USAGE, Failure

EXAMPLE = "mesh board backup greenhouse.copy"


def command(
    words: Annotated[
        list[str], typer.Argument(metavar="[PORT] FILE", help="The port, and the file to make.")
    ],
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> Reply:
    """Copy a board's identity, counters, settings and feed into an encrypted file.

    The key leaves the board for this alone, and is encrypted before anything reaches the disk.
    Keep the passphrase: without it the copy is lost.
    """
    from mesh.hub import backup, board_files  # noqa: PLC0415 - no other command needs them
    from mesh.hub.cable import Cable  # noqa: PLC0415

    *port, name = words
    file = Path(name)
    if len(port) > 1:
        raise Failure("one port and one file", "mesh board backup --help", USAGE)
    if file.exists():
        raise Failure(f"{file} is there already", "it is never overwritten", USAGE)
    secret = passphrase(passphrase_file, new=True)
    backup.check(secret)
    with Cable(choose(port[0] if port else "")) as cable:
        kept = board_files.copy(cable)
        cable.restart()
    files.create(file, backup.seal(kept, secret))
    row = {"file": str(file), "peer": kept.peer, "files": sorted(kept.files), "made": kept.made}
    return Reply("backup", one(row), json)
