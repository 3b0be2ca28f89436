"""mesh doctor: finds problems of this computer's set-up, and tells what to do."""

from typing import Annotated

import typer

from mesh.cli.options import HomeFolder, Json, Reply
from mesh.hub.doctor import diagnosis

EXAMPLE = "mesh doctor"


def command(
    home: HomeFolder = None,
    interface: Annotated[
        str | None, typer.Option("--interface", "-i", help="Listen on this one: name or address.")
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout", "-t", metavar="SECONDS", min=0.1, max=60, help="How long to listen."
        ),
    ] = diagnosis.LISTEN_S,
    json: Json = False,
) -> Reply:
    """Find what is wrong with this computer's set-up, and what to do.

    Looks at multicast on each interface, ports, clock, identity, settings, firewall and tools.
    Sends a few datagrams to the multicast groups; changes nothing.
    """
    items = diagnosis.examine(home, interface, timeout)
    return Reply("findings", items, json, listed=True, until="listening")
