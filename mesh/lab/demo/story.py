"""The steps of `mesh demo`, each checked by what was observed."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from mesh.boards.virtual.process import HEAP
from mesh.core import codes, peer_id
from mesh.core.coap import message as coap
from mesh.core.codec.formats import CBOR
from mesh.core.discovery.contact import UP
from mesh.core.errors import MeshError
from mesh.core.events import PeerFound, PeerLost, Reading, Refused
from mesh.hub.desktop_kit import make_kit
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.foreign import coap_client
from mesh.hub.home import files
from mesh.hub.home.home import Home
from mesh.hub.operations.answers import plain
from mesh.lab.demo import attack as demo_attack
from mesh.lab.demo.boards import LOOPBACK, SENSORS, Boards, settings_of
from mesh.lab.demo.demo_run import played
from mesh.lab.demo.observed import Checks
from mesh.lab.demo.view import Row, View

LONGEST_S = 300.0  # time limit after compiling, which takes a slow computer a minute
STEP_S = 60.0  # time limit of a step; on a busy computer some take long
SETTINGS = 'name = "desktop"\nfollow = "*"\n\n[limits]\ncheck_ms = 3000\nmax_retransmit = 2\n'
ASK_S = 1.5  # interval of requests for counts
ENOUGH = 2  # readings that show that one board follows another
KIB = 1024
LEFT = ("birch", "cedar")  # boards that keep their power
TRUE = b"\xf5"


class Demo:
    """A run of the demo. Each step ends in a check, by what was observed."""

    def __init__(self, folder: Path, as_json: bool) -> None:
        self._rows = {"desktop": Row("desktop", "desktop")}
        self._rows.update({name: Row(name, "board") for name in SENSORS})
        self.view = View(self._rows, as_json)
        self._boards = Boards(folder, self._rows, self.view)
        self._checks = Checks(self.view)
        self._home = Home(folder / "desktop")

    async def run(self) -> bool:
        """Play all steps. Whether all were seen."""
        try:
            await asyncio.to_thread(self._boards.build)
            async with asyncio.timeout(LONGEST_S):
                self._home.path.mkdir(parents=True, exist_ok=True)
                files.write(self._home.settings_file, SETTINGS.encode())
                with self._home:
                    self._peer = HubPeer(self._home, interfaces=[LOOPBACK], port=0)
                    await self._play()
        except TimeoutError:
            self._checks.note(
                "all of it in time", False, f"it was to end within {LONGEST_S:.0f} s"
            )
        except MeshError as error:
            self._checks.note("all goes on to the end", False, error.detail)
        finally:
            await self._boards.end()
        self._checks.summary(self._counts())
        return self._checks.all_seen()

    async def _play(self) -> None:
        await self._peer.start()
        watching = asyncio.create_task(self._watch())
        steps: tuple[Callable[[], Awaitable[None]], ...] = (
            *(self._meet, self._follow, self._act),
            *(self._lose_a_board, self._go_on_alone, self._attack),
        )
        try:
            for step in steps:
                await step()
        finally:
            watching.cancel()
            await self._peer.stop()

    async def _meet(self) -> None:
        desktop, own = self._rows["desktop"], self._peer.identity.public
        desktop.state, desktop.short = "up", peer_id.short(own)
        self._boards.names[own] = "desktop"
        for name in SENSORS:
            await self._boards.switch_on(name, settings_of(name, own, self._boards.ids))
            text = f"{name} is up: its key was born on it"
            self.view.happened("up", text, peer=name)
        start = time.monotonic()

        def all_met() -> bool:
            contacts = [self._peer.node.contacts.get(p) for p in self._boards.ids.values()]
            found = [{str(e["peer"]) for e in self._boards.told(n, "found")} for n in SENSORS]
            others = {peer_id.to_text(peer) for peer in self._boards.names}
            return all(c is not None and c.state == UP for c in contacts) and all(
                len(peers & others) == len(SENSORS) for peers in found
            )

        seen = await self._boards.until(all_met, STEP_S)
        how = sorted({str(e["how"]) for n in SENSORS for e in self._boards.told(n, "found")})
        took = time.monotonic() - start
        self._checks.note(
            "they find each other",
            seen and "mdns" in how,
            f"4 peers, 12 signed first contacts, {took:.1f} s after the last one came up"
            f" ({', '.join(how)})",
        )

    async def _follow(self) -> None:
        followed = self._boards.followed
        pairs = [(a, b) for a in SENSORS for b in SENSORS if a != b]
        seen = await self._boards.until(
            lambda: all(followed.get(p, 0) >= ENOUGH for p in pairs), STEP_S
        )
        heard = sum(followed.get(p, 0) for p in pairs)
        self._checks.note(
            "boards follow each other", seen, f"{heard} readings checked from board to board"
        )

    async def _act(self) -> None:
        acted = await self._boards.until(
            lambda: bool(self._boards.told("cedar", "actuated")), STEP_S
        )
        self._checks.note(
            "a board acts by its own rule",
            acted,
            "cedar lit its led when birch/heap was above 1024",
        )
        birch = self._boards.ids["birch"]
        led = await self._peer.ask(
            birch, coap.PUT, ["actuators", "led"], TRUE, CBOR, timeout=STEP_S
        )
        self._checks.note(
            "who introduced a board may set its led",
            led.code == codes.CHANGED,
            f"birch answered {codes.text(led.code)}",
        )

    async def _lose_a_board(self) -> None:
        gone = peer_id.to_text(self._boards.ids["maple"])
        self.view.happened("cut", "cutting maple's power", peer="maple")
        await self._boards.cut_power("maple")
        self._rows["maple"].state = "no power"
        start = time.monotonic()

        def noticed() -> bool:
            lost = [[e["peer"] for e in self._boards.told(name, "lost")] for name in LEFT]
            return self._rows["maple"].state == "lost" and all(gone in peers for peers in lost)

        seen = await self._boards.until(noticed, STEP_S)
        took = time.monotonic() - start
        self._checks.note(
            "a board's end is noticed",
            seen,
            f"by all three others within {took:.1f} s; they went on",
        )

    async def _go_on_alone(self) -> None:
        before = {name: await self._ask_openly(name) for name in LEFT}
        await self._peer.stop()
        self._rows["desktop"].state = "off"
        self.view.happened("off", "the desktop is switched off", peer="desktop")
        followed = self._boards.followed
        goals = {p: followed.get(p, 0) + ENOUGH for p in (LEFT, LEFT[::-1])}
        seen = await self._boards.until(
            lambda: all(followed.get(p, 0) >= goal for p, goal in goals.items()), STEP_S
        )
        more = {name: await self._ask_openly(name) - before[name] for name in LEFT}
        self._checks.note(
            "without the desktop the boards go on",
            seen and all(count > 0 for count in more.values()),
            "asked afterwards: " + ", ".join(f"{n} verified {c} more" for n, c in more.items()),
        )

    async def _attack(self) -> None:
        birch = (LOOPBACK, self._boards.ports["birch"])
        attack = demo_attack.Attack(self._home.identity, self._boards.ids["birch"], birch)
        honest = await attack.honest()
        self._checks.note(
            "an honest message is taken",
            honest == codes.CHANGED,
            f"birch answered {codes.text(honest)}",
        )
        for name, play in (("replayed", attack.replayed), ("forged", attack.forged)):
            told = len(self._boards.told("birch", "refused"))
            code = await play()
            await self._boards.until(self._more_refused(told), STEP_S)
            reasons = [str(e["detail"]) for e in self._boards.told("birch", "refused")[told:]]
            self._checks.note(
                f"a {name} message is refused",
                code == codes.UNAUTHORIZED and bool(reasons),
                f"birch answered {codes.text(code)}, as: {'; '.join(reasons) or 'no reason'}",
            )
        await self._ask_openly("birch")

    def _more_refused(self, told: int) -> Callable[[], bool]:
        return lambda: len(self._boards.told("birch", "refused")) > told

    async def _ask_openly(self, name: str) -> int:
        """Send a board a plain GET, as any CoAP client may. Gives how many messages it
        verified.
        """
        try:
            reply = await coap_client.get(f"coap://{LOOPBACK}:{self._boards.ports[name]}/peer")
            about = json.loads(reply.payload)
        except (MeshError, ValueError) as error:
            self.view.happened("error", f"{name} did not answer: {error}", peer=name)
            return 0
        self._note(name, about)
        return int(about["verified"])

    def _note(self, name: str, about: object) -> None:
        if not isinstance(about, dict):
            return
        row = self._rows[name]
        row.verified, row.refused = int(about["verified"]), int(about["refused"])
        used, free = about["heap"]
        row.heap = f"{used // KIB} of {(used + free) // KIB}"

    async def _watch(self) -> None:
        """Show the desktop's events, and request counts now and then."""
        asking = asyncio.create_task(self._ask_for_counts())
        try:
            with self._peer.events() as events:
                async for event in events:
                    self._shown(event)
                    self._boards.news()
        finally:
            asking.cancel()

    def _shown(self, event: object) -> None:
        """Show an event, unless it is of another mesh on this machine."""
        names = self._boards.names
        if isinstance(event, Refused):
            self.view.happened("refused", f"desktop refused: {event.detail}")
        elif not isinstance(event, (Reading, PeerFound, PeerLost)) or event.peer not in names:
            return
        elif isinstance(event, Reading):
            name, value = names[event.peer], plain(event.value)
            self._rows[name].readings[event.sensor] = (value, event.unit, time.monotonic())
            self.view.reading(name, event.sensor, value, event.unit)
        elif isinstance(event, PeerFound):
            name = names[event.peer]
            self.view.happened("found", f"desktop found {name} ({event.how})", peer=name)
        else:
            name = names[event.peer]
            self._rows[name].state = "lost"
            self.view.happened("lost", f"desktop lost {name}: {event.reason}", peer=name)

    async def _ask_for_counts(self) -> None:
        while True:
            self._note_desktop()
            await asyncio.gather(*map(self._ask_for_count, self._boards.ids.items()))
            self.view.refresh()
            await asyncio.sleep(ASK_S)

    async def _ask_for_count(self, board: tuple[str, bytes]) -> None:
        try:
            answer = await self._peer.ask(board[1], coap.FETCH, ["peer"], timeout=ASK_S)
            self._note(board[0], make_kit().decode(answer.payload))
        except MeshError:
            return  # it is gone, or was not met yet, as the table shows

    def _note_desktop(self) -> None:
        peer, row = self._peer.node.peer, self._rows["desktop"]
        row.verified, row.refused = peer.verified, peer.refused
        for name, sensor in peer.sensors.items():
            if sensor.value is not None:
                taken = time.monotonic() - (self._peer.now() - sensor.taken_ms) / 1000
                row.readings[name] = (plain(sensor.value), sensor.unit, taken)

    def _counts(self) -> Mapping[str, object]:
        rows = self._rows.values()
        return {
            "messages verified": sum(row.verified for row in rows),
            "refused": sum(row.refused for row in rows),
            "readings from board to board": sum(self._boards.followed.values()),
            "heap limit of a board": HEAP,
        }


def run(as_json: bool) -> int:
    """Play the demo. Exit code 0 only if all steps were seen."""
    return played(lambda folder: Demo(folder, as_json))
