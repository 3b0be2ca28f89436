"""Who is known, at which addresses, and who is due for a sign of life."""

from mesh.core.places import Places
from mesh.core.primitives import nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.budget import Bucket
    from mesh.core.limits import Limits

NEW = "new"
UP = "up"
LOST = "lost"
ASLEEP = "asleep"  # it said until when

GIVEN = "given"  # how an address was heard of
SAID = ("last", "asked us")
FIRST_HAND = (GIVEN,) + SAID  # in no stranger's words
MOST_GIVEN = 8  # addresses of one peer

LATE_MS = 10_000  # in which an answer may still come from before it slept
LONGEST_S = 604_800  # a sleep that is believed
MANY = 16  # contacts: that many are asked for a sign of life each check_ms
SLACK = 10  # this part of it may come on top
FULL_CHECKS = 3  # a full table takes a newcomer once in so many check intervals
AGAIN_MS = 250  # the table is looked through so often at most


class Contact:
    """One peer, by id. `address`: the proven one or None; `candidates`: untried (address, how)."""

    name = kind = how = ""
    teller = b""  # who told of it
    state = NEW
    address: "tuple[str, int] | None" = None
    tries = verified = refused = 0
    asking: "Any" = ()  # at which addresses, just now
    pinned = False
    keeps = False  # others' feeds too
    linked = False  # we observe it
    purse: "Bucket | None" = None  # what it may cost
    welcome = False  # it may take the place of another
    boots = -1
    slept_ms = wakes_ms = 0  # when it said so, and when it should be awake again
    shun_ms = 0  # for so long it was left alone when it lied last
    shun_until_ms = -1 << 40
    whom = 0  # how often it will be asked whom it knows

    def __init__(self, peer: bytes, now_ms: int) -> None:
        self.peer = peer
        self.candidates: list[tuple[tuple[str, int], str]] = []
        self.given: list[tuple[str, int]] = []  # by hand: tried again and again
        self.heard_ms = now_ms
        self.due_ms = now_ms

    def where(self) -> "list[tuple[tuple[str, int], str]]":
        """Where to ask it beside where it is asked just now: what is new first, and one at a time
        of what others tell. One that is up without doubt can only be where it says so itself.
        """
        rows = self.candidates + [(at, GIVEN) for at in [self.address] + self.given if at]
        if self.state == UP and not (self.asking or self.tries):
            return [row for row in rows if row[0] == self.address or row[1] in SAID]
        told = [a for a, how in self.candidates if a in self.asking and how not in FIRST_HAND]
        return [r for r in rows if r[0] not in self.asking and (not told or r[1] in FIRST_HAND)]

    def tried(self, address: "tuple[str, int]") -> str:
        """Strike off a candidate; how it was heard of, or nothing if it is none."""
        for candidate in self.candidates:
            if candidate[0] == address:
                self.candidates.remove(candidate)
                return candidate[1]
        return GIVEN if address in self.given else ""


class Contacts:
    """The table of peers: proven ones up to limits.peers, unproven up to limits.candidates.
    listens(peer): whether a peer has made us its link.
    """

    _stranger_ms = _linker_ms = 0  # when the next newcomer may come although the table is full

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
        """Who answered there: no flood of other addresses makes us forget that."""
        for contact in self.table.values():
            if contact.address == address:
                return contact
        return None

    def proven(self) -> "list[Contact]":
        """Give contacts that have an address that answered."""
        return [c for c in self.listed() if c.address is not None]

    def add(
        self,
        now_ms: int,
        peer: bytes,
        address: "tuple[str, int]",
        how: str,
        teller: bytes = b"",
    ) -> None:
        """Note where a peer may be; `teller` said so. Nothing is believed until it answers there.
        What is given by hand is taken; what strangers tell only if it is on one of our networks.
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
        """Add a candidate. If there are too many, one goes that is not on our networks, if any."""
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
        """Whether a newcomer would have to take the place of one who is there."""
        proven = self.proven()
        return len(proven) >= self._limits.peers and not self._lost(proven)

    def _lost(self, proven: "list[Contact]") -> "list[tuple[int, bytes]]":
        return [(c.heard_ms, c.peer) for c in proven if c.state == LOST and not c.pinned]

    def _takes(self, now_ms: int, peer: bytes) -> bool:
        """Whether to greet a newcomer although the table is full: now and then, so that in time
        all meet; those who listen to us rather more often, as they want us to listen to them.
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
        """Have a contact asked for a sign of life at a time."""
        contact.due_ms = due_ms
        self.look(due_ms)

    def look(self, due_ms: int) -> None:
        """Look at that time who is due."""
        if self.due_ms is None or due_ms < self.due_ms:
            self.due_ms = due_ms

    def pin(self, now_ms: int, peer: bytes) -> None:
        """Keep a peer in the table whatever happens: it is followed or was given by hand."""
        if contact := self.table.get(peer) or self._insert(now_ms, peer):
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

    def up(self, now_ms: int, contact: Contact, address: "tuple[str, int]") -> bool:
        """Record that a peer answered, signed, at an address. True if it was not up before."""
        if contact.address is None and len(proven := self.proven()) >= self._limits.peers:
            lost = self._lost(proven)
            victim = min(lost)[1] if lost else self._idle(contact, proven)
            if victim != contact.peer or not contact.pinned:  # it comes on top if nobody can go
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
        """Who makes room for a newcomer: by chance one without a link, or the newcomer itself."""
        idle = [c.peer for c in proven if not (c.linked or c.pinned or self.listens(c.peer))]
        if idle and (contact.welcome or contact.pinned):
            return idle[int.from_bytes(self._random(2), "big") % len(idle)]
        return contact.peer

    def heard(self, now_ms: int, contact: Contact) -> None:
        """A verified message came from it: the next check moves on."""
        contact.heard_ms = now_ms
        # of many only those whom we observe are asked often
        slow = 1 if contact.linked or contact.pinned else 1 + len(self.table) // MANY
        self.schedule(contact, now_ms + self._limits.check_ms * slow)

    def asleep(self, now_ms: int, contact: Contact, seconds: int) -> None:
        """It said that it sleeps for so long: until a little later nobody misses it."""
        contact.slept_ms = now_ms
        contact.wakes_ms = now_ms + seconds * 1000
        self._doze(contact)

    def _doze(self, contact: Contact) -> None:
        contact.state = ASLEEP
        # its clock is a poor one while it sleeps
        slack_ms = (contact.wakes_ms - contact.slept_ms) // SLACK + self._limits.check_ms
        self.schedule(contact, contact.wakes_ms + slack_ms)

    def missed(self, now_ms: int, contact: Contact, address: "tuple[str, int]") -> bool:
        """It did not answer at that address. True if it was up and is now lost."""
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
        """Give contacts whose turn has come: pinned first, then as nobody can foresee."""
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
        """Forget whom we only heard of; who is still there is due now."""
        for c in list(self.table.values()):
            if c.address is None and not (c.pinned or c.asking):
                del self.table[c.peer]
