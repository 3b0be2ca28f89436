"""Entry point of the command `mesh`: imports the rest where Ctrl-C is already handled."""

import sys

from mesh.hub.failure import INTERRUPTED


def main() -> None:
    """Import the command line and run it."""
    try:
        from mesh.cli.app import main as carry_out  # noqa: PLC0415 - half a second's work
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    carry_out()
