"""Where peers were last reached: written down now and then, and tried first after a start."""

import logging

from mesh.core.contacts import Contacts
from mesh.core.errors import LocalError
from mesh.hub.home import REMEMBERED, Home
from mesh.hub.interfaces import Address

SAVE_MS = 600_000  # they are written down at most that often

log = logging.getLogger(__name__)


class Reached:
    """The addresses in a home's file, which keeps no more than REMEMBERED."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._saved: dict[bytes, list[Address]] = {}
        self._saved_ms = 0

    def load(self) -> dict[bytes, list[Address]]:
        """What was written down."""
        self._saved = self._home.addresses()
        return self._saved

    def keep(self, now_ms: int, contacts: Contacts) -> None:
        """Save, if that was a while ago."""
        if now_ms - self._saved_ms >= SAVE_MS:
            self._saved_ms = now_ms
            self.save(contacts)

    def forget(self, peer: bytes) -> None:
        """Write down no longer where a peer was."""
        self._saved.pop(peer, None)

    def save(self, contacts: Contacts) -> None:
        """Write down who was reached where, behind who was so before."""
        reached = {c.peer: [c.address] for c in contacts.proven() if c.address is not None}
        known = {peer: at for peer, at in self._saved.items() if peer not in reached} | reached
        if known == self._saved:
            return
        try:
            self._home.remember(known)
            self._saved = dict(list(known.items())[-REMEMBERED:])
        except LocalError as error:
            log.warning("the addresses of peers were not written down: %s", error.detail)
