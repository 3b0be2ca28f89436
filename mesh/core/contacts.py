"""Who is known, at which addresses, and who is due for a sign of life."""

NEW = "new"
UP = "up"
LOST = "lost"


class Contact:
    """One peer, by id. `address` is the proven one or None; `candidates` holds (address, how) untried."""

    def __init__(self, peer: bytes, now_ms: int) -> None:
        self.peer = peer
        self.name = ""
        self.kind = ""
        self.state = NEW
        self.address: "tuple[str, int] | None" = None
        self.how = ""
        self.candidates: list[tuple[tuple[str, int], str]] = []
        self.heard_ms = now_ms
        self.due_ms = now_ms
        self.tries = 0
        self.asking = False
        self.pinned = False
        self.verified = 0
        self.refused = 0
        self.boots = -1


class Contacts:
    """The table of peers: proven ones up to limits.peers, unproven up to limits.candidates."""

    def __init__(self, limits, random, own: bytes) -> None:  # type: ignore[no-untyped-def]
        self._limits = limits
        self._random = random
        self._own = own
        self.table: dict[bytes, Contact] = {}
        self.due_ms: int | None = None  # no contact is due before

    def get(self, peer: bytes) -> "Contact | None":
        """Give the contact of that id, or None."""
        return self.table.get(peer)

    def listed(self) -> "list[Contact]":
        """All contacts, ordered by id, so that both interpreters agree."""
        return [self.table[peer] for peer in sorted(self.table)]

    def proven(self) -> "list[Contact]":
        """Give contacts that have an address that answered."""
        return [c for c in self.listed() if c.address is not None]

    def add(self, now_ms: int, peer: bytes, address: "tuple[str, int]", how: str) -> None:
        """Note where a peer may be. Nothing is believed before it answered there."""
        if peer == self._own:
            return
        contact = self.table.get(peer)
        if contact is None:
            contact = self._insert(now_ms, peer)
            if contact is None:
                return
        if contact.state == UP and contact.address == address:
            return
        if all(known != address for known, _ in contact.candidates):
            contact.candidates.append((address, how))
            if len(contact.candidates) > self._limits.peer_addresses:
                contact.candidates.pop(0)
        if contact.state != UP and contact.due_ms > now_ms + 1000:
            self.schedule(contact, now_ms + 1000)

    def schedule(self, contact: Contact, due_ms: int) -> None:
        """Have a contact asked for a sign of life at a time."""
        contact.due_ms = due_ms
        if self.due_ms is None or due_ms < self.due_ms:
            self.due_ms = due_ms

    def pin(self, now_ms: int, peer: bytes) -> None:
        """Keep a peer in the table whatever happens: it is followed or was given by hand."""
        contact = self.table.get(peer) or self._insert(now_ms, peer)
        if contact is not None:
            contact.pinned = True

    def _insert(self, now_ms: int, peer: bytes) -> "Contact | None":
        unproven = [c for c in self.table.values() if c.address is None and not c.pinned]
        if len(unproven) >= self._limits.candidates:
            # a random one goes, so that a flood of names cannot push out every honest newcomer
            pick = int.from_bytes(self._random(2), "big") % len(unproven)
            if unproven[pick].asking:
                return None
            self.table.pop(unproven[pick].peer)
        contact = self.table[peer] = Contact(peer, now_ms)
        self.schedule(contact, now_ms)
        return contact

    def up(self, now_ms: int, contact: Contact, address: "tuple[str, int]", how: str) -> bool:
        """Record that a peer answered, signed, at an address. True if it was not up before."""
        if contact.address is None and not self._room():
            self.table.pop(contact.peer, None)
            return False
        came = contact.state != UP
        contact.state = UP
        contact.address = address
        contact.how = how or contact.how
        contact.candidates = [c for c in contact.candidates if c[0] != address]
        contact.tries = 0
        self.heard(now_ms, contact)
        return came

    def _room(self) -> bool:
        proven = [c for c in self.table.values() if c.address is not None]
        if len(proven) < self._limits.peers:
            return True
        lost = [c for c in proven if c.state == LOST and not c.pinned]
        if not lost:
            return False
        self.table.pop(min(lost, key=lambda c: (c.heard_ms, c.peer)).peer)
        return True

    def heard(self, now_ms: int, contact: Contact) -> None:
        """A verified message came from it: the next check moves on."""
        contact.heard_ms = now_ms
        self.schedule(contact, now_ms + self._limits.check_ms)

    def missed(self, now_ms: int, contact: Contact, address: "tuple[str, int]") -> bool:
        """It did not answer at that address. True if it was up and is now lost."""
        contact.candidates = [c for c in contact.candidates if c[0] != address]
        contact.tries += 1
        was_up = contact.state == UP and contact.address == address
        if was_up:
            contact.state = LOST
        wait_ms = 0 if contact.candidates else min(60_000, 1000 << min(contact.tries, 6))
        self.schedule(contact, now_ms + wait_ms)
        if self._hopeless(now_ms, contact):
            self.table.pop(contact.peer, None)
        return was_up

    def _hopeless(self, now_ms: int, contact: Contact) -> bool:
        if contact.pinned:
            return False
        if contact.address is None:
            return not contact.candidates
        return contact.state == LOST and now_ms - contact.heard_ms > self._limits.forget_ms

    def due(self, now_ms: int) -> "list[Contact]":
        """Give contacts whose turn has come, pinned first, the others in an order that nobody can foresee."""
        if self.due_ms is None or now_ms < self.due_ms:
            return []
        waiting = [
            c
            for c in self.table.values()
            if not c.asking and (c.candidates or c.address is not None)
        ]
        later = [c.due_ms for c in waiting if c.due_ms > now_ms]
        self.due_ms = min(later) if later else None
        ready = [c for c in waiting if c.due_ms <= now_ms]
        salt = self._random(1)[0]
        return sorted(ready, key=lambda c: (not c.pinned, c.state != UP, c.peer[5] ^ salt, c.peer))

    def where(self, contact: Contact) -> "tuple[tuple[str, int], str] | None":
        """Say which address to try next: a new candidate first unless the proven one still answers."""
        if contact.state == UP and contact.address is not None:
            return contact.address, contact.how
        if contact.candidates:
            return contact.candidates[0]
        if contact.address is not None:
            return contact.address, contact.how
        return None
