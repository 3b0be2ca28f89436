"""The store of a running desktop peer: opened for its node, and closed with everything written."""

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from mesh.core import peer_id as ids
from mesh.core.errors import LocalError, RemoteError
from mesh.core.full.archived import Archived
from mesh.core.node import Node
from mesh.core.policy.settings import Profile
from mesh.hub.aside import to_the_end
from mesh.hub.home import successors
from mesh.hub.home.home import Home
from mesh.hub.store import leftover, projecting, schema
from mesh.hub.store.archive import Archive
from mesh.hub.store.crowd import chosen
from mesh.hub.store.floor import Floor
from mesh.hub.store.hooks import log_fault
from mesh.hub.store.own import OwnFeed
from mesh.hub.store.quota import Budget
from mesh.hub.store.retention_rules import Rules

log = logging.getLogger(__name__)


class Record:
    """The store in a home, for the node that fills it. `trouble`: why it cannot be written, or "".
    report(part, error) gets faults of ours, from any thread.
    """

    def __init__(
        self,
        home: Home,
        profile: Profile,
        node: Node,
        report: Callable[[str, BaseException], None] = log_fault,
        projections: projecting.Table = projecting.BUILT_IN,
    ) -> None:
        self._projections = projections
        self._report = report
        self._home = home
        self._node = node
        self._feeds = cast("Archived", node.peer.feeds)
        self._rules = Rules(profile)
        self._archive: Archive | None = None
        self._floor = Floor(home.path, node.limits.free_mb, self._refuse)
        known = {home.identity.public, *chosen(profile)}
        # what they said under keys that they had before is kept as well
        before = successors.load(home.path).items()
        known |= {ids.from_text(old) for old, one in before if ids.from_text(one.now) in known}
        self._budget = Budget(node.limits, known, self._floor, self._gone)

    @property
    def trouble(self) -> str:
        """Why nothing can be written at present, or ""."""
        return self._archive.trouble if self._archive is not None else ""

    async def open(self, tail: int) -> None:
        """Load the feeds from the store; `tail`: own entries in memory. LocalError. Nothing else
        may use the node meanwhile.
        """
        self._loop = asyncio.get_running_loop()
        await to_the_end(lambda: self._open(tail))

    def _open(self, tail: int) -> None:
        home = self._home
        path = home.path / schema.NAME
        aside = leftover.put_aside(path, home.past.token)
        if aside:
            log.warning("%s", aside)
        self._archive = archive = Archive(
            path,
            self._forked,
            self._rules,
            self._tell,
            home.identity.public,
            lambda what, error: self._report(f"store {what}", error),
            budget=self._budget,
            projections=self._projections,
        ).open()
        try:
            feeds = self._feeds
            own = OwnFeed(archive, home.identity, tail, home.reached)
            why = own.restore(feeds.own, home.silent, home.past, home.boots)
            self._node.newest.wait()
            home.speaks()
            if why:
                home.doubt()
                log.warning("the own feed goes on with a gap: %s", why)
            feeds.resume(archive)
        except BaseException:
            self._close()
            raise

    async def close(self) -> None:
        """Write what waits, and close the file. Nothing else may use the node meanwhile."""
        await to_the_end(self._close)

    def _close(self) -> None:
        archive, self._archive = self._archive, None
        if archive is not None:
            self._node.peer.feeds.own.keep()
            archive.close()

    def meet(self, peer: bytes, host: str) -> None:
        """Record that a peer answered, signed, at an address of a host."""
        if self._archive is not None:
            self._archive.meet(peer, host)

    def look(self) -> None:
        """Check the free space on the disk, which /peer shows."""
        self._floor.look()

    def _refuse(self, why: str) -> None:
        about = self._node.peer.more
        about.pop("refusing", None)
        if why:
            about["refusing"] = why
            log.warning("%s", why)

    def _gone(self, author: bytes) -> None:
        self._loop.call_soon_threadsafe(self._forget, author)

    def _forget(self, author: bytes) -> None:
        self._feeds.forget(author)
        if self._node.replicating is not None:
            self._node.replicating.parents.pop(author, None)

    def _forked(self, author: bytes, _: int, ours: list[object], theirs: list[object]) -> None:
        self._loop.call_soon_threadsafe(self._prove, author, [ours, theirs])

    def _prove(self, author: bytes, pair: object) -> None:
        try:
            self._node.peer.feeds.prove(author, pair)
        except (RemoteError, LocalError) as error:
            log.error("two histories of one author, and no proof of it: %s", error.detail)

    @staticmethod
    def _tell(trouble: str) -> None:
        if trouble:
            log.error("%s; the peer goes on, and nothing that was kept is lost", trouble)
        else:
            log.warning("the store can be written again")
