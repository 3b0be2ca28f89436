"""The board's entry: settings first, then all the rest."""

import asyncio
import gc
import sys

from mesh.core.errors import LocalError
from mesh.device.console import Console
from mesh.device.udp import UNIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.settings import Profile


def settings() -> "tuple[Profile, dict[str, object]]":
    """Read the settings, and forget what was needed for that alone: heap is dear."""
    from mesh.device import config  # noqa: PLC0415 - see above

    result = config.load("settings.json")
    for package, name in (("mesh.device", "config"), ("mesh.core", "settings")):
        delattr(sys.modules[package], name)
        del sys.modules[package + "." + name]
    return result


def main() -> None:
    """Run until Ctrl-C (SIGINT), then say goodbye. The console tells what is wrong."""
    console = Console(False)
    board = None
    try:
        profile, modules = settings()
        console.as_json = profile.console == "json"
        gc.collect()
        from mesh.device.board import Board  # noqa: PLC0415 - when there is room for it

        board = Board(profile, modules, console)
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
