"""The chapters of `mesh demo --relations`, each checked by what was observed."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

from mesh.core import peer_id
from mesh.core.discovery.contact import UP
from mesh.core.errors import MeshError
from mesh.core.events import PeerFound, PeerLost, Reading
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.home import files
from mesh.hub.home.home import Home
from mesh.hub.operations.answers import plain
from mesh.lab.demo.boards import BOARD, LOOPBACK, Boards
from mesh.lab.demo.demo_run import played
from mesh.lab.demo.observed import Checks
from mesh.lab.demo.relations import apart, founding, greenhouse, reach, refusing, trying, window
from mesh.lab.demo.relations.desk import Desk
from mesh.lab.demo.relations.greenhouse import ANN, BOARDS
from mesh.lab.demo.relations.greenhouse_table import Member, drawn
from mesh.lab.demo.relations.observing import Watching
from mesh.lab.demo.relations.scene import Scene, Watch
from mesh.lab.demo.view import View

LONGEST_S = 300.0  # time limit after compiling, which takes a slow computer a minute


class Story:
    """A run of it."""

    def __init__(self, folder: Path, as_json: bool) -> None:
        self._rows = {ANN: Member(ANN, "desktop")}
        self._rows.update({name: Member(name, BOARD) for name in BOARDS})
        self.view = View(self._rows, as_json, lambda: drawn(self._rows.values()))
        self._boards = Boards(folder, self._rows, self.view, greenhouse.HEAP)
        self._checks = Checks(self.view)
        self._home = Home(folder / ANN)

    async def run(self) -> bool:
        """Play all chapters. Whether all was seen."""
        try:
            await asyncio.to_thread(self._boards.build)
            async with asyncio.timeout(LONGEST_S):
                self._home.path.mkdir(parents=True, exist_ok=True)
                files.write(self._home.settings_file, greenhouse.DESKTOP.encode())
                with self._home:
                    self._peer = HubPeer(self._home, interfaces=[LOOPBACK], port=0, sensed={})
                    await self._play()
        except TimeoutError:
            self._checks.note("all of it in time", False, f"it was to end in {LONGEST_S:.0f} s")
        except MeshError as error:
            self._checks.note("all goes on to the end", False, error.detail)
        finally:
            await self._boards.end()
        self._checks.summary(self._counts())
        return self._checks.all_seen()

    async def _play(self) -> None:
        await self._peer.start()
        own, names = self._peer.identity.public, self._boards.names
        self._rows[ANN].seen(UP, peer_id.short(own))
        names[own] = ANN
        desk = Desk(self._peer, lambda peer: names.get(peer, peer_id.short(peer)))
        watching = Watching(self._peer, desk, self._boards, self._rows, self.view)
        scene = Scene(self.view, self._checks, self._boards, self._rows, desk, watching)
        jobs = [asyncio.create_task(self._show_events())]
        try:
            await self._switch_on(scene)
            jobs.append(asyncio.create_task(watching.run()))
            await self._chapters(scene)
        finally:
            running = [job for job in jobs if job.cancel()]
            await asyncio.gather(*running, return_exceptions=True)
            await self._peer.stop()
        for job in set(jobs) - set(running):
            job.result()  # one that ended by itself failed

    async def _chapters(self, scene: Scene) -> None:
        await founding.join(scene)
        first = await founding.agree(scene)
        better = await apart.change(scene, first)
        await apart.heal(scene, better)
        await refusing.play(scene, better)
        await trying.play(scene)
        offered = await window.ask(scene)
        await window.accept(scene, offered)
        await window.leave(scene, offered)

    async def _switch_on(self, scene: Scene) -> None:
        """Have each board make its key; then its holder writes down whom it listens to, and what
        it may agree to.
        """
        boards = self._boards
        for name in BOARDS:
            reach.prepare(boards.folder(name))
            greenhouse.warm(boards.folder(name), greenhouse.WARM)
        await asyncio.gather(*(boards.switch_on(n, greenhouse.first_settings(n)) for n in BOARDS))
        self.view.happened("up", "four boards are switched on: each makes its own key")
        await boards.end()
        ids = boards.ids | {ANN: self._peer.identity.public}
        watch = Watch()
        await asyncio.gather(
            *(boards.switch_on(n, greenhouse.settings_of(n, ids)) for n in BOARDS)
        )
        text = "their holders write down what each may agree to, and within what bounds"
        self.view.happened("consent", text)
        seen = await scene.until(self._all_met)
        how = f"20 signed first contacts among 5, in {watch}"
        self._checks.note("they find each other", seen, how)

    def _all_met(self) -> bool:
        ids = self._boards.ids
        contacts = [self._peer.node.contacts.get(peer) for peer in ids.values()]
        everybody = {peer_id.to_text(peer) for peer in self._boards.names}
        found = [{str(e["peer"]) for e in self._boards.told(name, "found")} for name in BOARDS]
        return all(one is not None and one.state == UP for one in contacts) and all(
            len(peers & everybody) == len(BOARDS) for peers in found
        )

    async def _show_events(self) -> None:
        """Show what ann's desktop hears of the boards."""
        names = self._boards.names
        with self._peer.events() as events:
            async for event in events:
                if not isinstance(event, Reading | PeerFound | PeerLost):
                    continue
                if event.peer not in names:  # of another mesh on this machine
                    continue
                name = names[event.peer]
                if isinstance(event, Reading):
                    value = plain(event.value)
                    reading = value, event.unit, time.monotonic()
                    self._rows[name].readings[event.sensor] = reading
                    self.view.reading(name, event.sensor, value, event.unit)
                elif isinstance(event, PeerLost):
                    text = f"ann's desktop lost {name}: {event.reason}"
                    self.view.happened("lost", text, peer=name)
                self._boards.news()

    def _counts(self) -> Mapping[str, object]:
        return {"heap limit of a board": greenhouse.HEAP}


def run(as_json: bool) -> int:
    """Play it. Exit code 0 only if all was seen."""
    return played(lambda folder: Story(folder, as_json))
