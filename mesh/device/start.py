"""Boot selector, which no update changes: chooses the firmware to run, and rolls back.

The base came by cable. Updates are staged in one of two folders; the other one runs, or is free.
The file `boot` says which runs, and how the last starts ended; without it the base runs. A new
firmware is on trial: it has to report "good", or the former one runs again. Where flash has no
room for three, an update that is good becomes the base, named in the file `base`. This file
imports nothing of the mesh before it has chosen.
"""

import asyncio
import gc
import hashlib
import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    State = dict[str, Any]

FILE = "boot"
NEW = FILE + ".new"
CHECK = 8  # bytes of SHA-256 as a check sum
BASE = ""
BASED = "base"  # the file with the folder of the update that is the base now
SLOTS = ("next", "other")
PROVEN = -1
TRIES = 2  # starts for a firmware on trial to report "good": one may end by a power cut
SAFE = 5  # failed starts in a row until safe mode: network and repair only
LAST = 8  # failed starts in a row until safe mode of the base
KEPT = 3  # reasons that are kept
LONGEST = 120  # characters of a reason
WAIT_S = 600
LAST_PAUSE_S = 3600  # pause when even the base fails, as each start wears the flash
BY_INTENT = (KeyboardInterrupt, SystemExit)  # made once: at the end there may be no room for it
RESTART = 75  # exit code by which a virtual board is restarted


def read() -> "State":
    """Read the state of the last starts. It may be damaged by a power cut."""
    for path in (FILE, NEW):  # a FAT file system may have only the second for a moment
        try:
            with open(path, "rb") as file:
                data = file.read()
            body = data[:-CHECK]
            if hashlib.sha256(body).digest()[:CHECK] == data[-CHECK:]:
                found: State = json.loads(body)
                return found
        except (OSError, ValueError):
            pass
    return {}


def write(state: "State") -> None:
    """Write the state, whole or not at all."""
    body = json.dumps(state).encode()
    with open(NEW, "wb") as file:
        file.write(body + hashlib.sha256(body).digest()[:CHECK])
    os.rename(NEW, FILE)


def _base() -> str:
    """The folder of the base."""
    try:
        with open(BASED) as file:
            found = file.read()
        return SLOTS[SLOTS.index(found)]
    except (OSError, ValueError):
        return BASE


def _machine() -> "Any":  # noqa: ANN401 - ports differ
    """The module machine on a board or virtual board; else None."""
    try:
        import machine as module  # noqa: PLC0415 - not everywhere
    except ImportError:
        return None
    return module if hasattr(module, "reset") else None


def _stopped_by_watchdog() -> bool:
    """Whether the last start ended by the watchdog. A power cut is no failure."""
    board = _machine()
    return hasattr(board, "WDT_RESET") and board.reset_cause() == board.WDT_RESET


