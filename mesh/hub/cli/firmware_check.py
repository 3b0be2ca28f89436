"""mesh firmware check: whether what was built is still what was built."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.hub.cli.options import Json, Reply

EXAMPLE = "mesh firmware check dist/pico_w"


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="What `mesh firmware build` has made.")
    ],
    json: Json = False,
) -> Reply:
    """Check the hash of every file that was built for a board."""
    return Reply("firmware", _check(folder), json)


async def _check(folder: Path) -> AsyncGenerator[dict[str, Any], None]:
    from mesh.hub import firmware  # noqa: PLC0415 - no other command needs it

    yield firmware.describe(firmware.Firmware.load(folder))
