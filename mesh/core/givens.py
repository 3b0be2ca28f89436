"""Addresses given by hand without the id of who is there: asked as long as nobody is up there."""

from mesh.core.contacts import ASLEEP, GIVEN, UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.contacts import Contacts
    from mesh.core.searching import Searching

AGAIN_MS = 2000  # until such an address is asked again, then twice as long
LONGEST_MS = 60_000
MOST = 8


class Givens:
    """The addresses, the newest MOST of them. tick() asks, and gives when it is to be called."""

    def __init__(self) -> None:
        self._rows: list[list[Any]] = []  # address, when to ask, pause

    def add(self, now_ms: int, address: "tuple[str, int]") -> None:
        """Ask there from now on."""
        if address not in [row[0] for row in self._rows]:
            self._rows = self._rows[1 - MOST :] + [[address, now_ms, AGAIN_MS // 2]]

    def tick(self, now_ms: int, searching: "Searching", contacts: "Contacts") -> int:
        for row in self._rows:
            if now_ms >= row[1]:
                row[2] = min(row[2] * 2, LONGEST_MS)
                there = [c.state for c in contacts.table.values() if c.address == row[0]]
                if UP in there or ASLEEP in there:
                    row[2] = AGAIN_MS
                else:
                    searching.at(now_ms, row[0], GIVEN)
                row[1] = now_ms + row[2]
        return int(min([row[1] for row in self._rows]))
