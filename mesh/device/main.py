"""The board's entry: settings first, then all the rest."""

import asyncio
import gc
import sys

from mesh.core.errors import LocalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.settings import Profile
    from mesh.device.board import Board
    from mesh.device.console import Console
    from mesh.device.start import Boot

# Bytes between collections. Seldom ones leave what lives long scattered over the whole heap, and
# then there is no room for anything large.
STEP = 2048
PAUSE_S = 10  # after a fault, for whoever wants to look at the console or to press Ctrl-C


def settings(safe: bool, path: str = "") -> "tuple[Profile, dict[str, Any], LocalError | None]":
    """Read the settings, and forget what was needed for that alone: heap is dear."""
    from mesh.device import config  # noqa: PLC0415 - see above

    result = config.load(path) if path else config.present(safe)
    used = (("mesh.device", "config"), ("mesh.core", "settings"), ("mesh.core", "texts"))
    for package, name in used:
        delattr(sys.modules[package], name)
        del sys.modules[package + "." + name]
    return result


class Life:
    """One start of this board. `safe`, `good` as in Board, `boot` as in main()."""

    boot: "Boot | None" = None
    is_set = False  # its settings can be used

    def __init__(self, console: "Console", safe: str, good: "Callable[[], None] | None") -> None:
        self.board: Board | None = None
        self._console = console
        self._safe = safe
        self._good = good
        self._faults: list[BaseException] = []

    async def first_fault(self) -> BaseException:
        """Live until something goes wrong that nobody handled: what that is."""
        over = asyncio.Event()

        def crashed(_: object, context: "dict[str, Any]") -> None:
            self._faults.append(context["exception"])
            over.set()

        asyncio.get_event_loop().set_exception_handler(crashed)
        living = asyncio.create_task(self._live())
        await over.wait()
        living.cancel()
        return self._faults[0]

    async def _live(self) -> None:
        profile, modules, wrong = settings(bool(self._safe))
        self._console.as_json = profile.console == "json"
        self.is_set = True
        if wrong is not None:
            self._console.tell("error", detail=wrong.detail, help=wrong.help or "")
        from mesh.device import looking  # noqa: PLC0415 - loaded under the threshold
        from mesh.device.board import Board  # noqa: PLC0415

        self.board = board = Board(profile, modules, self._console, self._safe, self._good)
        looking.begin(board, profile, self.boot, self._console)
        gc.collect()
        gc.threshold(-1)  # from now on the loop collects: amid a signature it costs too much
        await board.run()


def main(
    safe: str = "",
    good: "Callable[[], None] | None" = None,
    failed: "Callable[[str], None] | None" = None,
    boot: "Boot | None" = None,
) -> None:
    """Run until Ctrl-C (SIGINT), then say goodbye. The console tells what is wrong.

    `safe`: why only network and repair are wanted, or nothing. good() is called once this start
    is of use; failed(reason) if it ends by a fault: then a board starts anew, after a pause.
    `boot`: what can swap the firmware; without it no updates are looked for.
    """
    gc.threshold(STEP)
    from mesh.device.console import Console  # noqa: PLC0415 - all is loaded under that threshold

    console = Console(False)
    life = Life(console, safe, good)
    life.boot = boot
    try:
        fault = asyncio.run(life.first_fault())
        boots = life.board.boots if life.board else 0
        life.board = None
        if boot and not life.is_set and isinstance(fault, LocalError):
            boot.unset()
        ended(console, fault, boots, failed)
    except KeyboardInterrupt:
        if life.board is not None:
            life.board.stop()
        console.tell("stopped")


def ended(
    console: "Console",
    fault: BaseException,
    boots: int,
    failed: "Callable[[str], None] | None",
) -> None:
    """Tell and note why this start ended, and start anew."""
    gc.collect()
    if isinstance(fault, LocalError):
        reason = fault.detail
        console.tell("error", detail=reason, help=fault.help or "")
    else:
        reason = f"{type(fault).__name__}: {fault}"
        sys.print_exception(fault)  # type: ignore[attr-defined]
    if boots:
        from mesh.device import resets  # noqa: PLC0415 - heap only where it is used

        resets.note(boots, reason)
    if failed:
        failed(reason)
    if sys.platform == "linux":
        sys.exit(1)
    import time  # noqa: PLC0415

    import machine  # noqa: PLC0415 - not on unix

    console.tell("restarting", seconds=PAUSE_S)
    time.sleep(PAUSE_S)
    machine.reset()
