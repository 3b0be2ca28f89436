"""The table of known peers: their addresses, their state, and when each liveness check is due."""

from mesh.core.discovery.contact import ASLEEP, FIRST_HAND, GIVEN, LOST, SAID, UP, Contact
from mesh.core.discovery.places import Places
from mesh.core.kit import nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.limits import Limits

MOST_GIVEN = 8  # addresses of one peer

LATE_MS = 10_000  # after it fell asleep, an answer from before may still come
LONGEST_S = 604_800  # longest accepted sleep
MANY = 16  # contacts that are checked within each check_ms; of more, each is checked less often
SLACK = 10  # sleep / SLACK may pass on top, for poor clocks
FULL_CHECKS = 3  # a full table accepts a newcomer once in so many check intervals
AGAIN_MS = 250  # shortest time between two searches of the table


class Contacts:
    """The table of peers: at most limits.peers with a verified address, limits.candidates without.

    listens(peer): whether a peer has chosen us as its link; chosen(peer): whether a person chose
    it.
    """

    _stranger_ms = _linker_ms = 0  # when a full table accepts the next newcomer

    def __init__(
        self,
        limits: "Limits",
        random: "Callable[[int], bytes]",
        own: bytes,
        listens: "Callable[[bytes], bool]" = nothing,
        chosen: "Callable[[bytes], bool]" = nothing,
    ) -> None:
        self._limits = limits
        self._random = random
        self._own = own
        self.listens = listens
        self.chosen = chosen
        self.places = Places()
        self.table: dict[bytes, Contact] = {}
        self.get = self.table.get  # the contact of that id, or None
        self.due_ms: int | None = None  # no contact is due before

    def listed(self) -> "list[Contact]":
        """All contacts, ordered by id, so that both interpreters agree."""
        return [self.table[peer] for peer in sorted(self.table)]

    def at(self, address: "tuple[str, int]") -> "Contact | None":
        """The contact whose verified address this is, or None."""
        for contact in self.table.values():
            if contact.address == address:
                return contact
        return None

    def proven(self) -> "list[Contact]":
        """The contacts that have a verified address."""
        return [c for c in self.listed() if c.address is not None]

    def add(
        self,
        now_ms: int,
        peer: bytes,
        address: "tuple[str, int]",
        how: str,
        teller: bytes = b"",
    ) -> None:
        """Add an address at which a peer may be; `teller`: the peer that said so. It is unverified
        until the peer answers there.

        Addresses given by hand are always accepted, those told by strangers only on our own
        networks.
        """
        if peer == self._own or self.places.is_own(address):
            return
        far = how in FIRST_HAND or self.chosen(teller)
        if how != GIVEN and not self.places.can_be(address, far):
            return
        contact = self.table.get(peer) or self._newcomer(now_ms, peer, how)
        if contact is None:
            return
        if how == GIVEN and address not in contact.given:
            contact.given = contact.given[1 - MOST_GIVEN :] + [address]
        if contact.state != UP or contact.address != address:
            self._note(contact, address, how, teller)
            if contact.state != UP or how in SAID:
                self.schedule(contact, min(contact.due_ms, now_ms + (0 if far else 1000)))

    def _note(self, contact: Contact, address: "tuple[str, int]", how: str, teller: bytes) -> None:
        """Add a candidate. Of too many, one outside our networks is dropped, if there is one."""
        untried = contact.candidates
        if address in [known for known, _ in untried]:
            return
        contact.teller = teller
        untried.append((address, how))
        if len(untried) > self._limits.peer_addresses:
            rows = enumerate(untried)
            far = [i for i, (a, w) in rows if w not in FIRST_HAND and not self.places.can_be(a)]
            untried.pop((far + [0])[0])

    def _newcomer(self, now_ms: int, peer: bytes, how: str) -> "Contact | None":
        full = self._is_full()
        if full and how != GIVEN and not self._takes(now_ms, peer):
            return None
        if contact := self._insert(now_ms, peer):
            contact.welcome = full
        return contact

    def _is_full(self) -> bool:
        """Whether a newcomer would have to evict a contact that is not lost."""
        proven = self.proven()
        return len(proven) >= self._limits.peers and not self._lost(proven)

    def _lost(self, proven: "list[Contact]") -> "list[tuple[int, bytes]]":
        return [(c.heard_ms, c.peer) for c in proven if c.state == LOST and not c.pinned]

    def _takes(self, now_ms: int, peer: bytes) -> bool:
        """Whether to greet a newcomer although the table is full.

        Now and then, so that in time all peers meet; more often if it observes us, as it wants us
        to observe it.
        """
        every_ms = self._limits.check_ms
        if self.listens(peer):
            if now_ms < self._linker_ms:
                return False
            self._linker_ms = now_ms + every_ms // 4
        elif now_ms < self._stranger_ms:
            return False
        else:
            self._stranger_ms = now_ms + every_ms * FULL_CHECKS
        return True

    def schedule(self, contact: Contact, due_ms: int) -> None:
        """Set when a contact is checked next."""
        contact.due_ms = due_ms
        self.look(due_ms)

    def look(self, due_ms: int) -> None:
        """Have due() search the table at that time."""
        if self.due_ms is None or due_ms < self.due_ms:
            self.due_ms = due_ms

    def pin(self, now_ms: int, peer: bytes, pinned: bool = True) -> None:
        """Protect a peer from eviction, or no more. Followed peers and given ones are pinned."""
        if contact := self.table.get(peer) or self._insert(now_ms, peer):
            contact.pinned = pinned

    def link(self, contact: Contact, linked: bool) -> None:
        """Record whether we observe a peer."""
        contact.linked = linked

    def _insert(self, now_ms: int, peer: bytes) -> "Contact | None":
        unproven = [c for c in self.table.values() if c.address is None and not c.pinned]
        if len(unproven) >= self._limits.candidates:
            # evict a random one, so that a flood of ids cannot evict every honest newcomer
            pick = int.from_bytes(self._random(2), "big") % len(unproven)
            if unproven[pick].asking:
                return None
            self.table.pop(unproven[pick].peer)
        contact = self.table[peer] = Contact(peer, now_ms)
        self.schedule(contact, now_ms)
        return contact

    def up(self, now_ms: int, contact: Contact, address: "tuple[str, int]") -> bool:
        """Record that a peer answered, signed, at an address. True if it was not up before."""
        if contact.address is None and len(proven := self.proven()) >= self._limits.peers:
            lost = self._lost(proven)
            victim = min(lost)[1] if lost else self._idle(contact, proven)
            # a pinned one is added beyond the limit, if none can be evicted
            if victim != contact.peer or not contact.pinned:
                self.table.pop(victim)
                if victim == contact.peer:
                    return False
        late = now_ms < min(contact.wakes_ms, contact.slept_ms + LATE_MS)
        came = contact.state != UP and not late
        contact.state = ASLEEP if late else UP
        contact.address = address
        contact.how = contact.tried(address) or contact.how
        contact.tries = 0
        self.heard(now_ms, contact)
        return came

    def _idle(self, contact: Contact, proven: "list[Contact]") -> bytes:
        """Choose whom to evict for a newcomer: a random contact without a link, or the
        newcomer.
        """
        idle = [c.peer for c in proven if not (c.linked or c.pinned or self.listens(c.peer))]
        if idle and (contact.welcome or contact.pinned):
            return idle[int.from_bytes(self._random(2), "big") % len(idle)]
        return contact.peer

    def heard(self, now_ms: int, contact: Contact) -> None:
        """Record a verified message of a peer, which postpones its next check."""
        contact.heard_ms = now_ms
        # if there are many, only those that we observe are checked often
        slow = 1 if contact.linked or contact.pinned else 1 + len(self.table) // MANY
        self.schedule(contact, now_ms + self._limits.check_ms * slow)

    def asleep(self, now_ms: int, contact: Contact, seconds: int) -> None:
        """Record that a peer will sleep for so many seconds. It is not checked until then."""
        contact.slept_ms = now_ms
        contact.wakes_ms = now_ms + seconds * 1000
        self._doze(contact)

    def _doze(self, contact: Contact) -> None:
        contact.state = ASLEEP
        # its clock is inaccurate while it sleeps
        slack_ms = (contact.wakes_ms - contact.slept_ms) // SLACK + self._limits.check_ms
        self.schedule(contact, contact.wakes_ms + slack_ms)

    def missed(self, now_ms: int, contact: Contact, address: "tuple[str, int]") -> bool:
        """Record that a peer did not answer at an address. True if it was up and is now lost."""
        newly = contact.tried(address)
        contact.tries += 1
        was_up = contact.state in (UP, ASLEEP) and contact.address == address
        if was_up and now_ms < contact.wakes_ms:
            self._doze(contact)
            return False
        if was_up:
            contact.state = LOST
        silent_ms = now_ms - contact.heard_ms
        wait_ms = 0 if newly and contact.candidates else min(60_000, max(1000, silent_ms >> 4))
        self.schedule(contact, now_ms + wait_ms)
        hopeless = not contact.candidates and not contact.given
        if contact.address is not None:
            hopeless = contact.state == LOST and silent_ms > self._limits.forget_ms
        if hopeless and not contact.pinned:
            self.table.pop(contact.peer, None)
        return was_up

    def due(self, now_ms: int) -> "list[Contact]":
        """The contacts to check now: pinned ones first, the others in an order that nobody can
        predict.
        """
        if self.due_ms is None or now_ms < self.due_ms:
            return []
        salt = self._random(1)[0]
        ready = []
        later = []
        for c in self.table.values():
            if c.due_ms > now_ms:
                later.append(c.due_ms)
            elif c.where():
                rank = (not c.pinned, c.state != UP, c.peer[5] ^ salt)
                ready.append((rank, c.peer, c))
        found = [row[2] for row in sorted(ready)]
        self.due_ms = max(min(later), now_ms + AGAIN_MS) if later else None
        return found

    def shed(self) -> None:
        """Free memory: forget unverified contacts. The next search is due now."""
        for c in list(self.table.values()):
            if c.address is None and not (c.pinned or c.asking):
                del self.table[c.peer]
