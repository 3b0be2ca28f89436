"""mesh hardware list: known boards, sensors and actuators."""

from collections.abc import AsyncGenerator
from typing import Any

from mesh.cli.options import Json, Reply

EXAMPLE = "mesh hardware list"


def command(json: Json = False) -> Reply:
    """List the known boards, sensors and actuators."""
    return Reply("hardware_list", _list(), json)


async def _list() -> AsyncGenerator[list[dict[str, Any]], None]:
    from mesh.boards.catalogue import devices, hardware  # noqa: PLC0415 - no other command needs them

    rows = [
        {"name": one.id, "what": "board", "part": one.name, "chip": one.chip}
        for one in hardware.boards().values()
    ]
    for group, what in devices.STEMS.items():
        rows += [
            {"name": one.kind, "what": what, "part": one.part, "title": one.title}
            for one in devices.devices(group).values()
        ]
    yield rows