class Boot:
    """One boot: which firmware it runs, and whether that is confirmed.

    slot: the folder of the firmware, or BASE; base: that of the base. safe: why only network and
    repair are started, or "". update: the result of the last update, {"state", "version", ...}, or
    {}. was_taken_back: whether it was rolled back during this start, so that a restart is needed.
    """

    def __init__(self) -> None:
        self.base = _base()
        self._state: State = {"slot": self.base, "former": self.base, "tries": PROVEN}
        self._state["wait_s"] = WAIT_S
        self._state.update({"failed": 0, "why": [], "asked": False, "update": {}})
        self._state.update(read())
        self._timer: Any = None
        self._is_good = self._has_failed = self.was_taken_back = False
        self._begin()
        failed = 0 if self.on_trial else self._state["failed"]
        self.slot: str = self.base if failed >= LAST else self._state["slot"]
        self.safe = ""
        if failed >= SAFE:
            self.safe = f"{failed} starts in a row failed: " + "; ".join(self._state["why"])

    @property
    def on_trial(self) -> bool:
        """Whether the firmware still has to prove itself."""
        return bool(self._state["tries"] != PROVEN)

    @property
    def update(self) -> "State":
        """The result of the last update."""
        found: State = self._state["update"]
        return found

    def _begin(self) -> None:
        """Count how the last start ended."""
        state = self._state
        asked, state["asked"] = state["asked"], False
        hung = not asked and _stopped_by_watchdog()
        if self.on_trial:
            state["tries"] += 1
            if state["tries"] > TRIES:
                how = ", the last one hung" if hung else ""
                self._take_back(f"not good after {TRIES} starts{how}")
        elif hung:
            self._count("it hung: the watchdog ended it")
        elif not asked:
            return  # usually nothing has to be written
        try:
            write(state)
        except OSError:  # the flash takes nothing: no trial can be counted, so there is none
            if self.on_trial:
                self._take_back("its start cannot be noted")

    def _count(self, why: str) -> None:
        state = self._state
        state["failed"] += 1
        state["why"] = (state["why"] + [why[:LONGEST]])[-KEPT:]

    def _take_back(self, why: str) -> None:
        state = self._state
        state["slot"], state["tries"] = state["former"], PROVEN
        state["update"].update({"state": "taken back", "why": why[: 2 * LONGEST]})

    def good(self) -> None:
        """Confirm the firmware: it is on the network and works."""
        state = self._state
        self._is_good = True
        if self._timer is not None:
            self._timer.deinit()
        if not self.on_trial and not state["failed"]:
            return
        if self.on_trial:
            state["tries"] = PROVEN
            state["update"]["state"] = "good"
            state["failed"] = 0
        # safe mode proves nothing of the rest, which the next start tries again
        state["failed"] = SAFE - 1 if self.safe else 0
        if not self.safe:
            state["why"] = []
        write(state)

    def failed(self, why: str) -> None:
        """Record, once, that this start failed, and roll back a firmware on trial. The caller ends
        this start.
        """
        if self._has_failed:
            return
        self._has_failed = True
        state = self._state
        if self.on_trial:
            self._take_back(why)
            self.was_taken_back = True
        else:
            self._count(why)
        state["asked"] = True
        write(state)
        if state["failed"] > LAST and _machine() is not None:
            import time  # noqa: PLC0415 - seldom

            time.sleep(LAST_PAUSE_S)  # Ctrl-C leads to the prompt

    def unset(self) -> None:
        """Record that the settings are invalid: the next start is for network and repair."""
        if not self.on_trial:
            self._state["failed"] = max(self._state["failed"], SAFE - 1)

    def stage(self, slot: str, update: "State", wait_s: int) -> None:
        """Have the firmware in a folder of SLOTS run from the next start on, on trial.

        update: {"version", ...} for /peer; it has `wait_s` seconds to report "good".
        """
        state = self._state
        state["former"], state["slot"], state["tries"] = state["slot"], slot, 0
        state["wait_s"], state["asked"] = wait_s, True
        state["update"] = update
        update["state"] = "trial"
        write(state)

    def free_slot(self) -> str:
        """The folder that an update may use: it does not run, and is not to run."""
        runs: str = self.slot or self._state["slot"]
        return SLOTS[runs == SLOTS[0]]

    def restart(self) -> None:
        """Restart. It never returns, whatever cannot be written."""
        try:
            if not self._state["asked"]:
                self._state["asked"] = True
                write(self._state)
        finally:
            board = _machine()
            if board is not None:
                board.reset()
            sys.exit(RESTART)

    def watch(self) -> None:
        """Set a timer that ends a firmware on trial which is not good in time."""
        wait_s = self._state["wait_s"]
        if not self.on_trial:
            return
        timer = getattr(_machine(), "Timer", None)
        if timer is None:
            import asyncio  # noqa: PLC0415 - a virtual board's way

            asyncio.create_task(self._wait(asyncio.sleep(wait_s)))  # noqa: RUF006 - the loop has it
            return
        try:
            self._timer = timer(-1)
        except ValueError:  # this port has no virtual timers
            self._timer = timer(0)
        self._timer.init(mode=timer.ONE_SHOT, period=wait_s * 1000, callback=self._late)

    async def _wait(self, sleeping: "Any") -> None:  # noqa: ANN401 - of another type on each port
        await sleeping
        self._late(None)

    def _late(self, _: object) -> None:
        if not self._is_good:
            try:
                self.failed(f"not good within {self._state['wait_s']} s")
            finally:
                self.restart()


def _let_go() -> None:
    """Unload all modules, and what the event loop still holds: reporting needs memory."""
    loop = sys.modules.get("asyncio.core")
    if loop is not None:
        loop._task_queue = loop._io_queue = loop.cur_task = None  # type: ignore[attr-defined]
        loop._exc_context = None  # type: ignore[attr-defined]
    sys.modules.clear()
    gc.collect()


def _load(boot: Boot) -> "Any":  # noqa: ANN401 - mesh.device.main.Life of that firmware
    """Load the firmware that was chosen."""
    from mesh.device.main import main  # noqa: PLC0415 - this is the choice

    boot.watch()
    return main(safe=boot.safe, good=boot.good, failed=boot.failed, boot=boot)


def start() -> None:
    """Run the firmware, within few calls, as a board's stack has 8 KB. It ends by Ctrl-C, or if
    trying again is of no use.
    """
    boot = Boot()
    if boot.slot:
        sys.path.insert(0, boot.slot)
    life = None
    try:
        life = _load(boot)
        if life is not None:
            run = asyncio.core.run_until_complete  # type: ignore[attr-defined]
            fault = run(asyncio.create_task(life.first_fault()))
            life.end(fault)  # apart, or what is left of that call on the stack holds the board
    except BY_INTENT as error:
        if life is not None and isinstance(error, KeyboardInterrupt):
            life.stop()
        elif not boot.was_taken_back:
            raise
    except BaseException as error:  # noqa: BLE001 - whatever ends it, this start has failed
        life = None  # it holds the firmware, and reporting needs memory
        try:
            _let_go()
            sys.print_exception(error)  # type: ignore[attr-defined]
            boot.failed(f"{type(error).__name__}: {error}")
        finally:  # a board never stays at the prompt
            boot.restart()
    if boot.was_taken_back:
        boot.restart()
