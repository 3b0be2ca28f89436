"""Where the command `mesh` begins: what takes long to load is loaded where Ctrl-C is caught."""

import sys

from mesh.hub.failure import INTERRUPTED


def main() -> None:
    """Load the command line and run it."""
    try:
        from mesh.hub.cli import main as carry_out  # noqa: PLC0415 - half a second's work
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    carry_out()
