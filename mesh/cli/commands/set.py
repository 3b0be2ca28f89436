"""mesh set: ask a peer to set an actuator."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import typer

from mesh.cli import confirming
from mesh.cli.options import HomeFolder, Interface, Json, Reply, Timeout, offer_peers
from mesh.hub.failure import USAGE, Failure
from mesh.hub.home import naming
from mesh.hub.operations import selecting, session
from mesh.hub.operations.patience import ANSWER_S

EXAMPLE = "mesh set greenhouse/fan true; mesh set 'room*/led' false"
UNKNOWN_OPTIONS = True  # so that -5 is a value


def command(  # noqa: PLR0913, PLR0917 - each is an option
    target: Annotated[
        str,
        typer.Argument(
            metavar="PEER/ACTUATOR",
            help="Which one; lists a,b and patterns 'room*' are asked about first.",
            autocompletion=offer_peers,
        ),
    ],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="true, false, a number, or a text.")
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Set many without asking.")] = False,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = ANSWER_S,
    json: Json = False,
) -> Reply:
    """Ask one or many peers to set an actuator.

    The peer decides. A refusal is signed, and comes with its reason and what would help.
    """
    peer, actuator = naming.split(target)
    if actuator is None:
        raise Failure(f"'{target}' names no actuator", f"mesh show {peer} lists them", USAGE)
    choices = session.Choices(home, interface)
    if selecting.is_many([target]):
        confirming.must_be_able(yes)
        items = _many(choices, {"targets": [target], "timeout": timeout}, value, yes)
        return Reply("set_many", items, json, listed=True)
    args = {"peer": peer, "actuator": actuator, "value": value, "timeout": timeout}
    items = session.ask(choices, "set", args, timeout)
    return Reply("set", items, json, until=f"asking {peer}")


async def _many(
    choices: session.Choices, args: dict[str, Any], value: str, yes: bool
) -> AsyncGenerator[dict[str, Any], None]:
    """Look which actuators are meant, have that confirmed, and set them."""
    wait_s = min(args["timeout"], session.DISCOVER_S)
    failed: list[dict[str, Any]] = []
    found: list[tuple[str, str]] = []  # what to show, what to set
    done = 0
    async with session.asking(choices, wait_s) as do:
        async for row in confirming.some(do("actuators.many", args)):
            if "error" in row:
                failed.append(row)
                yield row
            else:
                found += [(f"{row['peer']}/{n}", f"{row['id']}/{n}") for n in row["actuators"]]
        if not found:
            raise selecting.failure(failed, done)
        if not yes:
            await confirming.confirm(f"To be set to {value}", sorted(name for name, _ in found))
        more = {"targets": [target for _, target in found], "value": value}
        async for row in confirming.some(do("set.many", args | more)):
            if "error" in row:
                failed.append(row)
            else:
                done += 1
            yield row
    if failed:
        raise selecting.failure(failed, done)
