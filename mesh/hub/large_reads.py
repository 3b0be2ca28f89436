"""Handles slow requests in threads, so that the event loop goes on: large reads of the store,
offers (large_offers) and slow actuators (own/doing).
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from mesh.core import codes
from mesh.core.coap import message as coap
from mesh.core.coap.ticket import APPLICATION
from mesh.core.codec.formats import CBOR
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import read_wishes
from mesh.core.replication.publisher import OTHERS
from mesh.core.resources.peer import Peer
from mesh.core.resources.server import Server
from mesh.hub.large_offers import Offering
from mesh.hub.store.pieces import Sizes
from mesh.hub.tcp import runs as bulk_runs
from mesh.hub.tcp.runs import LARGE, OVERHEAD, RUN
from mesh.hub.transports import Call

if TYPE_CHECKING:
    from mesh.core.events import Requested
    from mesh.core.limits import Limits
    from mesh.core.security.seal import Opened
    from mesh.hub.driver import Driver
    from mesh.hub.guard import Faults

MOST = 64  # requests that may wait for the store, in all
MOST_OFFERS = 16  # requests waiting at which no offer is begun


class Begun(Exception):
    """Raised for a request to an actuator that was accepted and is not done yet. It is answered
    later.
    """

    def __init__(self, name: str, value: object, text: str) -> None:
        super().__init__(name)
        self.name = name
        self.value = value
        self.text = text
        self.opened: Opened | None = None  # None for an own rule


Act = Callable[[Begun, "Requested | None"], None]
Wishes = dict[bytes, "int | None"]
Begin = Callable[["Requested", "Opened", "Wishes | None"], None]


class AsidePeer(Peer):
    """The state of a desktop peer."""

    _act: Act | None = None

    def act_by(self, act: Act) -> None:
        """Have act(begun, None) start a slow actuator that a rule sets."""
        self._act = act

    def actuate(self, now_ms: int, name: str, value: object, by: bytes | None) -> None:
        """As in Peer. Begun if a peer asked for what takes time."""
        try:
            super().actuate(now_ms, name, value, by)
        except Begun as begun:
            if by is not None or self._act is None:
                raise
            self._act(begun, None)

    def done(self, now_ms: int, name: str, value: object, by: bytes | None) -> None:
        """Record that an actuator that took time was set."""
        self.actuators[name][1] = value
        self.did(now_ms, name, value, by)


class AsideServer(Server):
    """The server of a desktop's node."""

    _begin: Begin | None = None
    _act: Act | None = None

    def act_by(self, act: Act) -> None:
        """Have act(begun, request) start a slow actuator that a peer sets."""
        self._act = act

    def use(self, begin: Begin | None) -> None:
        """Set begin(request, opened, wishes or None), called for large reads and for offers from
        now on.
        """
        self._begin = begin

    def requested(self, now_ms: int, event: "Requested") -> None:
        """Answer a request, now or when what it wants was read."""
        if self._begin is None or not _is_slow(event):
            self._at_once(now_ms, event)
            return
        opened = None
        try:
            opened = self._gate.open(now_ms, event)
            if opened is None:
                raise RemoteError(
                    "not signed", codes.UNAUTHORIZED, "sign it (docs/protocol.md, section 4)"
                )
            self._peer.judged(None, True)
            self._seen(now_ms, opened.sender, event.source)
            self._begin(event, opened, self._wishes(now_ms, event, opened))
        except RemoteError as error:
            self.refuse(now_ms, event, opened, error)

    def _wishes(self, now_ms: int, event: "Requested", opened: "Opened") -> Wishes | None:
        """The wishes of a large read; None for an offer, which has to be fresh."""
        if event.message.code == coap.POST:
            self._gate.fresh(now_ms, event.message, opened)
            return None
        asked = self._peer.asked(event.message, opened.sender)
        asked.of.access(self._peer, asked)
        if self._peer.is_private(asked):
            self._gate.fresh(now_ms, event.message, opened)
        return read_wishes(self._gate.body(opened))

    def _at_once(self, now_ms: int, event: "Requested") -> None:
        try:
            super().requested(now_ms, event)
        except Begun as begun:
            if self._act is None:
                raise
            try:
                self._act(begun, event)
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

    def was_set(
        self, now_ms: int, event: "Requested", opened: "Opened", body: bytes = b""
    ) -> None:
        """Answer that a slow actuator was set, if the request is still open."""
        self._tell(now_ms, event, self._gate.sealed(opened, codes.CHANGED, CBOR, body))

    def found(self, now_ms: int, event: "Requested", opened: "Opened", body: bytes) -> None:
        """Answer a large read with its content, if the request is still open."""
        self._tell(now_ms, event, self._gate.sealed(opened, codes.CONTENT, CBOR, body))

    def _tell(self, now_ms: int, event: "Requested", reply: coap.Message) -> None:
        if event.ticket.state == APPLICATION:
            self._respond(now_ms, event, reply)

    def refuse(
        self, now_ms: int, event: "Requested", opened: "Opened | None", error: RemoteError
    ) -> None:
        """Answer a slow request with an error."""
        if event.ticket.state == APPLICATION:
            self._respond(now_ms, event, self._refuse(now_ms, event, opened, error))

    def finish(self, now_ms: int, event: "Requested", opened: "Opened") -> None:
        """Answer a slow request, unless it was dropped meanwhile."""
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
        self.gone(event.ticket)  # the observation was not established


