"""mesh show: one peer, all that it tells."""

from mesh.hub import naming, oneself, session
from mesh.hub.cli.options import HomeFolder, Interface, Json, PeerName, Reply, Timeout
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations import ANSWER_S

EXAMPLE = "mesh show greenhouse"


def command(
    peer: PeerName = oneself.SELF,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = ANSWER_S,
    json: Json = False,
) -> Reply:
    """Show all that one peer tells; of this one, if no PEER is given.

    Who it is, its clock and memory, its readings, actuators, feeds and resources.
    """
    name, part = naming.split(peer)
    if part:
        raise Failure(f"'{peer}' is more than a peer", f"mesh read {peer} reads a sensor", USAGE)
    args = {"peer": name, "timeout": timeout}
    items = session.ask(session.Choices(home, interface), "show", args, timeout)
    return Reply("show", items, json, until=f"asking {peer}")
