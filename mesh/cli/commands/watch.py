"""mesh watch: readings as they arrive."""

from typing import Annotated

import typer

from mesh.cli.options import HomeFolder, Interface, Json, Reply, Targets, Timeout
from mesh.hub.home import naming
from mesh.hub.operations import selecting, session
from mesh.hub.operations.patience import ANSWER_S

EXAMPLE = "mesh watch greenhouse/temperature --count 10"


def command(  # noqa: PLR0913, PLR0917 - each is an option
    targets: Targets = [],  # noqa: B006 - typer copies it
    count: Annotated[
        int | None, typer.Option("--count", "-n", metavar="N", min=1, help="End after so many.")
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", "-s", metavar="S", min=0.1, help="End after so long."),
    ] = None,
    home: HomeFolder = None,
    interface: Interface = None,
    timeout: Timeout = ANSWER_S,
    json: Json = False,
) -> Reply:
    """Show readings as they arrive: of a sensor, a peer, many or all."""
    several = selecting.is_many(targets)
    split = [naming.split(target) for target in targets]
    peer, sensor = split[0] if split and not several else (None, None)
    wanted = {
        "targets": targets if split and several else None,
        "peer": peer,
        "sensor": sensor,
        "count": count,
        "seconds": seconds,
        "timeout": timeout,
    }
    args = {name: value for name, value in wanted.items() if value is not None}
    items = session.ask(session.Choices(home, interface), "watch", args, timeout)
    return Reply("watch", items, json, many=True, until="waiting for readings")
