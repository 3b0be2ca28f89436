"""mesh board backup: identity, counters, settings and feed of a board into an encrypted file."""

from typing import Annotated

import typer

from mesh.cli.board_options import (
    PassphraseFile,
    choose,
    must_be_new,
    one,
    passphrase,
    port_and_file,
)
from mesh.cli.options import HomeFolder, Json, Reply
from mesh.cli.typed import as_typed
from mesh.hub.home import files
from mesh.hub.home.home import Home

EXAMPLE = "mesh board backup greenhouse.copy"
SAFE = "the board is as it was; no copy was made"


def command(
    words: Annotated[
        list[str], typer.Argument(metavar="[PORT] FILE", help="The port, and the file to make.")
    ],
    passphrase_file: PassphraseFile = None,
    home: HomeFolder = None,
    json: Json = False,
) -> Reply:
    """Copy a board's identity, counters, settings and feed into an encrypted file.

    The key leaves the board for this alone, and is encrypted before anything reaches the disk.
    Keep the passphrase: without it the copy is lost. A board that has no next key gets one, which
    is kept in the home here, not in the file.
    """
    # no other command needs them
    from mesh.boards.cable import backup, board_files, board_keys, cut_off  # noqa: PLC0415
    from mesh.boards.cable.cable import Cable  # noqa: PLC0415

    port, file = port_and_file(words, "backup")
    must_be_new(file)
    secret = passphrase(passphrase_file, new=True)
    with as_typed():
        backup.check(secret)
    where = choose(port)
    with Cable(where) as cable, cut_off.telling(SAFE):
        kept = board_files.copy(cable)
        told = board_keys.commit(cable, Home(home), kept.peer) if kept.peer else {}
        if told.get("seq"):
            kept = board_files.copy(cable)
        cable.restart()
    files.create(file, backup.seal(kept, secret))
    row: dict[str, object] = {
        "file": str(file),
        "peer": kept.peer,
        "files": sorted(kept.files),
        "made": kept.made,
    }
    row |= {"next_key": told.get("file"), "warning": told.get("detail")}
    return Reply("backup", one(row), json)
