"""What a board does where there is no memory: one datagram, job or tick has to do without, what it
left half done is set right, and what is least needed goes. If all that is no help, it starts anew.
"""

import gc

from mesh.core.events import Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.node import Node
    from mesh.device.faults import Faults

DATAGRAM, TURN = 0, 1
SHED = 4  # lacks in a row, after which something goes
MANY = 16  # in a row, and for so long: then all begins anew
LONG_MS = 60_000


class Memory:
    """Counts lacks in a row, of datagrams and of turns. over(error) ends this start."""

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

    def look(self, kind: int, lacked: bool) -> None:
        """Note whether memory was lacking for a DATAGRAM or a TURN."""
        if not lacked:
            self._rows[kind] = 0
            return
        gc.collect()
        self._faults("memory", self._handle, kind)

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
    """Have nothing wait for ever for what a lack of memory ended."""
    node.tick(now_ms)
    node.endpoint.recover(now_ms)
    alive = [request.number for request in node.endpoint.open.values()]
    for asker in (node.asks, node.searching):
        for number in list(asker.open):
            if number not in alive:
                asker.outcome(now_ms, Failed(number, "no memory"))
    for contact in node.contacts.listed():
        node.contacts.schedule(contact, contact.due_ms)
