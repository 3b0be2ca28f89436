"""mesh read: the latest readings."""

from mesh.hub import naming, session
from mesh.hub.cli.options import HomeFolder, Interface, Json, Reply, Target, Timeout
from mesh.hub.operations import ANSWER_S

EXAMPLE = "mesh read greenhouse/temperature"


def command(
    target: Target,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = ANSWER_S,
    json: Json = False,
) -> Reply:
    """Read a sensor, or all sensors of a peer.

    The latest reading of each: value, unit, age, and whether its signature was verified.
    """
    peer, sensor = naming.split(target)
    args = {"peer": peer, "sensor": sensor, "timeout": timeout}
    items = session.ask(session.Choices(home, interface), "read", args, timeout)
    return Reply("readings", items, json, until=f"asking {peer}")
