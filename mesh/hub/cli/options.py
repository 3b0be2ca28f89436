"""The options and arguments that several commands share, and what a command hands back."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from mesh.hub import naming
from mesh.hub.home import Home


class Reply(NamedTuple):
    """What a command gives main() to show: `view` names how in cli/render.py.

    Each of `items` is shown as it comes. `many`: JSON has a line for each; else it is one
    document, a list if `listed`. `until`: what is waited for, shown meanwhile. `nothing`: what a
    person is told if nothing comes. `unfinished`: Ctrl-C leaves something half done.
    """

    view: str
    items: AsyncGenerator[Any, None]
    json: bool
    many: bool = False
    listed: bool = False
    until: str = ""
    nothing: str = ""
    unfinished: bool = False
    farewell: str = ""  # what Ctrl-C is answered by
    together: bool = False  # for people all of it at once, at the end


def offer_peers(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Peers whose name begins so, for the shell: out of the cache in the home folder."""
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
