"""`mesh demo`: a desktop and three boards on this machine; what they do is seen, not said."""

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from mesh.core import coap, ids
from mesh.core.contacts import UP
from mesh.core.errors import LocalError, MeshError
from mesh.core.events import PeerFound, PeerLost, Reading, Refused
from mesh.hub import boards, demo_attack, foreign
from mesh.hub.boards import VirtualBoard
from mesh.hub.cli.units import size
from mesh.hub.demo_view import Row, View
from mesh.hub.home import Home
from mesh.hub.loop import HubPeer
from mesh.hub.primitives import make_kit
from mesh.hub.answers import plain

LONGEST_S = 58.0
LOOPBACK = "127.0.0.1"
DESKTOP = 'name = "desktop"\nfollow = "*"\n\n[limits]\ncheck_ms = 3000\nmax_retransmit = 2\n'
SENSORS = {
    "birch": ("load", "memory", "heap"),
    "cedar": ("network", "disk"),
    "maple": ("uptime", "temperature"),
}
ASK_S = 1.5  # between questions for counts


class Demo:
    """One run. Each step ends in check(): it was seen or it was not."""

    def __init__(self, folder: Path, as_json: bool) -> None:
        self._folder = folder
        self._rows = {"desktop": Row("desktop", "desktop")}
        self._rows.update({name: Row(name, "board") for name in SENSORS})
        self.view = View(self._rows, as_json)
        self._boards: dict[str, VirtualBoard] = {}
        self._ids: dict[str, bytes] = {}
        self._names: dict[bytes, str] = {}
        self._ports: dict[str, int] = {}
        self._news = asyncio.Event()
        self._checks: dict[str, tuple[bool, str]] = {}
        self._followed: dict[tuple[str, str], int] = {}  # (board, author): readings it checked
        self._loop = asyncio.get_running_loop()
        self._home = Home(folder / "desktop")

    async def run(self) -> bool:
        """Play all of it; whether everything was seen."""
        steps = (self._meet, self._follow, self._lose_a_board, self._go_on_alone, self._attack)
        try:
            async with asyncio.timeout(LONGEST_S):
                await asyncio.to_thread(self._build)
                self._home.path.mkdir(parents=True, exist_ok=True)
                self._home.settings_file.write_text(DESKTOP, encoding="utf-8")
                with self._home:
                    self._peer = HubPeer(self._home, interfaces=[LOOPBACK], port=0)
                    await self._play(steps)
        except TimeoutError:
            self.check("all within 60 s", False, f"it was stopped after {LONGEST_S:.0f} s")
        finally:
            for board in self._boards.values():
                await asyncio.to_thread(board.kill)
        self.view.summary(self._checks, self._counts())
        return all(seen for seen, _ in self._checks.values())

    async def _play(self, steps: tuple[Callable[[], Awaitable[None]], ...]) -> None:
        await self._peer.start()
        watching = asyncio.create_task(self._watch())
        try:
            for step in steps:
                await step()
        finally:
            watching.cancel()
            await self._peer.stop()

    def check(self, name: str, seen: bool, how: str) -> None:
        """Note whether a step was seen, and by what."""
        self._checks[name] = (seen, how)
        self.view.happened("check", f"{'[green]✓[/]' if seen else '[red]✗[/]'} {name}: {how}", ok=seen)

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

    def _build(self) -> None:
        first, *others = SENSORS
        self.view.happened("build", "compiling the files that go on a board")
        boards.build(self._folder / first)
        for name in others:
            shutil.copytree(self._folder / first, self._folder / name)

    def _settings(self, name: str) -> Mapping[str, object]:
        settings: dict[str, object] = {
            "name": name,
            "port": 0,
            "console": "json",
            "introduced_by": ids.to_text(self._peer.identity.public),
            "follow": "*",
            "sensors": {kind: {"kind": kind, "every_s": 2} for kind in SENSORS[name]},
            "actuators": {"led": {"kind": "led"}},
            "discovery": {"interface": LOOPBACK},
            "limits": {"check_ms": 3000, "head_ms": 1000, "max_retransmit": 2},
        }
        if name == "cedar":  # it acts on what it hears of birch: nobody tells it to
            settings["names"] = {"birch": ids.to_text(self._ids["birch"])}
            settings["rules"] = [{"when": "birch/heap", "above": 1024, "set": "led", "to": True}]
        return settings

    async def _switch_on(self, name: str) -> None:
        boards.configure(self._folder / name, self._settings(name))

        def heard(line: str) -> None:
            self._loop.call_soon_threadsafe(self._heard, name, line)

        board = VirtualBoard(self._folder / name, boards.HEAP, heard=heard)
        self._boards[name] = board.start()
        joined = await asyncio.to_thread(board.wait, "joined", 20.0)
        own = ids.from_text(str(joined["id"]))
        self._ids[name], self._names[own] = own, name
        self._ports[name] = int(str(joined["address"]).rpartition(":")[2])
        self._rows[name].short = ids.short(own)
        self._rows[name].state = "up"
        self.view.happened("up", f"{name} is up: its key was born on it", peer=name)

    async def _meet(self) -> None:
        desktop, own = self._rows["desktop"], self._peer.identity.public
        desktop.state, desktop.short = "up", ids.short(own)
        self._names[own] = "desktop"
        for name in SENSORS:
            await self._switch_on(name)
        start = time.monotonic()

        def all_met() -> bool:
            contacts = self._peer.node.contacts
            known = [contacts.get(peer) for peer in self._ids.values()]
            found = [{str(e["peer"]) for e in b.events("found")} for b in self._boards.values()]
            return all(c is not None and c.state == UP for c in known) and all(
                len(peers) >= len(SENSORS) for peers in found
            )

        seen = await self.until(all_met, 20)
        how = {str(e["how"]) for b in self._boards.values() for e in b.events("found")}
        took = time.monotonic() - start
        self.check(
            "they find each other",
            seen and "mdns" in how,
            f"4 peers, 12 signed first contacts, {took:.1f} s after the last came up ({', '.join(sorted(how))})",
        )

    async def _follow(self) -> None:
        pairs = [(a, b) for a in SENSORS for b in SENSORS if a != b]
        seen = await self.until(lambda: all(self._followed.get(p, 0) >= 2 for p in pairs), 15)
        heard = sum(self._followed.get(p, 0) for p in pairs)
        self.check("boards follow each other", seen, f"{heard} readings checked between boards")
        acted = await self.until(lambda: bool(self._boards["cedar"].events("actuated")), 5)
        self.check(
            "a board acts by its own rule", acted, "cedar lit its led when birch/heap was above 1024"
        )
        answer = await self._peer.ask(
            self._ids["birch"], coap.PUT, ["actuators", "led"], b"\xf5", 60, timeout=10
        )
        refused = await self._peer.ask(self._ids["birch"], coap.PUT, ["peer"], b"\xf5", 60, timeout=10)
        self.check(
            "who introduced a board may set its led",
            answer.code == coap.CHANGED,
            f"birch answered {coap.code_text(answer.code)}; to PUT /peer {coap.code_text(refused.code)}",
        )

    async def _lose_a_board(self) -> None:
        gone = ids.to_text(self._ids["maple"])
        self.view.happened("cut", "cutting maple's power", peer="maple")
        await asyncio.to_thread(self._boards["maple"].kill)
        self._rows["maple"].state = "no power"

        def noticed() -> bool:
            return self._rows["maple"].state == "lost" and all(
                any(e["peer"] == gone for e in self._boards[n].events("lost")) for n in ("birch", "cedar")
            )

        start = time.monotonic()
        seen = await self.until(noticed, 25)
        self.check(
            "a board's end is noticed",
            seen,
            f"by all three others within {time.monotonic() - start:.1f} s; they went on",
        )

    async def _go_on_alone(self) -> None:
        before = {name: await self._ask_openly(name) for name in ("birch", "cedar")}
        await self._peer.stop()
        self._rows["desktop"].state = "off"
        self.view.happened("off", "the desktop is switched off", peer="desktop")
        pairs = [("birch", "cedar"), ("cedar", "birch")]
        had = {p: self._followed.get(p, 0) for p in pairs}
        seen = await self.until(
            lambda: all(self._followed.get(p, 0) >= had[p] + 2 for p in pairs), 15
        )
        after = {name: await self._ask_openly(name) for name in ("birch", "cedar")}
        more = {name: after[name] - before[name] for name in after}
        self.check(
            "without the desktop the boards go on",
            seen and all(count > 0 for count in more.values()),
            "asked afterwards: " + ", ".join(f"{n} verified {c} more" for n, c in more.items()),
        )

    async def _attack(self) -> None:
        board, port = self._boards["birch"], self._ports["birch"]
        attack = demo_attack.Attack(self._home.identity, self._ids["birch"], (LOOPBACK, port))
        honest = await attack.honest()
        self.check(
            "an honest message is taken", honest == coap.CHANGED, f"answered {coap.code_text(honest)}"
        )
        for name, play in (("replayed", attack.replayed), ("forged", attack.forged)):
            told = len(board.events("refused"))
            code = await play()
            await self.until(lambda told=told: len(board.events("refused")) > told, 5)  # type: ignore[misc]
            reasons = [str(e["detail"]) for e in board.events("refused")[told:]]
            self.check(
                f"a {name} message is refused",
                code == coap.UNAUTHORIZED and bool(reasons),
                f"answered {coap.code_text(code)}; the board says: {'; '.join(reasons) or 'nothing'}",
            )
        await self._ask_openly("birch")

    async def _ask_openly(self, name: str) -> int:
        """Ask a board as any CoAP client may; how many messages it has verified."""
        try:
            reply = await foreign.get(f"coap://{LOOPBACK}:{self._ports[name]}/peer")
            about = json.loads(reply.payload)
        except (MeshError, ValueError) as error:
            self.view.happened("error", f"{name} did not answer: {error}", peer=name)
            return 0
        self._note(name, about)
        return int(about["verified"])

    def _note(self, name: str, about: Mapping[str, object]) -> None:
        row = self._rows[name]
        row.verified, row.refused = int(str(about["verified"])), int(str(about["refused"]))
        heap = about.get("heap")
        if isinstance(heap, list):
            row.heap = f"{size(heap[0])} of {size(heap[0] + heap[1])}"

    def _heard(self, name: str, line: str) -> None:
        """A line of a board's console, in the thread of the loop."""
        self._news.set()
        if not line.startswith("{"):
            return
        event = json.loads(line)
        if event.get("event") == "reading":
            author = self._names.get(ids.from_text(event["peer"]), "?")
            key = (name, author)
            self._followed[key] = self._followed.get(key, 0) + 1
        elif event.get("event") in ("failing", "error"):
            self.view.happened("board", f"{name}: {event}", peer=name)

    async def _watch(self) -> None:
        """Show what the desktop is told, and ask for counts now and then."""
        asking = asyncio.create_task(self._ask_for_counts())
        try:
            with self._peer.events() as events:
                async for event in events:
                    self._shown(event)
                    self._news.set()
        finally:
            asking.cancel()

    def _shown(self, event: object) -> None:
        if isinstance(event, Reading):
            name = self._names.get(event.peer, ids.short(event.peer))
            value = plain(event.value)
            if name in self._rows:
                self._rows[name].readings[event.sensor] = (value, event.unit, time.monotonic())
            self.view.reading(name, event.sensor, value, event.unit)
        elif isinstance(event, PeerFound):
            self.view.happened("found", f"desktop found {event.name} ({event.how})", peer=event.name)
        elif isinstance(event, PeerLost):
            name = self._names.get(event.peer, "?")
            self._rows[name].state = "lost"
            self.view.happened("lost", f"desktop lost {name}: {event.reason}", peer=name)
        elif isinstance(event, Refused):
            self.view.happened("refused", f"desktop refused: {event.detail}")

    async def _ask_for_counts(self) -> None:
        kit_decode = make_kit().decode
        while True:
            peer = self._peer.node.peer
            row = self._rows["desktop"]
            row.verified, row.refused = peer.verified, peer.refused
            for name, board in list(self._ids.items()):
                try:
                    answer = await self._peer.ask(board, coap.FETCH, ["peer"], timeout=5)
                    self._note(name, kit_decode(answer.payload))
                except MeshError:
                    continue  # it is gone, or not met yet: the table says so
            self.view.refresh()
            await asyncio.sleep(ASK_S)

    def _counts(self) -> Mapping[str, object]:
        rows = self._rows.values()
        return {
            "verified": sum(row.verified for row in rows),
            "refused": sum(row.refused for row in rows),
            "readings between boards": sum(self._followed.values()),
            "heap limit of a board": boards.HEAP,
        }


def run(as_json: bool) -> int:
    """Play the demo; 0 only if all of it was seen to happen."""

    async def play(folder: str) -> bool:
        demo = Demo(Path(folder), as_json)
        with demo.view:
            return await demo.run()

    try:
        with tempfile.TemporaryDirectory(prefix="othermesh-demo-") as folder:
            return 0 if asyncio.run(play(folder)) else 1
    except LocalError:
        raise
