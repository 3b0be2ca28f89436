"""mesh demo: a small mesh on this computer, to watch."""

import importlib

from mesh.hub.cli.options import Json

EXAMPLE = "mesh demo"


def command(json: Json = False) -> int:
    """A small mesh of desktops and boards on this computer, to watch."""
    # Loaded when asked for: it brings much that no other command needs.
    return int(importlib.import_module("mesh.hub.demo").run(json))
