"""mesh hardware check: errors in a set-up."""

from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Any

from mesh.cli.options import Json, Reply
from mesh.cli.setups import BoardName, SettingsFile, load
from mesh.cli.typed import as_typed
from mesh.hub.failure import FAILED, Failure

EXAMPLE = "mesh hardware check --board pico_w settings.json"


def command(settings: SettingsFile, board: BoardName = None, json: Json = False) -> Reply:
    """Check a set-up for errors, before anything is wired.

    Pins that are taken twice, missing, or cannot do what is asked of them; voltages and currents
    that harm; I2C addresses that clash. The exit code is 1 if there is an error.
    """
    return Reply("hardware_check", _check(board, load(settings)), json)


async def _check(board: str | None, settings: Any) -> AsyncGenerator[list[Any], None]:  # noqa: ANN401
    from mesh.boards.catalogue import pins  # noqa: PLC0415 - no other command needs it

    with as_typed():
        found = pins.check(board, settings)
    yield [asdict(one) for one in found]
    errors = sum(one.level == "error" for one in found)
    if errors:
        raise Failure(f"{errors} error{'s' * (errors > 1)}: do not wire it so", None, FAILED)
