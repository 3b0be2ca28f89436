"""The demo's boards: compiled, started one by one, with their consoles read."""

import asyncio
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from mesh.boards.virtual import process
from mesh.boards.virtual.virtual_board import Virtual
from mesh.core import peer_id
from mesh.lab.demo.view import Row, View

LOOPBACK = "127.0.0.1"
SENSORS: Mapping[str, tuple[str, ...]] = {
    "birch": ("load", "memory", "heap"),
    "cedar": ("network", "disk"),
    "maple": ("uptime", "load"),
}
# sooner than the defaults, so that there is something to see; and shorter feeds in memory, as
# objects of this 64-bit interpreter take twice a board's heap
LIMITS = {
    "check_ms": 3000,
    "head_ms": 1000,
    "max_retransmit": 2,
    "tail": 48,
    "foreign_tail": 4,
    "bodies": 2,
    "exchanges": 8,
}
PATIENCE_S = 60.0
BOARD = "board"  # the kind of a row that is one


def settings_of(name: str, introducer: bytes, ids: Mapping[str, bytes]) -> Mapping[str, object]:
    """Settings of a board of `mesh demo`. `ids`: of those that are up already, by name."""
    settings: dict[str, object] = {
        "name": name,
        "port": 0,
        "console": "json",
        "introduced_by": peer_id.to_text(introducer),
        "follow": "*",
        "sensors": {kind: {"kind": kind, "every_s": 2} for kind in SENSORS[name]},
        "actuators": {"led": {"kind": "led"}},
        "discovery": {"interface": LOOPBACK},
        "limits": LIMITS,
    }
    if name == "cedar":  # it acts on birch's readings by its own rule
        settings["names"] = {"birch": peer_id.to_text(ids["birch"])}
        settings["rules"] = [{"when": "birch/heap", "above": 1024, "set": "led", "to": True}]
    return settings


class Boards:
    """Boards by name. `names` and `ids`: all peers; `followed`: verified readings by (board,
    author).

    For use in an event loop, which reads the consoles. `heap`: of each board.
    """

    def __init__(
        self, folder: Path, rows: Mapping[str, Row], view: View, heap: str = process.HEAP
    ) -> None:
        self._folder = folder
        self._rows = rows
        self._view = view
        self._heap = heap
        self._loop = asyncio.get_running_loop()
        self._running: dict[str, Virtual] = {}
        self._news = asyncio.Event()
        self.ids: dict[str, bytes] = {}
        self.names: dict[bytes, str] = {}
        self.ports: dict[str, int] = {}
        self.followed: dict[tuple[str, str], int] = {}

    def build(self) -> None:
        """Create a folder for each, with the files of a board."""
        first, *others = [row.name for row in self._rows.values() if row.kind == BOARD]
        what = "compiling the files that go on a board"
        self._view.happened("build", what)

        def told(done: int, whole: int) -> None:
            self._view.going_on(f"{what}: {done} of {whole}")

        process.build(self._folder / first, told=told)
        for name in others:
            shutil.copytree(self._folder / first, self._folder / name)

    def folder(self, name: str) -> Path:
        """Where a board's files are."""
        return self._folder / name

    async def switch_on(self, name: str, settings: Mapping[str, object]) -> None:
        """Start a board with these settings, and wait until it is on the network."""
        process.configure(self._folder / name, settings)

        def heard(line: str) -> None:
            self._loop.call_soon_threadsafe(self._heard, name, line)

        board = Virtual(self._folder / name, self._heap, heard=heard)
        self._running[name] = board.start()
        joined = await asyncio.to_thread(board.log.wait, "joined", PATIENCE_S)
        own = peer_id.from_text(str(joined["id"]))
        self.ids[name], self.names[own] = own, name
        self.ports[name] = int(str(joined["address"]).rpartition(":")[2])
        self._rows[name].short = peer_id.short(own)
        self._rows[name].state = "up"

    async def cut_power(self, name: str) -> None:
        """End a board without a goodbye."""
        await asyncio.to_thread(self._running[name].kill)

    async def end(self) -> None:
        """Stop all that run."""
        for name in self._running:
            await self.cut_power(name)

    def told(self, name: str, event: str) -> list[dict[str, object]]:
        """The events of one kind on a board's console."""
        return self._running[name].log.events(event)

    def news(self) -> None:
        """Wake up until()."""
        self._news.set()

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait until holds() is true. Whether it was in time."""
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _heard(self, name: str, line: str) -> None:
        """Handle a console line, in the thread of the loop."""
        self.news()
        if not line.startswith("{"):  # not an event, but output of MicroPython itself
            self._view.happened("console", f"{name}: {line.strip()}", peer=name)
            return
        event = json.loads(line)
        if event.get("event") == "reading":
            author = self.names.get(peer_id.from_text(event["peer"]))
            if author is not None:  # ignore other meshes on this machine
                key = (name, author)
                self.followed[key] = self.followed.get(key, 0) + 1
        elif event.get("event") == "failing":
            text = f"{name}: {event.get('sensor')} gives nothing: {event.get('reason')}"
            self._view.happened("failing", text, peer=name)
        elif event.get("event") == "error":
            self._view.happened("error", f"{name}: {event.get('detail')}", peer=name)
