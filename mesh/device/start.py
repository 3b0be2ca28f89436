"""What a board runs first, and no update touches: it chooses the firmware that runs.

The base is what came by cable. Updates are staged in one of two folders; the other is the one that
runs, or free. The file `boot` says which runs, and what became of the last starts; without it the
base runs. One that is new is on trial: it has to report "good", or the one before runs again.
It stands alone: of the mesh it imports nothing before it has chosen.
"""

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
CHECK = 8  # bytes of SHA-256 that tell a damaged file
BASE = ""
SLOTS = ("next", "other")
PROVEN = -1
TRIES = 2  # starts that a firmware on trial has to become good: one may end by a power cut
SAFE = 5  # failed starts in a row, from which on only network and repair are started
LAST = 8  # and from which on that is the base's
KEPT = 3  # reasons
LONGEST = 120  # characters of one
WAIT_S = 600
LAST_PAUSE_S = 3600  # between starts when even the base fails: each one wears the flash
RESTART = 75  # exit code that asks a virtual board to start again


def read() -> "State":
    """What is known of the last starts; power may have gone while it was written."""
    for path in (FILE, NEW):  # a FAT file system has for a moment only the second
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
    """Write all of it or nothing."""
    body = json.dumps(state).encode()
    with open(NEW, "wb") as file:
        file.write(body + hashlib.sha256(body).digest()[:CHECK])
    os.rename(NEW, FILE)


def machine() -> "Any":  # noqa: ANN401 - ports differ
    """The module machine if this is a board, or plays one; else None."""
    try:
        import machine as module  # noqa: PLC0415 - not everywhere
    except ImportError:
        return None
    return module if hasattr(module, "reset") else None


def stopped_by_watchdog() -> bool:
    """Whether the last start ended by the watchdog; a cut of power is no failure."""
    board = machine()
    return hasattr(board, "WDT_RESET") and board.reset_cause() == board.WDT_RESET


class Boot:
    """One start: which firmware it runs, and what becomes of it.

    slot: the folder of the firmware that runs, or BASE. safe: why only network and repair are to
    be started, or nothing. update: what became of the last one, {"state", "version", ...}, or {}.
    was_taken_back: during this start, so that there is to be another.
    """

    def __init__(self) -> None:
        self._state: State = {"slot": BASE, "former": BASE, "tries": PROVEN, "wait_s": WAIT_S}
        self._state.update({"failed": 0, "why": [], "asked": False, "update": {}})
        self._state.update(read())
        self._timer: Any = None
        self._is_good = self._has_failed = self.was_taken_back = False
        self._begin()
        failed = 0 if self.on_trial else self._state["failed"]
        self.slot: str = BASE if failed >= LAST else self._state["slot"]
        self.safe = ""
        if failed >= SAFE:
            self.safe = f"{failed} starts in a row failed: " + "; ".join(self._state["why"])

    @property
    def on_trial(self) -> bool:
        """Whether the firmware still has to become good."""
        return bool(self._state["tries"] != PROVEN)

    @property
    def update(self) -> "State":
        """What became of the last update."""
        found: State = self._state["update"]
        return found

    def _begin(self) -> None:
        """Count what the last start came to."""
        state = self._state
        asked, state["asked"] = state["asked"], False
        hung = not asked and stopped_by_watchdog()
        if self.on_trial:
            state["tries"] += 1
            if state["tries"] > TRIES:
                how = ", the last one hung" if hung else ""
                self._take_back(f"not good after {TRIES} starts{how}")
        elif hung:
            self._count("it hung: the watchdog ended it")
        elif not asked:
            return  # the usual start writes nothing
        write(state)

    def _count(self, why: str) -> None:
        state = self._state
        state["failed"] += 1
        state["why"] = (state["why"] + [why[:LONGEST]])[-KEPT:]

    def _take_back(self, why: str) -> None:
        state = self._state
        state["slot"], state["tries"] = state["former"], PROVEN
        state["update"].update({"state": "taken back", "why": why[: 2 * LONGEST]})

    def good(self) -> None:
        """The firmware is on the network and at work: what was on trial stays."""
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
        # in safe mode nothing is proven of the rest: the next start tries that once more
        state["failed"] = SAFE - 1 if self.safe else 0
        if not self.safe:
            state["why"] = []
        write(state)

    def failed(self, why: str) -> None:
        """This start came to nothing; one that was on trial is taken back at once.

        Who calls it ends this start: it counts once.
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
        if state["failed"] > LAST and machine() is not None:
            import time  # noqa: PLC0415 - seldom

            time.sleep(LAST_PAUSE_S)  # Ctrl-C gives the prompt

    def unset(self) -> None:
        """The settings cannot be used, so the next start is for network and repair."""
        if not self.on_trial:
            self._state["failed"] = max(self._state["failed"], SAFE - 1)

    def stage(self, slot: str, update: "State", wait_s: int) -> None:
        """Have the firmware in a folder of SLOTS run from the next start on, on trial.

        update: {"version", ...} for whoever asks later; it has `wait_s` seconds to become good.
        """
        state = self._state
        state["former"], state["slot"], state["tries"] = state["slot"], slot, 0
        state["wait_s"], state["asked"] = wait_s, True
        state["update"] = update
        update["state"] = "trial"
        write(state)

    def free_slot(self) -> str:
        """The folder that an update may use: neither runs nor is to run."""
        return SLOTS[self._state["slot"] == SLOTS[0]]

    def restart(self) -> None:
        """Start anew. It never returns."""
        if not self._state["asked"]:
            self._state["asked"] = True
            write(self._state)
        board = machine()
        if board is not None:
            board.reset()
        sys.exit(RESTART)

    def watch(self) -> None:
        """Have a firmware on trial end that is not good in time."""
        wait_s = self._state["wait_s"]
        if not self.on_trial:
            return
        timer = getattr(machine(), "Timer", None)
        if timer is None:
            import asyncio  # noqa: PLC0415 - a virtual board's way

            asyncio.create_task(self._wait(asyncio.sleep(wait_s)))  # noqa: RUF006 - the loop has it
            return
        try:
            self._timer = timer(-1)
        except ValueError:  # this port has no virtual ones
            self._timer = timer(0)
        self._timer.init(mode=timer.ONE_SHOT, period=wait_s * 1000, callback=self._late)

    async def _wait(self, sleeping: "Any") -> None:  # noqa: ANN401 - of another type on each port
        await sleeping
        self._late(None)

    def _late(self, _: object) -> None:
        if not self._is_good:
            self.failed(f"not good within {self._state['wait_s']} s")
            self.restart()


def start() -> None:
    """Run the firmware. It ends by Ctrl-C, or when trying again would be no use."""
    boot = Boot()
    if boot.slot:
        sys.path.insert(0, boot.slot)
    try:
        from mesh.device.main import main  # noqa: PLC0415 - this is the choice

        boot.watch()
        main(safe=boot.safe, good=boot.good, failed=boot.failed, boot=boot)
    except (KeyboardInterrupt, SystemExit):
        if not boot.was_taken_back:
            raise
    except BaseException as error:  # noqa: BLE001 - whatever ends it, this start has failed
        sys.print_exception(error)  # type: ignore[attr-defined]
        boot.failed(f"{type(error).__name__}: {error}")
        boot.restart()
    if boot.was_taken_back:
        boot.restart()
