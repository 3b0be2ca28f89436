"""mesh board wifi: gives a board another Wi-Fi network in its access point."""

import os
from typing import Annotated

import typer

from mesh.boards.over_the_mesh import OPERATIONS
from mesh.boards.wifi_sending import NEXT, PATIENCE_S, SAFE, WHERE
from mesh.cli.options import HomeFolder, Interface, Json, Reply, Timeout
from mesh.cli.typed import as_typed
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations import session

EXAMPLE = "mesh board wifi --ssid house"
CODE = "MESH_SETUP_CODE"  # the name of a variable


def command(
    ssid: Annotated[
        str,
        typer.Option(
            "--ssid",
            metavar="SSID",
            help="The network that it is to join; password asked, or $MESH_WIFI_PASSWORD.",
        ),
    ] = "",
    at: Annotated[
        str, typer.Option("--at", metavar="ADDRESS", help="Where the board is, if elsewhere.")
    ] = WHERE,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = PATIENCE_S,
    json: Json = False,
) -> Reply:
    """Give a board another Wi-Fi network without a cable, in its access point.

    A board that joins none of its networks for ten minutes opens the access point mesh-...; join
    it with this computer. Its password is the code that `mesh flash` printed, which is asked for
    here too, or taken from $MESH_SETUP_CODE. The board tries the network, and keeps it only if it
    could be joined.
    """
    from mesh.cli import flash_ask  # noqa: PLC0415 - no other command needs it
    from mesh.core.address import address_text  # noqa: PLC0415
    from mesh.core.errors import RemoteError  # noqa: PLC0415
    from mesh.core.policy.section import address  # noqa: PLC0415
    from mesh.core.resources.setup_door import network  # noqa: PLC0415

    with as_typed():
        host, port = address(at, "--at")
    asked = flash_ask.has_person()
    if not ssid and not asked:
        raise Failure("which network is it to join?", "give --ssid SSID", USAGE)
    ssid = ssid or str(typer.prompt("Name of the Wi-Fi network (2.4 GHz)", err=True)).strip()
    code = os.environ.get(CODE)
    if code is None and not asked:
        what = "there is nobody at this terminal to ask for the code"
        raise Failure(what, f"give it in ${CODE}: `mesh flash` printed it", USAGE)
    if code is None:
        code = str(typer.prompt("Code of the board", hide_input=True, err=True))
    try:
        wanted = network({"ssid": ssid} | flash_ask.password(ssid))
    except RemoteError as error:
        raise Failure(error.detail, code=USAGE) from error
    args = {"address": address_text((host, port)), "code": code, "network": wanted}
    items = session.ask(
        session.Choices(home, interface, operations=OPERATIONS),
        "board.wifi",
        args | {"timeout": timeout},
        0.0,
    )
    farewell = (
        f"stopped. safe: it keeps a network only once it has joined it; else {SAFE}\nnext: {NEXT}"
    )
    until = "looking for the board"
    return Reply("board_wifi", items, json, many=True, until=until, farewell=farewell)
