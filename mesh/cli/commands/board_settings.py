"""mesh board settings: shows or replaces a board's settings.json over its cable."""

import json as notation
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.cli.board_options import choose, must_be_new, one
from mesh.cli.options import Json, Reply
from mesh.cli.typed import as_typed
from mesh.hub.failure import USAGE, Failure
from mesh.hub.home import text
from mesh.hub.home.files import named

EXAMPLE = "mesh board settings name=hall sensors.heap.every_s=30"
SAFE = "its key and its counters; its settings are the old ones or the new ones, as a whole"


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PORT] [KEY=VALUE]...",
            help="a.b=1 puts b=1 into table a; a.b= takes it out. VALUE is JSON, or a text.",
        ),
    ] = None,
    get: Annotated[
        Path | None, typer.Option("--get", metavar="FILE", help="Write them to a new file.")
    ] = None,
    put: Annotated[
        Path | None, typer.Option("--set", metavar="FILE", help="Take them from a file.")
    ] = None,
    json: Json = False,
) -> Reply:
    """Show or change a board's settings over its cable.

    They are checked before anything is written. Wi-Fi passwords, and the code in `setup`, are
    neither shown nor copied: where asterisks stand for one, the board keeps it. The board's
    program starts anew.
    """
    from mesh.boards.cable import board_files as files  # noqa: PLC0415 - no other command needs it
    from mesh.boards.cable import cut_off  # noqa: PLC0415
    from mesh.boards.cable.cable import Cable  # noqa: PLC0415

    ports = [word for word in words or () if "=" not in word]
    changes = [word for word in words or () if "=" in word]
    if len(ports) > 1 or (put and get):
        raise Failure("one port, and --get or --set", "mesh board settings --help", USAGE)
    with as_typed():
        given = _read(put) if put else None
        files.check_alone(files.changed(given or {}, changes))
    if get is not None:
        must_be_new(get)
    where = choose(ports[0] if ports else "")
    with Cable(where) as cable, cut_off.telling(SAFE):
        own: dict[str, Any] = {}
        try:
            own = files.read_settings(cable)
        except Failure:
            if given is None:
                raise
        wanted = files.changed(own if given is None else given, changes)
        wanted = files.with_passwords(wanted, own)
        row = {"changed": False, "settings": files.hidden(wanted)}
        if given is not None or changes:
            with as_typed():
                row["changed"] = files.write_settings(cable, wanted)
        cable.restart()
    if get is not None:
        _write(get, row["settings"])
    return Reply("settings", one(row), json)


def _read(file: Path) -> dict[str, Any]:
    return text.json_table(text.required(file), str(file))


def _write(file: Path, settings: object) -> None:
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with named(file), os.fdopen(opened, "w") as made:
            made.write(notation.dumps(settings, indent=2, ensure_ascii=False) + "\n")
    except FileExistsError as error:
        raise Failure(f"{file} is there already", "it is never overwritten", USAGE) from error
