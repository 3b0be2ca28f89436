"""mesh update: offer boards new firmware."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.hub import session
from mesh.hub.cli.options import HomeFolder, Interface, Json, Reply, Timeout, offer_peers
from mesh.hub.updates import PATIENCE_S

EXAMPLE = "mesh update greenhouse --firmware dist/pico_w"


def command(
    peers: Annotated[
        list[str],
        typer.Argument(metavar="PEER...", help="Which boards.", autocompletion=offer_peers),
    ],
    firmware: Annotated[
        Path,
        typer.Option(
            "--firmware", "-f", metavar="FOLDER", help="What `mesh firmware build` made."
        ),
    ],
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = PATIENCE_S,
    json: Json = False,
) -> Reply:
    """Offer boards new firmware, one after the other, and show what each does with it.

    A board takes it only from whom its holder named. It checks each file, tries the new firmware,
    and takes it back by itself if that does not get on. Ctrl-C is safe at any moment.
    """
    folder = str(firmware.expanduser().absolute())
    args = {"firmware": folder, "timeout": timeout}
    items = _all(session.Choices(home, interface), peers, args)
    farewell = "no longer offered; the boards go on with what they have, and nothing is half done"
    return Reply("update", items, json, True, until="looking for them", farewell=farewell)


async def _all(
    choices: session.Choices, peers: list[str], args: dict[str, Any]
) -> AsyncGenerator[Any, None]:
    """One after the other: if one refuses or fails, the next are left alone."""
    for peer in peers:
        async for item in session.ask(choices, "update", args | {"peer": peer}):
            yield item
