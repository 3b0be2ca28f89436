"""Large questions over UDP for what the store has: it is read in another thread, and then they
are answered as all others are. And wishes to actuators that take their time: see mesh.hub.doing.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from mesh.core import coap
from mesh.core.errors import RemoteError
from mesh.core.node import Node
from mesh.core.peer import Peer
from mesh.core.replies import APPLICATION
from mesh.core.run import check_wishes
from mesh.core.serving import Serving
from mesh.hub import bulk_runs
from mesh.hub.store.pieces import Sizes

if TYPE_CHECKING:
    from mesh.core.events import Requested
    from mesh.core.message import Opened
    from mesh.hub.driver import Driver
    from mesh.hub.faults import Faults

MOST = 64  # questions that wait for the store, of all


class Begun(Exception):
    """A wish to an actuator was looked at and is to be done; who asked is answered later."""

    def __init__(self, name: str, value: object, text: str) -> None:
        super().__init__(name)
        self.name = name
        self.value = value
        self.text = text
        self.opened: Opened | None = None  # None: an own rule


Act = Callable[[Begun, "Requested | None"], None]
Begin = Callable[["Requested", "Opened", dict[bytes, "int | None"]], None]


class AsidePeer(Peer):
    """A desktop's peer; begin(begun, None) does what a rule wishes."""

    begin: Act | None = None

    def actuate(self, now_ms: int, name: str, value: object, by: bytes | None) -> None:
        """As in Peer; Begun if a peer wishes what takes its time."""
        try:
            super().actuate(now_ms, name, value, by)
        except Begun as begun:
            if by is not None or self.begin is None:
                raise
            self.begin(begun, None)

    def done(self, now_ms: int, name: str, value: object, by: bytes | None) -> None:
        """Note what was begun and is done."""
        self.actuators[name][1] = value
        self.did(now_ms, name, value, by)


class AsideServing(Serving):
    """The server half of a desktop's node; begin() is to be given once it runs, and act() where
    there are actuators that take their time.
    """

    _begin: Begin | None = None
    act: Act | None = None

    def use(self, begin: Begin | None) -> None:
        """Have begin(request, opened, what is wanted) read for large questions from now on."""
        self._begin = begin

    def requested(self, now_ms: int, event: "Requested") -> None:
        """Answer one request, now or once what it wants was read."""
        if self._begin is None or not _is_large(event):
            self._at_once(now_ms, event)
            return
        opened = None
        try:
            opened = self._gate.open(now_ms, event)
            if opened is None:
                raise RemoteError("not signed", 0x81, "sign it (docs/protocol.md, section 4)")
            self._peer.verified += 1
            self._seen(now_ms, opened.sender, event.source)
            self._peer.access.check_read("/feeds", opened.sender)
            wanted: Any = self._gate.body(now_ms, event.message, opened)
            check_wishes(wanted)
            self._begin(event, opened, wanted)
        except RemoteError as error:
            self.refuse(now_ms, event, opened, error)

    def _at_once(self, now_ms: int, event: "Requested") -> None:
        try:
            super().requested(now_ms, event)
        except Begun as begun:
            if self.act is None:
                raise
            try:
                self.act(begun, event)
            except RemoteError as error:
                self.refuse(now_ms, event, begun.opened, error)

    def _reply(
        self, now_ms: int, event: "Requested", opened: "Opened | None"
    ) -> "coap.Message | None":
        try:
            return super()._reply(now_ms, event, opened)
        except Begun as begun:
            begun.opened = opened
            raise

    def changed(self, now_ms: int, event: "Requested", opened: "Opened") -> None:
        """Answer that what was begun is done, if anybody waits for it."""
        if event.ticket.state == APPLICATION:
            self._respond(now_ms, event, self._gate.sealed(opened, coap.CHANGED, None, b""))

    def refuse(
        self, now_ms: int, event: "Requested", opened: "Opened | None", error: RemoteError
    ) -> None:
        """Answer a question that was begun by a refusal."""
        if event.ticket.state == APPLICATION:
            self._respond(now_ms, event, self._refuse(now_ms, event, opened, error))

    def finish(self, now_ms: int, event: "Requested", opened: "Opened") -> None:
        """Answer a question that was begun, unless it was forgotten meanwhile."""
        if event.ticket.state != APPLICATION:
            return
        try:
            self._respond(now_ms, event, self._reply(now_ms, event, opened))
        except RemoteError as error:
            self.refuse(now_ms, event, opened, error)

    def _respond(self, now_ms: int, event: "Requested", reply: "coap.Message | None") -> None:
        if reply is None:
            self._endpoint.forget(event.ticket)
        else:
            self._endpoint.respond(now_ms, event.ticket, reply)
        self.gone(event.ticket)  # it came to no observation


