"""The board's entry: settings first, then all the rest."""

import asyncio
import gc
import sys

from mesh.core.errors import LocalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.settings import Profile

# Bytes between collections. Seldom ones leave what lives long scattered over the whole heap, and
# then there is no room for anything large.
STEP = 2048


def settings() -> "tuple[Profile, dict[str, Any]]":
    """Read the settings, and forget what was needed for that alone: heap is dear."""
    from mesh.device import config  # noqa: PLC0415 - see above

    result = config.load("settings.json")
    for package, name in (("mesh.device", "config"), ("mesh.core", "settings")):
        delattr(sys.modules[package], name)
        del sys.modules[package + "." + name]
    return result


def main() -> None:
    """Run until Ctrl-C (SIGINT), then say goodbye. The console tells what is wrong."""
    gc.threshold(STEP)
    from mesh.device.console import Console  # noqa: PLC0415 - all is loaded under that threshold

    console = Console(False)
    board = None
    try:
        profile, modules = settings()
        console.as_json = profile.console == "json"
        from mesh.device.board import Board  # noqa: PLC0415

        board = Board(profile, modules, console)
        gc.collect()
        gc.threshold(-1)  # from now on the loop collects: amid a signature it costs too much
        asyncio.run(board.run())
    except LocalError as error:
        console.tell("error", detail=error.detail, help=error.help or "")
        if sys.platform == "linux":  # a board would start again at once, and tell it for ever
            sys.exit(1)
    except MemoryError as error:
        sys.print_exception(error)  # type: ignore[attr-defined]
        if sys.platform == "linux":
            sys.exit(1)
        import machine  # noqa: PLC0415 - not on unix

        machine.reset()
    except KeyboardInterrupt:
        if board is not None:
            board.stop()
        console.tell("stopped")
