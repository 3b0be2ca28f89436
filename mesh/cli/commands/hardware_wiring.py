"""mesh hardware wiring: a wiring picture of a set-up."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.cli import system_errors
from mesh.cli.options import Json, Reply
from mesh.cli.setups import BoardName, SettingsFile, load
from mesh.cli.typed import as_typed, check_target
from mesh.core.errors import LocalError
from mesh.hub.home import files

EXAMPLE = "mesh hardware wiring --board pico_w settings.json -o wiring.svg"


def command(
    settings: SettingsFile,
    board: BoardName = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The picture, an SVG file.")
    ] = Path("wiring.svg"),
    json: Json = False,
) -> Reply:
    """Draw the wiring of a set-up, with the parts that it takes.

    Any browser shows the picture. What the checks refuse is not drawn.
    """
    check_target(out)
    return Reply("hardware_wiring", _wiring(board, load(settings), out), json)


async def _wiring(
    board: str | None,
    settings: Any,  # noqa: ANN401
    out: Path,
) -> AsyncGenerator[dict[str, Any], None]:
    from mesh.boards.catalogue.plan import plan  # noqa: PLC0415
    from mesh.boards.wiring import picture as wiring  # noqa: PLC0415 - no other command needs it

    with as_typed():
        whole = plan(board, settings)
    text = wiring.draw(whole)
    _write(out, text)
    yield {
        "picture": str(out),
        "parts": [
            {"count": count, "part": part, "for": why} for count, part, why in wiring.parts(whole)
        ],
        "wires": [
            {"device": one.device, "leg": one.leg, "to": one.place} for one in wiring.joins(whole)
        ],
    }


def _write(out: Path, text: str) -> None:
    try:
        files.write(out, text.encode())
    except OSError as error:
        detail, help = system_errors.told(error)
        raise LocalError(f"cannot write {detail}", help) from error
