"""One known peer: its addresses, its state, and its share of rate limits."""

from mesh.core.rate import Bucket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NEW = "new"
UP = "up"
LOST = "lost"
ASLEEP = "asleep"  # it said when it will be awake again

GIVEN = "given"  # how an address was learnt
SAID = ("last", "asked us")
FIRST_HAND = (GIVEN,) + SAID  # not from third parties


class Contact:
    """A known peer. `address`: its verified address, or None; `candidates`: [(address, how)] not
    tried yet.
    """

    name = kind = how = ""
    teller = b""  # the peer that told of it
    state = NEW
    address: "tuple[str, int] | None" = None
    tries = verified = refused = 0
    asking: "Any" = ()  # addresses at which a check is under way
    pinned = False
    keeps = False  # whether it keeps the feeds of others too
    linked = False  # whether we observe it
    _purse: "Bucket | None" = None  # budget of its signature checks
    welcome = False  # it may evict another contact when the table is full
    boots = -1
    slept_ms = wakes_ms = 0  # when it went to sleep, and when it should be awake again
    whom = 0  # how often it will still be asked for its peers

    def __init__(self, peer: bytes, now_ms: int) -> None:
        self.peer = peer
        self.candidates: list[tuple[tuple[str, int], str]] = []
        self.given: list[tuple[str, int]] = []  # addresses given by hand: tried again and again
        self.heard_ms = now_ms
        self.due_ms = now_ms

    def where(self) -> "list[tuple[tuple[str, int], str]]":
        """The addresses to check next, as [(address, how)], besides those under way.

        New ones come first; of those told by third parties only one is tried at a time. A peer
        that is up is only looked for where its own messages come from.
        """
        rows = self.candidates + [(at, GIVEN) for at in [self.address] + self.given if at]
        if self.state == UP and not (self.asking or self.tries):
            return [row for row in rows if row[0] == self.address or row[1] in SAID]
        told = [a for a, how in self.candidates if a in self.asking and how not in FIRST_HAND]
        return [r for r in rows if r[0] not in self.asking and (not told or r[1] in FIRST_HAND)]

    def tried(self, address: "tuple[str, int]") -> str:
        """Remove a candidate. Gives how it was learnt, or "" if it is none."""
        for candidate in self.candidates:
            if candidate[0] == address:
                self.candidates.remove(candidate)
                return candidate[1]
        return GIVEN if address in self.given else ""

    def judged(self, good: bool) -> None:
        """Count a message of this peer that passed verification, or failed it."""
        self.verified += good
        self.refused += not good

    def pays(self, now_ms: int, rate: int, burst_s: int) -> bool:
        """Take one signature check from this peer's budget of `rate` a second. False if it is used
        up.
        """
        if self._purse is None:
            self._purse = Bucket(rate, burst_s)
        return self._purse.take(now_ms)
