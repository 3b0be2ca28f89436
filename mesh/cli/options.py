"""Options and arguments of several commands, and the reply that a command returns."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from mesh.hub.home import naming
from mesh.hub.home.home import Home


class Reply(NamedTuple):
    """The reply of a command, shown by main(). `view`: the name of a view in cli/views.

    Items are shown as they come. `many`: JSON lines; else one JSON document, a list if `listed`.
    `until`: what is waited for, shown meanwhile. `nothing`: message for people if no item comes.
    `unfinished`: whether Ctrl-C leaves something half done.
    """

    view: str
    items: AsyncGenerator[Any, None]
    json: bool
    many: bool = False
    listed: bool = False
    until: str = ""
    nothing: str = ""
    unfinished: bool = False
    farewell: str | Callable[[], str] = ""  # message after Ctrl-C
    together: bool = False  # for people, all items at once, at the end


def offer_peers(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Shell completion of peers' names, from the cache in the home folder."""
    return naming.complete(Home(ctx.params.get("home")).path / naming.CACHE, incomplete)


MANY = "Names, beginnings of ids, lists a,b and patterns 'room*'."
HomeFolder = Annotated[
    Path | None,
    typer.Option("--home", metavar="FOLDER", help="Folder of the identity; else $MESH_HOME."),
]
Json = Annotated[bool, typer.Option("--json", help="Exact, for programs: JSON.")]
Interface = Annotated[
    list[str] | None,
    typer.Option("--interface", "-i", metavar="ADDRESS", help="Use only this local IP address."),
]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout", "-t", metavar="SECONDS", min=0.1, max=3600, help="How long to wait."
    ),
]
PeerNames = Annotated[
    list[str],
    typer.Argument(metavar="PEER...", help=MANY, autocompletion=offer_peers),
]
Targets = Annotated[
    list[str],
    typer.Argument(
        metavar="PEER[/SENSOR]...", help=f"{MANY} So can be SENSOR.", autocompletion=offer_peers
    ),
]
PeerName = Annotated[
    str,
    typer.Argument(
        metavar="PEER", help="Its name, or the beginning of its id.", autocompletion=offer_peers
    ),
]
Target = Annotated[
    str,
    typer.Argument(
        metavar="PEER[/SENSOR]", help="A peer, or one sensor of it.", autocompletion=offer_peers
    ),
]
