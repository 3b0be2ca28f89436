"""mesh settings: shows or changes settings of boards over the mesh."""

import json as notation
from collections.abc import AsyncGenerator
from contextlib import aclosing
from difflib import unified_diff
from typing import Annotated, Any

import typer

from mesh.boards.firmware_offer import PATIENCE_S
from mesh.boards.over_the_mesh import OPERATIONS
from mesh.cli import confirming
from mesh.cli.options import MANY, HomeFolder, Interface, Json, Reply, Timeout, offer_peers
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations import selecting, session

Row = dict[str, Any]

EXAMPLE = "mesh settings greenhouse sensors.heap.every_s=30; mesh settings 'room*'"


def command(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="PEER... [KEY=VALUE]...",
            help=f"Which boards. {MANY} a.b=1 puts b=1 into table a; a.b= takes it out. "
            "VALUE is JSON, or a text.",
            autocompletion=offer_peers,
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = PATIENCE_S,
    json: Json = False,
) -> Reply:
    """Show or change the settings of boards over the mesh: the difference is shown first.

    A board takes them only from whom its settings name, tries them, and takes them back by itself
    if this peer does not answer it any more. Wi-Fi, and who may change what, need the cable.
    """
    targets = [word for word in words if "=" not in word]
    changes = [word for word in words if "=" in word]
    if not targets:
        raise Failure("which board? name it before KEY=VALUE", "mesh peers lists them", USAGE)
    if changes:
        confirming.must_be_able(yes)
    args = {"targets": targets, "changes": changes, "timeout": timeout}
    items = _all(session.Choices(home, interface, operations=OPERATIONS), args, yes)
    farewell = "no longer offered; a board that tries settings takes them back by itself"
    return Reply("reset", items, json, listed=True, farewell=farewell)


class _Tally:
    """How many rows were good, and those that were not."""

    def __init__(self) -> None:
        self.failed: list[Row] = []
        self.done = 0

    async def rows(self, rows: AsyncGenerator[Row, None]) -> AsyncGenerator[Row, None]:
        """The rows, counted."""
        async with aclosing(confirming.some(rows)) as found:
            async for row in found:
                if "error" in row:
                    self.failed.append(row)
                else:
                    self.done += 1
                yield row


async def _all(
    choices: session.Choices, args: dict[str, Any], yes: bool
) -> AsyncGenerator[Row, None]:
    """Look what boards have, show what would change, have that confirmed, and offer it."""
    tally = _Tally()
    changing: list[Row] = []
    async with session.asking(choices, session.DISCOVER_S) as do:
        async for row in tally.rows(do("settings.many", args)):
            if "wanted" in row:
                changing.append(row)
            else:
                yield row
        if changing:
            tally.done = 0  # from now on that is who has them
            if not yes:
                lines = [line for row in changing for line in _difference(row)]
                await confirming.confirm_lines("To be changed", lines, len(changing))
            wanted = {
                row["id"]: {"base": row["base"], "settings": row["wanted"]} for row in changing
            }
            more = {"targets": list(wanted), "wanted": wanted}
            async for row in tally.rows(do("reset.many", args | more)):
                yield row
    if tally.failed:
        raise selecting.failure(tally.failed, tally.done)


def _difference(row: Row) -> list[str]:
    """What would change, line by line."""
    before, after = (
        notation.dumps(row[key], indent=2, ensure_ascii=False).split("\n")
        for key in ("settings", "wanted")
    )
    return list(unified_diff(before, after, row["peer"], row["peer"], n=1, lineterm=""))
