"""The demo's boards: compiled, switched on one by one, and heard at their consoles."""

import asyncio
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from mesh.core import ids
from mesh.hub import boards
from mesh.hub.demo_view import Row, View
from mesh.hub.virtual import Virtual

LOOPBACK = "127.0.0.1"
SENSORS: Mapping[str, tuple[str, ...]] = {
    "birch": ("load", "memory", "heap"),
    "cedar": ("network", "disk"),
    "maple": ("uptime", "load"),
}
# Sooner than the defaults, so that there is something to see; and shorter tails, as objects on
# this 64-bit interpreter take twice the heap that they take on a board.
LIMITS = {
    "check_ms": 3000,
    "head_ms": 1000,
    "max_retransmit": 2,
    "tail": 48,
    "foreign_tail": 4,
    "bodies": 2,
    "exchanges": 8,
}
PATIENCE_S = 20.0


class Boards:
    """Boards by name. `names` and `ids` know all peers; `followed` counts checked readings.

    `followed` has (board, author) as its key. For use in an event loop, which hears the consoles.
    """

    def __init__(self, folder: Path, rows: Mapping[str, Row], view: View) -> None:
        self._folder = folder
        self._rows = rows
        self._view = view
        self._loop = asyncio.get_running_loop()
        self._running: dict[str, Virtual] = {}
        self._news = asyncio.Event()
        self.ids: dict[str, bytes] = {}
        self.names: dict[bytes, str] = {}
        self.ports: dict[str, int] = {}
        self.followed: dict[tuple[str, str], int] = {}

    def build(self) -> None:
        """Make a folder for each, with the files that go on a board."""
        first, *others = SENSORS
        self._view.happened("build", "compiling the files that go on a board")
        boards.build(self._folder / first)
        for name in others:
            shutil.copytree(self._folder / first, self._folder / name)

    async def switch_on(self, name: str, introducer: bytes) -> None:
        """Start a board, and wait until it is on the network."""
        boards.configure(self._folder / name, self._settings(name, introducer))

        def heard(line: str) -> None:
            self._loop.call_soon_threadsafe(self._heard, name, line)

        board = Virtual(self._folder / name, boards.HEAP, heard=heard)
        self._running[name] = board.start()
        joined = await asyncio.to_thread(board.log.wait, "joined", PATIENCE_S)
        own = ids.from_text(str(joined["id"]))
        self.ids[name], self.names[own] = own, name
        self.ports[name] = int(str(joined["address"]).rpartition(":")[2])
        self._rows[name].short = ids.short(own)
        self._rows[name].state = "up"
        self._view.happened("up", f"{name} is up: its key was born on it", peer=name)

    def _settings(self, name: str, introducer: bytes) -> Mapping[str, object]:
        settings: dict[str, object] = {
            "name": name,
            "port": 0,
            "console": "json",
            "introduced_by": ids.to_text(introducer),
            "follow": "*",
            "sensors": {kind: {"kind": kind, "every_s": 2} for kind in SENSORS[name]},
            "actuators": {"led": {"kind": "led"}},
            "discovery": {"interface": LOOPBACK},
            "limits": LIMITS,
        }
        if name == "cedar":  # it acts on what it hears of birch: nobody tells it to
            settings["names"] = {"birch": ids.to_text(self.ids["birch"])}
            settings["rules"] = [{"when": "birch/heap", "above": 1024, "set": "led", "to": True}]
        return settings

    async def cut_power(self, name: str) -> None:
        """End a board without a goodbye."""
        await asyncio.to_thread(self._running[name].kill)

    async def end(self) -> None:
        """End all that run."""
        for name in self._running:
            await self.cut_power(name)

    def told(self, name: str, event: str) -> list[dict[str, object]]:
        """What a board told on its console, of one kind."""
        return self._running[name].log.events(event)

    def news(self) -> None:
        """Let until() look again."""
        self._news.set()

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait until something holds; whether it came in time."""
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _heard(self, name: str, line: str) -> None:
        """Take a line of a board's console, in the thread of the loop."""
        self.news()
        if not line.startswith("{"):  # no event: MicroPython itself has something to say
            self._view.happened("console", f"{name}: {line.strip()}", peer=name)
            return
        event = json.loads(line)
        if event.get("event") == "reading":
            author = self.names.get(ids.from_text(event["peer"]), "?")
            key = (name, author)
            self.followed[key] = self.followed.get(key, 0) + 1
        elif event.get("event") == "failing":
            text = f"{name}: {event.get('sensor')} gives nothing: {event.get('reason')}"
            self._view.happened("failing", text, peer=name)
        elif event.get("event") == "error":
            self._view.happened("error", f"{name}: {event.get('detail')}", peer=name)
