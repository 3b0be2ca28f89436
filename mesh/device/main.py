"""Entry point of the board's program: settings first, then everything else."""

import asyncio
import gc
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.errors import LocalError
    from mesh.core.policy.settings import Profile
    from mesh.device.board import Board
    from mesh.device.console import Console
    from mesh.device.firmware.asked import Boot

# Bytes allocated between collections. Rare ones fragment the heap: long-lived objects are
# scattered over all of it, and nothing large fits.
STEP = 2048
# Modules that only the reading of settings needs; the linker joins them into the second
FORGOTTEN = (("mesh.device", "config"), ("mesh", "once"))
PAUSE_S = 10  # pause after a fault, to read the console or press Ctrl-C


def settings(safe: bool, path: str = "") -> "tuple[Profile, dict[str, Any], LocalError | None]":
    """Read the settings, and unload the modules needed for that alone, to free heap."""
    from mesh.device import config  # noqa: PLC0415 - see above

    result = config.load(path, safe) if path else config.present(safe)
    for package, name in FORGOTTEN:
        if hasattr(sys.modules[package], name):
            delattr(sys.modules[package], name)
            del sys.modules[package + "." + name]
    return result


class Life:
    """One start of this board. `safe`, `good` as in Board, `boot` as in main().

    free_code: what frees the heap of the code of modules loaded since, where it can run from
    flash.
    """

    is_set = False  # whether its settings are valid
    _fault: "Any" = None

    def __init__(
        self,
        console: "Console",
        safe: str,
        good: "Callable[[], None] | None",
        failed: "Callable[[str], None] | None",
        boot: "Boot | None",
        free_code: "Callable[[], object]",
    ) -> None:
        self.board: Board | None = None
        self._free_code = free_code
        self._failed = failed
        self._boot = boot
        self._console = console
        self._safe = safe
        self._good = good

    async def first_fault(self) -> BaseException:
        """Run until a fault that was not handled. Gives that."""
        over = asyncio.Event()

        def crashed(_: object, context: "dict[str, Any]") -> None:
            self._fault = self._fault or context["exception"]
            context["future"] = None  # asyncio would keep the task, which holds the board
            over.set()

        asyncio.get_event_loop().set_exception_handler(crashed)
        asyncio.create_task(self._live())  # noqa: RUF006 - it ends once all has begun
        await over.wait()
        return self._fault

    def stop(self) -> None:
        """Say goodbye."""
        if self.board is not None:
            self.board.stop()
        self._console.tell("stopped")

    def end(self, fault: BaseException) -> None:
        """Print and record why this start ended, and restart."""
        boots = self.board.boots if self.board else 0
        self.board = None
        asyncio.new_event_loop()  # unfinished tasks hold the board, and reporting needs memory
        gc.collect()
        from mesh.core.errors import LocalError  # noqa: PLC0415 - after load()

        if isinstance(fault, LocalError):
            reason = fault.detail
            if self._boot and not self.is_set:
                self._boot.unset()
            self._console.tell("error", detail=reason, help=fault.help or "")
        else:
            reason = f"{type(fault).__name__}: {fault}"
            sys.print_exception(fault)  # type: ignore[attr-defined]
        if boots:
            from mesh.device import resets  # noqa: PLC0415 - heap only where it is used

            resets.note(boots, reason)
        if self._failed:
            self._failed(reason)
        if sys.platform == "linux":
            sys.exit(1)
        import time  # noqa: PLC0415

        import machine  # noqa: PLC0415 - not on unix

        self._console.tell("restarting", seconds=PAUSE_S)
        time.sleep(PAUSE_S)
        machine.reset()

    async def _live(self) -> None:
        profile, modules, wrong = settings(bool(self._safe))
        self._console.as_json = profile.console == "json"
        self.is_set = True
        if wrong is not None:
            self._console.tell("error", detail=wrong.detail, help=wrong.help or "")
        from mesh.device.board import Board  # noqa: PLC0415
        from mesh.device.firmware import looking  # noqa: PLC0415 - loaded under the threshold

        self._free_code()
        self.board = board = Board(profile, modules, self._console, self._safe, self._good)
        looking.begin(board, profile, self._boot, self._console, settings)
        self._free_code()
        del self._free_code
        gc.collect()
        # from now on the loop collects, as a collection amid a signature costs too much
        gc.threshold(-1)
        asyncio.create_task(board.run())  # noqa: RUF006 - the loop has it


def main(
    safe: str = "",
    good: "Callable[[], None] | None" = None,
    failed: "Callable[[str], None] | None" = None,
    boot: "Boot | None" = None,
) -> Life:
    """Load all, for a start that is to be run by first_fault() and end(), or stop() after Ctrl-C
    (SIGINT). It runs within few calls: a board's stack has 8 KB. The console shows what is wrong.

    `safe`: why only network and repair are started, or "". good() is called when this start has
    proven itself; failed(reason) if it ends by a fault, after which the board restarts. `boot`:
    the boot selector; without it no updates are looked for.
    """
    gc.threshold(STEP)
    free_code: Callable[[], object] = gc.collect
    if sys.platform == "rp2":
        from mesh.device.in_place.code_in_flash import load  # noqa: PLC0415 - flash is memory there

        free_code = load()
    from mesh.device.console import Console  # noqa: PLC0415 - after that

    return Life(Console(False), safe, good, failed, boot, free_code)
