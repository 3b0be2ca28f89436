"""A desktop's own sensors, read in their turn: whatever one of them raises, it is read again."""

import asyncio
from collections.abc import Callable

from mesh.core.errors import LocalError
from mesh.core.node import Node
from mesh.hub.driver import Driver
from mesh.hub.faults import Faults
from mesh.hub.sensors import Reader
from mesh.hub.streams import Measured


class Sampling:
    """Reads sensors for a node. tell(event) gets Measured after each reading."""

    def __init__(
        self, node: Node, driver: Driver, faults: Faults, tell: Callable[[object], None]
    ) -> None:
        self._node = node
        self._driver = driver
        self._faults = faults
        self._tell = tell

    async def run(self, name: str, reader: Reader, every_s: float) -> None:
        """Read one until cancelled. Why it gives nothing stands in /peer until it does."""
        while True:
            if why := await self._faults.awaited(f"sensor {name}", self._read, name, reader):
                self._node.sensor_failed(name, why)
            self._faults("settle", self._driver.settle)
            await asyncio.sleep(every_s)

    async def _read(self, name: str, reader: Reader) -> None:
        try:
            value = await asyncio.to_thread(reader.read)
        except (LocalError, OSError) as error:
            self._node.sensor_failed(name, str(error) or type(error).__name__)
            return
        self._node.reading(self._driver.now(), name, value)
        self._tell(Measured(name))