class AsideNode(Node):
    """A desktop's node."""

    serves, holds = AsideServing, AsidePeer

    def follow(self, now_ms: int, peers: "Sequence[bytes]") -> None:
        """Follow these and nobody else from now on, besides those whom `*` means. Who keeps
        nothing of others cannot begin to.
        """
        if self.replicating is None:
            return
        followed = self._interest.followed
        given = [who for who, _ in self.profile.peers]
        for peer in set(followed).difference(peers, given):
            if (contact := self.contacts.get(peer)) is not None:
                contact.pinned = False
        followed[:] = peers
        for peer in peers:
            self.contacts.pin(now_ms, peer)
        self.replicating.due_ms = now_ms


class Aside:
    """Reads what large questions want, and has them answered."""

    def __init__(self, driver: "Driver", faults: "Faults") -> None:
        self._serving = cast("AsideServing", driver.node.serving)
        self._driver = driver
        self._faults = faults
        self._tasks: set[asyncio.Task[None]] = set()
        self._serving.use(self._begin)

    def close(self) -> None:
        """Leave what is being read."""
        self._serving.use(None)
        for task in list(self._tasks):
            task.cancel()

    def _begin(
        self, event: "Requested", opened: "Opened", wanted: dict[bytes, "int | None"]
    ) -> None:
        if len(self._tasks) >= MOST:
            raise RemoteError("busy with other questions", 0xA3, "ask again soon")
        task = asyncio.get_running_loop().create_task(self._work(event, opened, wanted))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(
        self, event: "Requested", opened: "Opened", wanted: dict[bytes, "int | None"]
    ) -> None:
        why = await self._faults.awaited("question", self._answer, event, opened, wanted)
        if why:
            self._serving.failed(self._driver.now(), event, why)
        self._driver.settle()

    async def _answer(
        self, event: "Requested", opened: "Opened", wanted: dict[bytes, "int | None"]
    ) -> None:
        node, fair = self._driver.node, self._driver.fair
        user, run = fair.at(event.source), node.limits.run
        archive = node.peer.feeds.archive
        found: Any = {}
        if archive is not None:
            sizes = Sizes(run, run, min(bulk_runs.most(event.message), node.limits.body))
            try:
                starts = bulk_runs.starts(wanted)
                found = await bulk_runs.read(archive, fair, user, starts, sizes)
            except RemoteError as error:  # too much is being read for it
                self._serving.refuse(self._driver.now(), event, opened, error)
                return
        start_s = time.thread_time()
        with archive.ready(found) if archive is not None else contextlib.nullcontext():
            self._serving.finish(self._driver.now(), event, opened)
        fair.charge(user, time.thread_time() - start_s)


def _is_large(event: "Requested") -> bool:
    """Whether a request asks for more of /feeds than a board can take."""
    message = event.message
    return (
        message.code == coap.FETCH
        and event.ticket.observe != 0
        and not event.group
        and message.path() == ["feeds"]
        and bool(message.payload)
        and bulk_runs.most(message) > bulk_runs.SMALL
        and "evidence" not in message.query()
    )
