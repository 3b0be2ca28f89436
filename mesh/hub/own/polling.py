"""Polls a desktop's own sensors in turn. An error of one does not stop it."""

import asyncio
import contextlib
from collections.abc import Callable

from mesh.core.errors import LocalError
from mesh.core.node import Node
from mesh.hub.driver import Driver
from mesh.hub.guard import LONGEST, Faults
from mesh.hub.own.sensors import FAULTS, Reader
from mesh.hub.streams import Failing, Measured

SLOW_S = 30.0  # after which a hanging disk or bus is reported


class Sampling:
    """Reads a sensor for a node, every `every_s` or as pace() says. tell(event) gets Measured
    after each reading.
    """

    def __init__(
        self,
        node: Node,
        driver: Driver,
        faults: Faults,
        tell: Callable[[object], None],
        every_s: float,
    ) -> None:
        self._node = node
        self._driver = driver
        self._faults = faults
        self._tell = tell
        self._own_s = self._every_s = every_s
        self._paced = asyncio.Event()

    def pace(self, every_s: float | None) -> None:
        """Read it so often from now on; None: as it was set first."""
        self._every_s = self._own_s if every_s is None else every_s
        self._paced.set()

    async def run(self, name: str, reader: Reader) -> None:
        """Read it until cancelled. The reason of a failure is shown in /peer."""
        try:
            await self._turns(name, reader)
        finally:
            reader.close()

    async def _turns(self, name: str, reader: Reader) -> None:
        while True:
            before = self._why(name)
            if why := await self._faults.awaited(f"sensor {name}", self._read, name, reader):
                self._node.sensor_failed(name, why)
            if (now := self._why(name)) != before:
                self._tell(Failing(name, now))
            self._faults("settle", self._driver.settle)
            await self._pause()

    async def _pause(self) -> None:
        """Wait until the next reading is due, or sooner if a shorter pace is set meanwhile."""
        now = asyncio.get_running_loop().time
        due_s = now() + self._every_s
        while (left_s := due_s - now()) > 0:
            self._paced.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._paced.wait()
                due_s = min(due_s, now() + self._every_s)

    def _why(self, name: str) -> str:
        return self._node.peer.sensors[name].error or ""

    async def _read(self, name: str, reader: Reader) -> None:
        coming = self._faults.aside(reader.read)
        try:
            while not (await asyncio.wait([coming], timeout=SLOW_S))[0]:
                self._node.sensor_failed(name, f"it hangs, for more than {SLOW_S:.0f} s")
                self._driver.settle()
            value = coming.result()
        except FAULTS as error:
            kind = "" if isinstance(error, LocalError | OSError) else type(error).__name__
            reason = ": ".join(filter(None, (kind, str(error)[:LONGEST])))
            self._node.sensor_failed(name, reason or type(error).__name__)
            return
        finally:
            coming.cancel()  # stopping does not wait for it
        self._node.reading(self._driver.now(), name, value)
        self._tell(Measured(name))
