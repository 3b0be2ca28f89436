"""Starts bulk catch-up over TCP when a desktop peer is far behind others."""

import asyncio
import contextlib
import logging

from mesh.core.discovery.contact import UP
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import PeerFound
from mesh.hub.desktop_kit import make_kit
from mesh.hub.desktop_peer import HubPeer
from mesh.hub.tcp.runs import FLUSH_S
from mesh.hub.tcp.tcp_catch_up import CatchingUp
from mesh.hub.tcp.tcp_client import Source

FAR = 1000  # entries missing; fewer come as fast over UDP
MOST_SOURCES = 4  # at once
AGAIN_S = 600.0  # before the same peer is used again
SETTLE_S = 0.5  # waits for further peers after the first
TAIL = 8  # newest entries of a feed that the node gets after bulk catch-up

log = logging.getLogger(__name__)


class Newcomer:
    """Catches up from peers that `peer` meets. They listen on TCP at the number of their UDP
    port.
    """

    def __init__(self, peer: HubPeer, far: int = FAR) -> None:
        self._peer = peer
        self._far = far
        self._asked: dict[bytes, float] = {}
        self._kit = make_kit()

    async def run(self) -> None:
        """Run until cancelled."""
        loop = asyncio.get_running_loop()
        with self._peer.events() as events:
            while True:
                sources = self._sources(loop.time())
                if sources:
                    await self._catch_up(sources)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN_S):
                        while not isinstance(await anext(events), PeerFound):
                            pass
                    await asyncio.sleep(SETTLE_S)

    def _sources(self, now_s: float) -> list[Source]:
        """Some peers that are up and were not used lately."""
        asked = {who: at for who, at in self._asked.items() if now_s - at < AGAIN_S}
        found = [
            Source(contact.peer, contact.address)
            for contact in self._peer.node.contacts.proven()
            if contact.state == UP and contact.address is not None and contact.peer not in asked
        ][:MOST_SOURCES]
        self._asked = asked | {source.peer: now_s for source in found}
        return found

    async def _catch_up(self, sources: list[Source]) -> None:
        feeds = self._peer.node.peer.feeds
        if feeds.archive is None:
            return
        work = CatchingUp(self._kit, self._peer.identity, feeds.archive, feeds.wants)
        try:
            caught = await work.run(sources, self._far)
            if caught.entries:
                log.info("%d entries over TCP from %d peers", caught.entries, len(sources))
                await asyncio.to_thread(feeds.archive.flush, FLUSH_S)
            for author, last in work.newest.items():
                run = feeds.archive.run(author, max(1, last - TAIL), self._peer.limits.run)
                if run is not None:
                    feeds.accept(self._peer.now(), run)
        except (LocalError, RemoteError) as error:
            log.warning("what came over TCP was not kept whole: %s", error.detail)
        self._peer.driver.settle()
