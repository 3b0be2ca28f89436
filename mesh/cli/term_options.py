"""Options for the terms of an agreement, and with whom it is."""

from typing import Annotated, Any

import typer

from mesh.cli.options import offer_peers
from mesh.hub.operations.term_forms import RULE

Peers = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="PEER",
        help="Single peers instead of a circle: a,b or again.",
        autocompletion=offer_peers,
    ),
]
When = Annotated[
    list[str] | None, typer.Option("--when", metavar="RULE", help=f"A rule: '{RULE}'.")
]
# each time as many texts as the metavar has words (values.py)
Every = Annotated[
    list[Any] | None,
    typer.Option("--every", metavar="SENSOR SECONDS", help="A reading at least so often."),
]
Act = Annotated[
    list[Any] | None,
    typer.Option(
        "--act",
        metavar="ACTUATOR LOW HIGH SECONDS",
        help="The others may set it, within these bounds.",
    ),
]
