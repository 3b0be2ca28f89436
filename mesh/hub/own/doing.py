"""Runs a desktop's own actuators in threads. A request is answered when it is done."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from mesh.core import codes
from mesh.core.coap.ticket import APPLICATION
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Refused, Requested
from mesh.core.policy.section_table import Actuator
from mesh.hub.large_reads import AsidePeer, AsideServer, Begun
from mesh.hub.own.actuators import KINDS, Device

if TYPE_CHECKING:
    from mesh.hub.driver import Driver
    from mesh.hub.guard import Faults

MOST = 4  # requests to one actuator, including the one under way
STILL_S = 10.0  # after which a hanging disk or bus is reported


class _Slow:
    """An actuator in use. Requests are carried out one after another."""

    def __init__(self, name: str, device: Device) -> None:
        self.name = name
        self.device = device
        self.lock = asyncio.Lock()
        self.wishes = 0
        self.under_way: asyncio.Future[object] | None = None

    def apply(self, value: object) -> None:
        """Begin to set it. LocalError for an invalid value."""
        raise Begun(self.name, value, self.device.wishes.text(value))


class Doing:
    """Carries out what peers and rules ask of the actuators in the settings."""

    def __init__(self, driver: "Driver", faults: "Faults", wanted: Mapping[str, Actuator]) -> None:
        self._node = driver.node
        self._peer = cast("AsidePeer", driver.node.peer)
        self._serving = cast("AsideServer", driver.node.serving)
        self._driver = driver
        self._faults = faults
        self._tasks: set[asyncio.Task[None]] = set()
        self._all: dict[str, _Slow] = {}
        self._peer.act_by(self._begin)
        self._serving.act_by(self._begin)
        for name, actuator in wanted.items():
            self.add(name, KINDS[actuator.kind](actuator.options))

    def add(self, name: str, device: Device) -> None:
        """Add an actuator."""
        self._all[name] = slow = _Slow(name, device)
        self._node.add_actuator(name, slow.apply, None)
        self._spawn(self._look(slow))

    def close(self) -> None:
        """Drop what is under way, and kill programs."""
        for slow in self._all.values():
            slow.device.end()
        for task in list(self._tasks):
            task.cancel()

    async def wish(self, name: str, value: object, by: bytes) -> None:
        """Set an actuator for the holder of this peer, and wait for it. RemoteError has the reason
        if it fails.
        """
        try:
            self._peer.actuate(self._driver.now(), name, value, by)
            return
        except Begun as begun:
            slow, text = self._all[name], begun.text
        if slow.wishes >= MOST:
            raise RemoteError("busy with earlier requests", codes.UNAVAILABLE, "try again soon")
        slow.wishes += 1
        try:
            async with slow.lock:
                await self._do(slow, text)
        except LocalError as error:
            raise RemoteError(error.detail, codes.BAD_REQUEST, error.help) from error
        finally:
            slow.wishes -= 1
        self._peer.done(self._driver.now(), name, value, by)

    def _spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self, slow: _Slow) -> None:
        """Find out its value at the start."""
        value = await self._faults.aside(slow.device.now)
        if not slow.wishes and self._peer.actuators[slow.name][1] is None:
            self._peer.actuators[slow.name][1] = value

    def _begin(self, begun: Begun, event: Requested | None) -> None:
        """Begin what was checked before. RemoteError if too many wait."""
        slow = self._all[begun.name]
        if slow.wishes >= MOST:
            raise RemoteError("busy with earlier requests", codes.UNAVAILABLE, "try again soon")
        slow.wishes += 1
        self._spawn(self._work(slow, begun, event))

    async def _work(self, slow: _Slow, begun: Begun, event: Requested | None) -> None:
        try:
            async with slow.lock:
                why = await self._faults.awaited(
                    f"actuator {slow.name}", self._act, slow, begun, event
                )
        finally:
            slow.wishes -= 1
        if why and event is not None:
            self._serving.failed(self._driver.now(), event, why)
        self._faults("settle", self._driver.settle)

    async def _act(self, slow: _Slow, begun: Begun, event: Requested | None) -> None:
        if event is not None and event.ticket.state != APPLICATION:
            return  # the request has timed out: do not act late
        try:
            await self._do(slow, begun.text)
        except LocalError as error:
            now_ms, why = (
                self._driver.now(),
                RemoteError(error.detail, codes.BAD_REQUEST, error.help),
            )
            if event is not None:
                self._serving.refuse(now_ms, event, begun.opened, why)
            else:
                self._node.emit(Refused(None, None, why.code, "rule: " + why.detail))
            return
        by = begun.opened.sender if begun.opened else None
        self._peer.done(self._driver.now(), begun.name, begun.value, by)
        if event is not None and begun.opened is not None:
            self._serving.was_set(self._driver.now(), event, begun.opened)

    async def _do(self, slow: _Slow, text: str) -> None:
        if slow.under_way is not None and not slow.under_way.done():
            raise LocalError("the request before it still hangs")
        slow.under_way = coming = self._faults.aside(lambda: slow.device.do(text))
        coming.add_done_callback(_heed)  # stopping does not wait for it
        if not (await asyncio.wait([coming], timeout=STILL_S))[0]:
            raise LocalError(f"it hangs, for more than {STILL_S:.0f} s")
        coming.result()


def _heed(done: "asyncio.Future[object]") -> None:
    """Fetch the exception, or asyncio logs it."""
    if not done.cancelled():
        done.exception()
