"""Sends the changes of one resource of a peer one after another, in their order.

Changes of other resources do not wait, as a slow one would hold up all. Sent together, changes of
one resource could overtake each other, and a repeated one could fall behind the peer's replay
window (docs/protocol.md, "Freshness").
"""

from mesh.core.errors import LocalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Send = Callable[[int], int]
    Failing = Callable[[int, str], None]

MOST = 256  # changes that wait, of all resources together
FIRST = 1 << 40  # numbers of changes: no exchange has one


class Turns:
    """Queues of changes, one for each `what`: a resource of a peer, as bytes.

    failed(number, why) is called for a change that could not be sent when its turn came.
    """

    def __init__(self, failed: "Failing") -> None:
        self._failed = failed
        self._count = FIRST
        # what -> [(number, send(now_ms) -> exchange)] in order; the first one is sent
        self._lines: dict[bytes, list[tuple[int, Send]]] = {}
        # exchange -> (number, what, number of the change in turn), several if it was repeated
        self._under_way: dict[int, tuple[int, bytes, int]] = {}

    def add(self, now_ms: int, what: bytes, send: "Send") -> int:
        """Queue a change, and send it if it is the first. Gives its number. LocalError if too many
        wait, or it cannot be sent.
        """
        if sum([len(line) for line in self._lines.values()]) >= MOST:
            raise LocalError("too many changes wait for their turn")
        number = self._count + 1
        line = self._lines.get(what, [])
        if not line:
            self._under_way[send(now_ms)] = number, what, number
        self._lines[what] = line + [(number, send)]
        self._count = number
        return number

    def beside(self, now_ms: int, turn: int, what: bytes, send: "Send") -> int:
        """Repeat a change in its own turn. Gives the number of the repetition.

        It is queued like any other if that turn is over or has not come.
        """
        if turn not in self._turns():
            return self.add(now_ms, what, send)
        self._under_way[send(now_ms)] = self._count + 1, what, turn
        self._count += 1
        return self._count

    def ended(self, now_ms: int, exchange: int) -> int:
        """Handle the end of an exchange. Gives the number of its change, or `exchange` if it was
        of none.

        When a change is complete, the next one of its resource is sent.
        """
        if exchange not in self._under_way:
            return exchange
        number, what, turn = self._under_way.pop(exchange)
        self._over(now_ms, what, turn)
        return number

    def once_more(self, now_ms: int, exchange: int, send: "Send") -> bool:
        """Send the change of an exchange again, in its turn. False if it cannot be sent."""
        if exchange not in self._under_way:
            return False
        try:
            self._under_way[send(now_ms)] = self._under_way[exchange]
        except LocalError:
            return False
        del self._under_way[exchange]
        return True

    def cancel(self, now_ms: int, number: int) -> int:
        """Cancel a change. Gives the exchange to be cancelled."""
        for exchange, one in list(self._under_way.items()):
            if one[0] == number:
                self.ended(now_ms, exchange)
                return exchange
        for what, line in list(self._lines.items()):
            if number in [one[0] for one in line]:
                self._over(now_ms, what, number)
        return number

    def _turns(self) -> "list[int]":
        return [one[2] for one in self._under_way.values()]

    def _over(self, now_ms: int, what: bytes, turn: int) -> None:
        """Remove a change from its queue, unless a repetition is under way, and send the next."""
        turns = self._turns()
        if turn in turns:
            return
        line = [one for one in self._lines.get(what, []) if one[0] != turn]
        while line and line[0][0] not in turns:
            try:
                self._under_way[line[0][1](now_ms)] = line[0][0], what, line[0][0]
                break
            except LocalError as error:
                self._failed(line.pop(0)[0], error.detail)
        if line:
            self._lines[what] = line
        else:
            self._lines.pop(what, None)
