"""mesh hardware show: one board, sensor or actuator."""

from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from mesh.cli.options import Json, Reply
from mesh.cli.typed import as_typed

EXAMPLE = "mesh hardware show pico_w"


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `mesh hardware list` has it.")],
    json: Json = False,
) -> Reply:
    """Show all that is known of one board, sensor or actuator.

    A board's pins with what they can do, its limits and currents, and where each figure is from.
    """
    return Reply("hardware_show", _show(name), json)


async def _show(name: str) -> AsyncGenerator[dict[str, Any], None]:
    from mesh.boards.catalogue import devices, hardware  # noqa: PLC0415 - no other command needs them

    groups = {
        **dict.fromkeys(devices.sensors(), "sensor"),
        **dict.fromkeys(devices.actuators(), "actuator"),
        **dict.fromkeys(hardware.boards(), "board"),
    }
    with as_typed():
        group = hardware.choose(groups, name, "board, sensor or actuator")
    if group != "board":
        yield asdict(devices.device(name)) | {"is": group}
        return
    found = hardware.board(name)
    data = {key: value for key, value in asdict(found).items() if key != "raw"}
    places = found.header.places() if found.header else {}
    for label, pin in data["pins"].items():
        pin["positions"] = places.get(label, [])
    yield data | {"is": group}
