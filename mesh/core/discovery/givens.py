"""Bootstrap addresses: given by hand without a peer id, and queried until a peer is up there."""

from mesh.core.discovery.contact import ASLEEP, GIVEN, UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.discovery.contacts import Contacts

AGAIN_MS = 2000  # first pause until an address is queried again; it doubles
LONGEST_MS = 60_000
MOST = 8


class Givens:
    """The bootstrap addresses, the newest MOST of them. ask(now_ms, address, how) sends a
    query.
    """

    def __init__(self, ask: "Callable[[int, tuple[str, int], str], None]") -> None:
        self._ask = ask
        self._rows: list[list[Any]] = []  # [address, when to query, pause]

    def add(self, now_ms: int, address: "tuple[str, int]") -> None:
        """Query an address from now on."""
        if address not in [row[0] for row in self._rows]:
            self._rows = self._rows[1 - MOST :] + [[address, now_ms, AGAIN_MS // 2]]

    def tick(self, now_ms: int, contacts: "Contacts") -> int:
        """Query the addresses that are due. Gives when to call it next."""
        for row in self._rows:
            if now_ms >= row[1]:
                row[2] = min(row[2] * 2, LONGEST_MS)
                there = [c.state for c in contacts.table.values() if c.address == row[0]]
                if UP in there or ASLEEP in there:
                    row[2] = AGAIN_MS
                else:
                    self._ask(now_ms, row[0], GIVEN)
                row[1] = now_ms + row[2]
        return int(min([row[1] for row in self._rows]))
