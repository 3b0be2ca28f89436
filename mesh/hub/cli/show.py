"""mesh show: one peer, all that it tells."""

from mesh.hub import naming, session
from mesh.hub.cli.options import HomeFolder, Interface, Json, PeerName, Reply, Timeout
from mesh.hub.operations import ANSWER_S

EXAMPLE = "mesh show greenhouse"


def command(
    peer: PeerName,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = ANSWER_S,
    json: Json = False,
) -> Reply:
    """Show all that one peer tells.

    Who it is, its clock and memory, its readings, actuators, feeds and resources.
    """
    args = {"peer": naming.split(peer)[0], "timeout": timeout}
    items = session.ask(session.Choices(home, interface), "show", args, timeout)
    return Reply("show", items, json, until=f"asking {peer}")
