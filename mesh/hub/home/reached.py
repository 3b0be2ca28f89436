"""Last known addresses of peers: saved now and then, and tried first after a start."""

import logging

from mesh.core.discovery.contacts import Contacts
from mesh.core.errors import LocalError
from mesh.hub.aside import to_the_end
from mesh.hub.home.home import REMEMBERED, Home
from mesh.hub.net.interfaces import Address

SAVE_MS = 600_000  # shortest time between two saves

log = logging.getLogger(__name__)


class Reached:
    """The cache of addresses in a home, of at most REMEMBERED peers."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._saved: dict[bytes, list[Address]] = {}
        self._saved_ms = 0

    def load(self) -> dict[bytes, list[Address]]:
        """The saved addresses."""
        self._saved = self._home.addresses()
        return self._saved

    async def keep(self, now_ms: int, contacts: Contacts) -> None:
        """Save, if the last time was a while ago."""
        if now_ms - self._saved_ms >= SAVE_MS:
            self._saved_ms = now_ms
            await self.save(contacts)

    def forget(self, peer: bytes) -> None:
        """Remove a peer."""
        self._saved.pop(peer, None)

    async def save(self, contacts: Contacts) -> None:
        """Save where peers were reached, after those reached before."""
        reached = {c.peer: [c.address] for c in contacts.proven() if c.address is not None}
        known = {peer: at for peer, at in self._saved.items() if peer not in reached} | reached
        if known == self._saved:
            return
        try:
            await to_the_end(lambda: self._home.remember(known))
            self._saved = dict(list(known.items())[-REMEMBERED:])
        except LocalError as error:
            log.warning("the addresses of peers were not written down: %s", error.detail)
