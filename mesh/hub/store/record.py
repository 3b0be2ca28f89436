"""A desktop peer's store at work: opened for a node, and closed with nothing left unwritten."""

import asyncio
import logging
from collections.abc import Callable

from mesh.core import archived
from mesh.core.errors import LocalError, RemoteError
from mesh.core.node import Node
from mesh.core.settings import Profile
from mesh.hub.home import Home
from mesh.hub.store import leftover, schema
from mesh.hub.store.archive import Archive
from mesh.hub.store.budget import Budget
from mesh.hub.store.crowd import chosen
from mesh.hub.store.floor import Floor
from mesh.hub.store.hooks import log_fault
from mesh.hub.store.own import OwnFeed
from mesh.hub.store.rules import Rules

log = logging.getLogger(__name__)


class Record:
    """The store in a home, and the node that fills it. trouble: why it cannot be written.
    report(part, error) gets faults of ours, in any thread.
    """

    def __init__(
        self,
        home: Home,
        profile: Profile,
        node: Node,
        report: Callable[[str, BaseException], None] = log_fault,
    ) -> None:
        self._report = report
        self._home = home
        self._node = node
        self._rules = Rules(profile)
        self._archive: Archive | None = None
        self._floor = Floor(home.path, node.limits.free_mb, self._refuse)
        self._budget = Budget(
            node.limits, {home.identity.public, *chosen(profile)}, self._floor, self._gone
        )

    @property
    def trouble(self) -> str:
        """Why nothing can be written at the moment, or nothing."""
        return self._archive.trouble if self._archive is not None else ""

    def open(self, tail: int) -> None:
        """Go on where the store has the feeds; `tail`: own entries in memory. LocalError."""
        self._loop = asyncio.get_running_loop()
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
        ).open()
        try:
            feeds = self._node.peer.feeds
            own = OwnFeed(archive, home.identity, tail, home.reached)
            why = own.restore(feeds.own, home.silent, home.past, home.boots)
            self._node.newest.wait()
            home.speaks()
            if why:
                home.doubt()
                log.warning("the own feed goes on with a gap: %s", why)
            feeds.resume(archive)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Write what waits, and close the file."""
        archive, self._archive = self._archive, None
        if archive is not None:
            self._node.peer.feeds.own.keep()
            archive.close()

    def meet(self, peer: bytes, host: str) -> None:
        """A peer answered, signed, at an address of a host."""
        if self._archive is not None:
            self._archive.meet(peer, host)

    def look(self) -> None:
        """See whether there is room on the disk: /peer tells."""
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
        archived.forget(self._node.peer.feeds, author)
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
