"""mesh flash: makes a board a member of the mesh."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

import typer

from mesh.boards.mishaps import SAME_AGAIN
from mesh.cli.options import HomeFolder, Interface, Json, Reply
from mesh.cli.views import render

FAREWELL = (
    f"stopped. safe: {SAME_AGAIN}\nnext: repeat the same command: it goes on where this one ended"
)
FLASHED = (
    "stopped. safe: {name} is flashed: firmware, key and settings are on it, and it runs\n"
    "next: `mesh peers` shows whether it has joined, `mesh read {name}` its readings, "
    "`mesh board monitor` its console"
)
EXAMPLE = "mesh flash --name greenhouse --wifi house --sensor air=bme280"


def command(  # noqa: PLR0913, PLR0917 - each is an option
    port: Annotated[
        str | None,
        typer.Argument(metavar="[PORT]", help="Its port, or the drive of a Pico; else found."),
    ] = None,
    board: Annotated[
        str | None, typer.Option("--board", "-b", metavar="B", help="Which board it is.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What it calls itself.")] = None,
    wifi: Annotated[
        str | None,
        typer.Option(
            "--wifi", metavar="SSID", help="Its network; password asked, or $MESH_WIFI_PASSWORD."
        ),
    ] = None,
    sensor: Annotated[
        list[str] | None,
        typer.Option("--sensor", metavar="NAME[=KIND][,KEY=VALUE]...", help="Has this sensor."),
    ] = None,
    follow: Annotated[
        list[str] | None,
        typer.Option("--follow", metavar="PEER", help="Follows this peer; *: all."),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            "--settings", metavar="FILE", help="JSON, or an example's name: replaces the board's."
        ),
    ] = None,
    image: Annotated[
        Path | None, typer.Option("--image", metavar="FILE", help="MicroPython, to be written.")
    ] = None,
    firmware: Annotated[
        Path | None,
        typer.Option("--firmware", metavar="FOLDER", help="Built before; else built now."),
    ] = None,
    new_identity: Annotated[
        bool, typer.Option("--new-identity", help="It becomes another peer, for good.")
    ] = False,
    no_code: Annotated[
        bool, typer.Option("--no-code", help="Make no code for set-up without a cable.")
    ] = False,
    no_next_key: Annotated[
        bool, typer.Option("--no-next-key", help="Make no next key, for the day it is lost.")
    ] = False,
    replaces: Annotated[
        str | None,
        typer.Option("--replaces", metavar="PEER", help="Takes the place of this lost board."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    home: HomeFolder = None,
    interface: Interface = None,
    json: Json = False,
) -> Reply:
    """Flash a board and let it join the mesh: all that makes it a peer is installed.

    MicroPython if it is missing (--image), the firmware, settings. The board makes its own key;
    you and it are introduced to each other. A code is printed once, by which it gets another
    Wi-Fi later without a cable: `mesh board wifi`. Cut off at any step, the same command repairs
    it: its key, its counters, and settings that are not given, stay. Its next key is made and kept
    here: by that, another board takes its place with --replaces, under its name and history.
    """
    from mesh.boards.cable import board_keys  # noqa: PLC0415 - no other command needs them
    from mesh.boards.flash import flashing  # noqa: PLC0415
    from mesh.boards.flash import order as flash_order  # noqa: PLC0415
    from mesh.cli import flash_ask  # noqa: PLC0415
    from mesh.hub.home.home import Home  # noqa: PLC0415

    place = board_keys.taken(Home(home), replaces) if replaces is not None else None
    where = flash_ask.place(port, yes)
    flash_ask.check(
        flash_ask.Given(name, wifi, sensor or [], follow or [], settings),
        Home(home),
        firmware is not None,
    )
    # what need not be asked need not be looked up
    known = flashing.Known(False) if yes or settings else flashing.peek(where, board, image)
    if known.what and not known.has_settings and flash_ask.has_person():
        render.note(f"{known.what} at {where.port}: what is it to be?")
    given = flash_ask.Given(name, wifi, sensor or [], follow or [], settings)
    wanted = flash_ask.settings(given, known.has_settings, known.has_wifi, yes)
    order = flash_order.Order(
        Home(home),
        *where,
        board=board,
        settings=wanted.settings,
        follow=wanted.follow,
        firmware=firmware,
        image=image,
        new_identity=new_identity,
        without_network=yes,
        without_code=no_code,
        without_next=no_next_key,
        replaces=place,
    )
    stage = Stage()
    items = _run(order, interface, stage)
    return Reply("flash", items, json, many=True, farewell=stage.farewell, unfinished=True)


class Stage:
    """Progress. `flashed`: the name of a board that has all it is to have, or ""."""

    flashed = ""

    def farewell(self) -> str:
        """What Ctrl-C is answered by."""
        return FLASHED.format(name=self.flashed) if self.flashed else FAREWELL


async def _run(
    order: Any,  # noqa: ANN401 - a flash.Order
    interface: list[str] | None,
    stage: Stage,
) -> AsyncGenerator[dict[str, Any], None]:
    from mesh.boards.flash import flashing  # noqa: PLC0415 - as above

    async with aclosing(flashing.flash(order, interface)) as events:
        async for event in events:
            if event["event"] == "identity":  # told once all else is written
                stage.flashed = event["name"]
            yield event
