"""mesh board settings: what is in a board's settings.json, and others in their place."""

import json as notation
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.hub import text
from mesh.hub.cli.board_options import choose, one
from mesh.hub.cli.options import Json, Reply
from mesh.hub.failure import USAGE, Failure
from mesh.hub.files import named

EXAMPLE = "mesh board settings name=hall sensors.heap.every_s=30"


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

    They are checked before anything is written. Wi-Fi passwords are neither shown nor copied:
    where asterisks stand for one, the board keeps it. The board's program starts anew.
    """
    from mesh.hub import board_files as files  # noqa: PLC0415 - no other command needs it
    from mesh.hub.cable import Cable  # noqa: PLC0415

    ports = [word for word in words or () if "=" not in word]
    changes = [word for word in words or () if "=" in word]
    if len(ports) > 1 or (put and get):
        raise Failure("one port, and --get or --set", "mesh board settings --help", USAGE)
    given = _read(put) if put else None
    files.check_alone(files.changed(given or {}, changes))
    with Cable(choose(ports[0] if ports else "")) as cable:
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
