"""Contacts of a desktop, of which there may be a thousand: found by address without a search."""

from mesh.core.discovery.contacts import Contacts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.discovery.contact import Contact


class ManyContacts(Contacts):
    """Contacts with an index of their verified addresses."""

    _index: "dict[tuple[str, int], Contact] | None" = None

    def at(self, address: "tuple[str, int]") -> "Contact | None":
        """As in Contacts."""
        if self._index is None:
            self._index = {c.address: c for c in self.proven() if c.address is not None}
        found = self._index.get(address)
        if found is None or found is self.table.get(found.peer):
            return found
        self._index = None
        return self.at(address)

    def up(self, now_ms: int, contact: "Contact", address: "tuple[str, int]") -> bool:
        """As in Contacts."""
        if contact.address != address:
            self._index = None
        return super().up(now_ms, contact, address)
