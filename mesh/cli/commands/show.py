"""mesh show: details of a peer."""

from typing import Any

from mesh.cli.options import HomeFolder, Interface, Json, PeerNames, Reply, Timeout
from mesh.hub.failure import USAGE, Failure
from mesh.hub.home import naming
from mesh.hub.operations import oneself, selecting, session
from mesh.hub.operations.patience import ANSWER_S

EXAMPLE = "mesh show greenhouse"


def command(
    peers: PeerNames = [oneself.SELF],  # noqa: B006 - typer copies it
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = ANSWER_S,
    json: Json = False,
) -> Reply:
    """Show details of one or many peers; of this one, if no PEER is given.

    Who it is, its clock and memory, its readings, actuators, feeds and resources.
    """
    choices = session.Choices(home, interface)
    if selecting.is_many(peers):
        args: dict[str, Any] = {"targets": peers, "timeout": timeout}
        items = session.ask(choices, "show.many", args, min(timeout, session.DISCOVER_S))
        return Reply("show_many", items, json, listed=True, until=f"asking {', '.join(peers)}")
    peer = peers[0]
    name, part = naming.split(peer)
    if part:
        raise Failure(f"'{peer}' is more than a peer", f"mesh read {peer} reads a sensor", USAGE)
    args = {"peer": name, "timeout": timeout}
    items = session.ask(choices, "show", args, timeout)
    return Reply("show", items, json, until=f"asking {peer}")
