"""mesh demo: a small mesh on this computer, to watch."""

import importlib

from mesh.cli.options import Json

EXAMPLE = "mesh demo"


def command(json: Json = False) -> int:
    """Watch a small mesh on this computer: desktops and boards."""
    # Loaded when asked for: it brings much that no other command needs.
    return int(importlib.import_module("mesh.lab.demo.story").run(json))
