"""mesh hardware power: current of a set-up, and its battery life."""

from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from mesh.cli.options import Json, Reply
from mesh.cli.setups import BoardName, SettingsFile, load
from mesh.cli.typed import as_typed

EXAMPLE = "mesh hardware power --board esp32_c3 settings.json --battery 2000"


def command(
    settings: SettingsFile,
    board: BoardName = None,
    battery: Annotated[
        float, typer.Option("--battery", metavar="MAH", min=1, max=1e6, help="Its capacity.")
    ] = 2000,
    awake: Annotated[
        float, typer.Option("--awake", metavar="S", min=0.1, max=3600, help="For each waking.")
    ] = 6,
    bare: Annotated[
        bool, typer.Option("--bare", help="A module, without what else is on the board.")
    ] = False,
    json: Json = False,
) -> Reply:
    """Compute the current of a set-up, and how many days a battery lasts.

    Out of the figures in hardware/, each with its source, and of every_s and sleep.every_s in the
    settings. What is assumed beside is said.
    """
    options = {"capacity_mah": battery, "awake_s": awake, "bare": bare}
    return Reply("hardware_power", _power(board, load(settings), options), json)


async def _power(
    board: str | None,
    settings: Any,  # noqa: ANN401
    options: dict[str, Any],
) -> AsyncGenerator[dict[str, Any], None]:
    from mesh.boards.catalogue.plan import plan  # noqa: PLC0415 - no other command needs them
    from mesh.boards.catalogue.power import Assumptions, budget  # noqa: PLC0415

    sending = min(Assumptions.sending_s, options["awake_s"])
    with as_typed():
        whole = plan(board, settings)
    made = budget(whole, Assumptions(**options, sending_s=sending))
    yield {"board": whole.board.id, **asdict(made)}
