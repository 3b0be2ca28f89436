"""The board's entry: settings, identity, sensors, sockets, one node and its loop."""

import asyncio
import gc
import sys

from mesh.core.errors import LocalError
from mesh.device.config import load
from mesh.device.console import Console
from mesh.device.udp import UNIX


def main() -> None:
    """Run until Ctrl-C (SIGINT), then say goodbye. The console tells what is wrong."""
    console = Console(False)
    board = None
    try:
        profile = load("settings.json")
        console.as_json = profile.console == "json"
        from mesh.device.board import Board  # noqa: PLC0415 - wrong settings are told at once

        board = Board(profile, console)
        gc.collect()
        asyncio.run(board.run())
    except LocalError as error:
        console.tell("error", detail=error.detail, help=error.help or "")
        if UNIX:  # a board would start again at once, and tell it for ever
            sys.exit(1)
    except KeyboardInterrupt:
        if board is not None:
            board.stop()
        console.tell("stopped")
