"""How many signatures a peer checks for whom: a stranger's, and a known one's, cost as much."""

from mesh.core.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.contacts import Contact
    from mesh.core.limits import Limits

BURST_S = 16  # seconds' worth that a proven address may have at once
FAILED = 4  # and what turns out to be wrong


class Bucket:
    """At most `rate` a second, `burst_s` seconds' worth at once."""

    def __init__(self, rate: int, burst_s: int = 1) -> None:
        self._rate = rate
        self._full = self._left = rate * burst_s * 1000
        self._at_ms = 0

    def take(self, now_ms: int, count: int = 1) -> bool:
        """Take so many if there is one; what is not there is owed."""
        self._left = min(self._full, self._left + (now_ms - self._at_ms) * self._rate)
        self._at_ms = now_ms
        if self._left < 1000:
            return False
        self.owe(count)
        return True

    def owe(self, count: int) -> None:
        """Have so many taken, whether or not they are there."""
        self._left = max(-self._full, self._left - count * 1000)


class Purses:
    """What proven addresses may cost: each contact has its own purse. Those who were only met,
    so neither followed nor linked to nor the `holder`, have no more than one for all of them
    together; addresses that are no contact's have one for all.
    """

    def __init__(self, limits: "Limits", holder: "bytes | None") -> None:
        self._rate = rate = limits.proven_per_s
        self._holder = holder
        self._met = Bucket(rate * 2, BURST_S)
        self._rest = Bucket(rate // 2 or 1, BURST_S)

    def pay(self, now_ms: int, contact: "Contact | None") -> None:
        """RemoteError if nothing is left for a signature, for a contact or for anybody else."""
        if contact is not None:
            own = contact.purse = contact.purse or Bucket(self._rate, BURST_S)
            if own.take(now_ms) and (
                contact.pinned
                or contact.linked
                or contact.peer == self._holder
                or self._met.take(now_ms)
            ):
                return
        if not self._rest.take(now_ms):
            raise RemoteError("too many", 0x9D)

    def failed(self) -> None:
        """A check was in vain: whose address it came from says nothing, so all pay for it."""
        self._rest.owe(FAILED)
