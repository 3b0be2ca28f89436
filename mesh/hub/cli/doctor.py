"""mesh doctor: what is wrong here, and what to do about it."""

from typing import Annotated

import typer

from mesh.hub import doctor
from mesh.hub.cli.options import HomeFolder, Json, Reply

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
    ] = doctor.LISTEN_S,
    json: Json = False,
) -> Reply:
    """Find out what is wrong here, and what to do about it.

    Looks at multicast on each interface, ports, clock, identity, settings, firewall and tools.
    Sends a few datagrams to the multicast groups; changes nothing.
    """
    items = doctor.examine(home, interface, timeout)
    return Reply("findings", items, json, listed=True, until="listening")
