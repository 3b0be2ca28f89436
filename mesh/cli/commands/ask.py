"""mesh ask: ask an object to agree that we set one of its actuators for a while."""

import sys
from collections.abc import AsyncGenerator
from typing import Annotated, Any

import typer

from mesh.cli import confirming
from mesh.cli.options import HomeFolder, Interface, Json, Reply, Timeout, offer_peers
from mesh.hub.failure import USAGE, Failure, Refused
from mesh.hub.home import naming
from mesh.hub.operations import relating, selecting, session
from mesh.hub.operations.relating import SPANS
from mesh.hub.show import units

EXAMPLE = "mesh ask greenhouse/fan true --for 10m"
UNKNOWN_OPTIONS = True  # so that -5 is a value
ANSWER_S = 30.0  # for an answer, and until it acts by it


def command(  # noqa: PLR0913, PLR0917 - each is an option
    target: Annotated[
        str,
        typer.Argument(metavar="PEER/ACTUATOR", help="Which one.", autocompletion=offer_peers),
    ],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="true, false, or a number.")],
    span: Annotated[
        str, typer.Option("--for", metavar="SPAN", help=f"For how long: {SPANS}.")
    ] = "10m",
    text: Annotated[str, typer.Option("--text", help="Why, for its people.")] = "",
    accept: Annotated[
        bool, typer.Option("--accept", help="Accept what it offers instead, without asking.")
    ] = False,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = ANSWER_S,
    json: Json = False,
) -> Reply:
    """Ask an object to let us set an actuator for a while; set it if it agrees.

    It answers by what its holder wrote down in its setting `consent`: yes, no with the reason, or
    what it would agree to instead. When the time is over it sets the value that was there before.
    """
    peer, actuator = naming.split(target)
    if actuator is None:
        raise Failure(f"'{target}' names no actuator", f"mesh show {peer} lists them", USAGE)
    if selecting.is_many([target]):
        raise Failure("one is asked at a time", "each may answer in its own way", USAGE)
    args = {
        "peer": peer,
        "actuator": actuator,
        "value": value,
        "seconds": relating.seconds(span),
        "text": text,
        "timeout": timeout,
    }
    items = _ask(session.Choices(home, interface), args, accept)
    return Reply("asked", items, json, until=f"asking {peer}")


async def _ask(
    choices: session.Choices, args: dict[str, Any], accept: bool
) -> AsyncGenerator[dict[str, Any], None]:
    """Ask, and have what is offered instead confirmed and accepted."""
    async with session.asking(choices) as do:
        async for row in do("request", args):
            if row["did"] != "offered":
                yield row
                return
            offered = row
        if not accept:
            line = f"{offered['peer']} offers {words(offered)}"
            if not sys.stdin.isatty():
                why = f"{offered['peer']} said no: {offered['reason']}"
                help = f"it offers {words(offered)}: --accept takes what it offers"
                raise Refused(why, help, reason=offered["reason"])
            await confirming.confirm_lines("Instead of what we asked for", [line], 1)
        async for row in do("request.accept", args | {"ref": offered["ref"]}):
            yield row


def words(offered: dict[str, Any]) -> str:
    """What is offered, as people say it."""
    low, high = offered["low"], offered["high"]
    value = f"{low}" if low == high else f"{low} to {high}"
    return f"{offered['actuator']} at {value} for {units.duration(offered['seconds'])}"
