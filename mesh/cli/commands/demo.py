"""mesh demo: a small mesh on this computer, to watch."""

import importlib
from typing import Annotated

import typer

from mesh.cli.options import Json

EXAMPLE = "mesh demo; mesh demo --relations"


def command(
    relations: Annotated[
        bool, typer.Option("--relations", help="How five of them agree on things, and refuse.")
    ] = False,
    json: Json = False,
) -> int:
    """Watch a small mesh on this computer: desktops and boards."""
    # Loaded when asked for: it brings much that no other command needs.
    story = "mesh.lab.demo.relations.chapters" if relations else "mesh.lab.demo.story"
    return int(importlib.import_module(story).run(json))
