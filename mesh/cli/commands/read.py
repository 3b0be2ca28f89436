"""mesh read: the latest readings."""

from mesh.cli.options import HomeFolder, Interface, Json, Reply, Targets, Timeout
from mesh.hub.home import naming
from mesh.hub.operations import selecting, session
from mesh.hub.operations.patience import ANSWER_S

EXAMPLE = "mesh read greenhouse/temperature; mesh read 'room*/temperature'"


def command(
    targets: Targets,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = ANSWER_S,
    json: Json = False,
) -> Reply:
    """Read the latest readings: of a sensor, of all sensors of a peer, or of many peers.

    The latest reading of each: value, unit, age, and whether its signature was verified.
    """
    choices = session.Choices(home, interface)
    if selecting.is_many(targets):
        for target in targets:
            naming.split(target)
        args = {"targets": targets, "timeout": timeout}
        items = session.ask(choices, "read.many", args, min(timeout, session.DISCOVER_S))
        until = f"asking {', '.join(targets)}"
        return Reply("readings_many", items, json, listed=True, until=until, together=True)
    peer, sensor = naming.split(targets[0])
    args = {"peer": peer, "sensor": sensor, "timeout": timeout}
    items = session.ask(choices, "read", args, timeout)
    return Reply("readings", items, json, until=f"asking {peer}")
