"""Rate limit of signature checks: each contact has its own budget, all others share one."""

from mesh.core import codes
from mesh.core.errors import RemoteError
from mesh.core.rate import Bucket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from mesh.core.limits import Limits

    class Contact(Protocol):
        """The contact at an address: see mesh.core.discovery.contact."""

        peer: bytes
        pinned: bool
        linked: bool

        def pays(self, now_ms: int, rate: int, burst_s: int) -> bool:
            """Whether one more of its signatures may be checked now."""
            ...


BURST_S = 16  # seconds' worth of checks that may be used at once
FAILED = 4  # checks that a failed one costs


class Budgets:
    """Budgets of signature checks for verified addresses. Each contact has one.

    Contacts that were only met (neither followed, nor linked to, nor the `holder`) also share one.
    All addresses without a contact share another.
    """

    def __init__(self, limits: "Limits", holder: "bytes | None") -> None:
        self._rate = rate = limits.proven_per_s
        self._holder = holder
        self._met = Bucket(rate * 2, BURST_S)
        self._rest = Bucket(rate // 2 or 1, BURST_S)

    def pay(self, now_ms: int, contact: "Contact | None") -> None:
        """Take one check from the budget of a contact, or else from the shared one. RemoteError
        4.29 if nothing is left.
        """
        if (
            contact is not None
            and contact.pays(now_ms, self._rate, BURST_S)
            and (
                contact.pinned
                or contact.linked
                or contact.peer == self._holder
                or self._met.take(now_ms)
            )
        ):
            return
        if not self._rest.take(now_ms):
            raise RemoteError("too many", codes.TOO_MANY)

    def failed(self) -> None:
        """Charge a failed check to the shared budget: its source address may be forged."""
        self._rest.owe(FAILED)
