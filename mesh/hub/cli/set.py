"""mesh set: ask a peer to set an actuator."""

from typing import Annotated

import typer

from mesh.hub import naming, session
from mesh.hub.cli.options import HomeFolder, Interface, Json, Reply, Timeout, offer_peers
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations import ANSWER_S

EXAMPLE = "mesh set greenhouse/fan true"
UNKNOWN_OPTIONS = True  # so that -5 is a value


def command(
    target: Annotated[
        str,
        typer.Argument(metavar="PEER/ACTUATOR", help="Which one.", autocompletion=offer_peers),
    ],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="true, false, a number, or a text.")
    ],
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = ANSWER_S,
    json: Json = False,
) -> Reply:
    """Ask a peer to set an actuator.

    The peer decides. A refusal is signed, and comes with its reason and what would help.
    """
    peer, actuator = naming.split(target)
    if actuator is None:
        raise Failure(f"'{target}' names no actuator", f"mesh show {peer} lists them", USAGE)
    args = {"peer": peer, "actuator": actuator, "value": value, "timeout": timeout}
    items = session.ask(session.Choices(home, interface), "set", args, timeout)
    return Reply("set", items, json, until=f"asking {peer}")
