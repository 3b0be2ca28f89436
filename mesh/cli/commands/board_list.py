"""mesh board list: boards on USB."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, Any

import typer

from mesh.boards.cable import usb
from mesh.cli.options import Json, Reply
from mesh.core.errors import MeshError

EXAMPLE = "mesh board list --ask"


def command(
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask each what is on it: its program starts anew.")
    ] = False,
    json: Json = False,
) -> Reply:
    """List boards on USB: also boot loaders, and what may be a board.

    Nothing is sent to a board unless --ask says so: asking interrupts its program.
    """
    return Reply("boards", _list(ask), json, until="looking")


async def _list(ask: bool) -> AsyncGenerator[list[dict[str, Any]], None]:
    rows = []
    for found in await asyncio.to_thread(usb.find):
        row = found._asdict() | {"boards": list(found.boards)}
        if ask and found.talks:
            row |= await asyncio.to_thread(_ask, found.port)
        rows.append(row)
    yield rows


def _ask(port: str) -> dict[str, Any]:
    """What is on the board, or why it does not say."""
    from mesh.boards.cable import board_files  # noqa: PLC0415 - only when asked
    from mesh.boards.cable.cable import Cable  # noqa: PLC0415

    try:
        with Cable(port) as cable:
            told = board_files.about(cable)
            cable.restart()
    except MeshError as error:
        return {"error": error.detail}
    return {"about": told}