class Aside:
    """Runs slow requests in threads: reads what large ones want, stores what is offered, and has
    them answered.
    """

    def __init__(self, driver: "Driver", faults: "Faults") -> None:
        self._serving = cast("AsideServer", driver.node.serving)
        self._driver = driver
        self._faults = faults
        self._offering = Offering(driver)
        self._tasks: set[asyncio.Task[None]] = set()
        self._serving.use(self._begin)

    def close(self) -> None:
        """Drop what is under way."""
        self._serving.use(None)
        for task in list(self._tasks):
            task.cancel()

    def _begin(self, event: "Requested", opened: "Opened", wanted: Wishes | None) -> None:
        if len(self._tasks) >= (MOST_OFFERS if wanted is None else MOST):
            raise RemoteError(
                "busy with other offers and questions", codes.UNAVAILABLE, "try again soon"
            )
        task = asyncio.get_running_loop().create_task(self._work(event, opened, wanted))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, event: "Requested", opened: "Opened", wanted: Wishes | None) -> None:
        if wanted is None:
            why = await self._faults.awaited("offer", self._keep, event, opened)
        else:
            why = await self._faults.awaited("question", self._answer, event, opened, wanted)
        if why:
            self._serving.failed(self._driver.now(), event, why)
        self._driver.settle()

    async def _keep(self, event: "Requested", opened: "Opened") -> None:
        try:
            held = await self._offering.keep(self._driver.fair.at(event.source), opened)
        except RemoteError as error:
            self._serving.refuse(self._driver.now(), event, opened, error)
            return
        body = self._driver.node.peer.kit.encode(held)
        self._serving.was_set(self._driver.now(), event, opened, body)

    async def _answer(self, event: "Requested", opened: "Opened", wanted: Wishes) -> None:
        node, fair = self._driver.node, self._driver.fair
        user, feeds = fair.at(event.source), node.peer.feeds
        sizes = _sizes(event, wanted, node.limits)
        archive = feeds.archive
        found: Any = {}
        if archive is not None:
            try:
                starts = bulk_runs.starts(wanted)
                found = await bulk_runs.read(archive, fair, user, starts, sizes)
            except RemoteError as error:  # too many reads of this user are under way
                self._serving.refuse(self._driver.now(), event, opened, error)
                return
        start_s = time.thread_time()
        with archive.ready(found) if archive is not None else contextlib.nullcontext():
            if sizes.most == LARGE:
                body = bulk_runs.answer(feeds, wanted, sizes.all)
                self._serving.found(self._driver.now(), event, opened, body)
            else:
                self._serving.finish(self._driver.now(), event, opened)
        fair.charge(user, time.thread_time() - start_s)


def _sizes(event: "Requested", wanted: Wishes, limits: "Limits") -> Sizes:
    """The largest size of an answer, and of runs in it: larger over TCP, if only runs are
    wanted.
    """
    most, call = bulk_runs.most(event.message), event.ticket
    if isinstance(call, Call) and OTHERS not in wanted and None not in wanted.values():
        return Sizes(RUN, LARGE, min(most, LARGE, call.largest() - OVERHEAD))
    return Sizes(limits.run, limits.run, min(most, limits.body))


def _is_slow(event: "Requested") -> bool:
    """Whether a request offers runs, or wants more of /feeds than a board's answer has."""
    message = event.message
    if event.group or message.all(coap.URI_PATH) != [b"feeds"] or not message.payload:
        return False
    if message.code == coap.POST:
        return True
    return (
        message.code == coap.FETCH
        and event.ticket.observe != 0
        and bulk_runs.most(message) > bulk_runs.SMALL
        and "evidence" not in message.query()
    )
