"""Recovery when memory runs out: the datagram, job or tick is dropped, half-done work is cleaned
up, and what is least needed is freed. If that does not help, the board restarts.

The largest block without which a board is deaf is that of a datagram. Such a block is reserved,
and released when memory runs out, until all work finds memory again.
"""

import gc

from mesh.core.events import Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.node import Node
    from mesh.device.faults import Faults

DATAGRAM, TURN = 0, 1
SHED = 4  # failures in a row after which memory is freed
MANY = 16  # failures in a row, and ms, after which the board restarts
LONG_MS = 60_000
RESERVE = 1056  # bytes: a datagram (mesh/core/limits.py) and its object


class Memory:
    """Counts failures in a row, of datagrams and of turns. over(error) ends this start."""

    def __init__(
        self,
        node: "Node",
        faults: "Faults",
        now: "Callable[[], int]",
        over: "Callable[[BaseException], None]",
    ) -> None:
        self._node = node
        self._faults = faults
        self._now = now
        self._over = over
        self._rows = [0, 0]
        self._since = [0, 0]
        self._reserve: bytearray | None = bytearray(RESERVE)

    def look(self, kind: int, lacked: bool) -> None:
        """Record whether a DATAGRAM or a TURN failed for lack of memory."""
        if lacked:
            self._reserve = None
            gc.collect()
            self._faults("memory", self._handle, kind)
            return
        self._rows[kind] = 0
        if self._reserve is None and not any(self._rows):
            try:
                self._reserve = bytearray(RESERVE)
            except MemoryError:  # not yet
                pass

    def _handle(self, kind: int) -> None:
        now_ms = self._now()
        row = self._rows[kind] = self._rows[kind] + 1
        if row == 1:
            self._since[kind] = now_ms
        if row % SHED == 0:
            self._shed(now_ms)
        if row >= MANY and now_ms - self._since[kind] >= LONG_MS:
            self._over(MemoryError(f"no memory {row} times in a row"))
        recover(self._node, now_ms)

    def _shed(self, now_ms: int) -> None:
        node = self._node
        node.endpoint.shed(now_ms)
        node.contacts.shed()
        for feed in node.peer.feeds.foreign.values():
            feed.shed()
        gc.collect()


def recover(node: "Node", now_ms: int) -> None:
    """Clean up what a lack of memory interrupted, so that nothing waits for ever."""
    node.tick(now_ms)
    node.endpoint.recover(now_ms)
    alive = [request.number for request in node.endpoint.open.values()]
    for asker in (node.asks, node.searching):
        for number in list(asker.open):
            if number not in alive:
                asker.outcome(now_ms, Failed(number, "no memory"))
    for contact in node.contacts.listed():
        node.contacts.schedule(contact, contact.due_ms)
