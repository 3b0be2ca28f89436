"""mesh firmware check: verifies the hashes of built firmware."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.cli.options import Json, Reply
from mesh.hub.failure import USAGE, Failure

EXAMPLE = "mesh firmware check dist/pico_w"


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="What `mesh firmware build` has made.")
    ],
    json: Json = False,
) -> Reply:
    """Check the hash of every file that was built for a board."""
    if not folder.is_dir():
        raise Failure(f"there is no folder {folder}", "`mesh firmware build` makes one", USAGE)
    return Reply("firmware", _check(folder), json)


async def _check(folder: Path) -> AsyncGenerator[dict[str, Any], None]:
    from mesh.boards.firmware import build as firmware  # noqa: PLC0415 - no other command needs it

    yield firmware.describe(firmware.Firmware.load(folder))
