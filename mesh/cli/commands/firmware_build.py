"""mesh firmware build: the firmware of boards, from the sources installed here."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.cli.options import Json, Reply
from mesh.cli.typed import as_typed

EXAMPLE = "mesh firmware build --board pico_w"
ALL = "all"


def command(
    board: Annotated[
        str, typer.Option("--board", "-b", metavar="B", help=f"A board, or '{ALL}'.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="What gets a folder for each.")
    ] = Path("dist"),
    json: Json = False,
) -> Reply:
    """Build the firmware of boards: files, a ROM image, a package for mip, a manifest.

    For each board a folder: compiled files for its processor, hashes and a table of sizes. The
    same sources give the same bytes.
    """
    return Reply("firmware", _build(board, out), json, listed=True, until=f"building {board}")


async def _build(board: str, out: Path) -> AsyncGenerator[dict[str, Any], None]:
    from mesh.boards.catalogue import hardware  # noqa: PLC0415 - no other command needs them
    from mesh.boards.firmware import build as firmware  # noqa: PLC0415 - no other command needs them

    if board != ALL:
        with as_typed():
            hardware.board(board)
    for name in hardware.boards() if board == ALL else [board]:
        made = await asyncio.to_thread(firmware.build, name, out)
        yield firmware.describe(made)
