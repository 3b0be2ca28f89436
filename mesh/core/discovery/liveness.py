"""Liveness checks and peer exchange: a signed request that only that peer can answer."""

from mesh.core import codes
from mesh.core.address import read_address
from mesh.core.coap.client import SILENT
from mesh.core.discovery.contact import FIRST_HAND, NEW, UP
from mesh.core.discovery.contacts import AGAIN_MS
from mesh.core.discovery.places import FREE, PATIENCE, Patience
from mesh.core.errors import RemoteError
from mesh.core.events import Answer, PeerFound, PeerLost
from mesh.core.ranges import is_count, stamp
from mesh.core.rate import Bucket
from mesh.core.security.signed_client import Ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.discovery.contact import Contact
    from mesh.core.discovery.contacts import Contacts
    from mesh.core.kit import Kit
    from mesh.core.limits import Limits
    from mesh.core.security.signed_client import SignedClient

WAIT_MS = 1000  # before contacts that had to wait, or did not answer, are considered again
DOUBTS = 3  # unsigned answers before a peer that is up counts as lost


class Liveness:
    """Checks new and silent contacts with a signed request, and asks those that answer for their
    peers (peer exchange).

    emit(event) gets PeerFound and PeerLost; about(now_ms, peer, clock or None, held) gets what a
    peer says of its clock, and of what it holds of our feed.
    """

    _missing = False  # a peer is lost: another one may know where it is now

    def __init__(
        self,
        kit: "Kit",
        asks: "SignedClient",
        contacts: "Contacts",
        limits: "Limits",
        emit: "Callable[[object], None]",
        about: "Callable[[int, bytes, list[Any] | None, object], None]",
    ) -> None:
        self._kit = kit
        self._asks = asks
        self._contacts = contacts
        self._about = about
        self._bucket = Bucket(limits.hello_per_s)
        # most requests of this part under way, to leave room for others
        self._most = max(1, limits.outgoing // 4)
        self._emit = emit
        self._patience = Patience(2 * limits.candidates)

    def tick(self, now_ms: int) -> None:
        """Check the contacts that are due, as many as the rate allows."""
        contacts = self._contacts
        for contact in contacts.due(now_ms):
            where = self._where(now_ms, contact)
            if where is None:  # it stays due
                contacts.look(now_ms + WAIT_MS)
                continue
            if self._asks.hellos() >= self._most or not self._bucket.take(now_ms):
                contacts.due_ms = now_ms + AGAIN_MS
                return
            failed = self._kit.guard("hello", self._greet, now_ms, contact, where)
            if failed or where[0] not in contact.asking:
                contacts.schedule(contact, now_ms + AGAIN_MS)

    def _where(self, now_ms: int, contact: "Contact") -> "tuple[tuple[str, int], str] | None":
        """The next address to check for a contact, and how it was learnt, or None.

        A host that never answers may be a victim: it is queried twice, then ever more rarely.
        """
        allows = self._patience.allows
        for where in contact.where():
            if where[1] in FIRST_HAND[:2] or (
                allows(now_ms, contact.teller, PATIENCE) and allows(now_ms, where[0][:1], FREE)
            ):
                return where
        return None

    def _greet(
        self, now_ms: int, contact: "Contact", where: "tuple[tuple[str, int], str]"
    ) -> None:
        address, how = where
        if self._ask(now_ms, contact.peer, address, "peer", self._greeted):
            contact.asking += (address,)
            if contact.where():  # also try the next address, if this one does not answer
                self._contacts.schedule(contact, now_ms + WAIT_MS)
            if how not in FIRST_HAND[:2]:
                for who in (address[:1], contact.teller):
                    if who:
                        self._patience.asked(now_ms, who)

    def _ask(
        self,
        now_ms: int,
        peer: bytes,
        address: "tuple[str, int]",
        name: str,
        done: "Callable[[int, Ask, Answer], None]",
    ) -> bool:
        few = self._asks.hellos() < self._most
        return few and self._asks.fetch(now_ms, peer, address, name, done)

    def _greeted(self, now_ms: int, ask: Ask, answer: Answer) -> None:
        contacts = self._contacts
        contact = contacts.get(ask.peer)
        # answered at another address before
        if contact is None or ask.address not in contact.asking:
            return
        contact.asking = [at for at in contact.asking if at != ask.address]
        if not answer.signed:
            self._unproven(now_ms, contact, ask, answer)
            return
        for who in (ask.address[:1], contact.teller):
            self._patience.answered(who)
        contacts.look(now_ms)  # others at that host, or told by that peer, may be waiting
        contact.asking = ()
        came = contacts.up(now_ms, contact, ask.address)
        if contacts.get(ask.peer) is not contact:
            return
        try:
            if answer.code == codes.CONTENT:
                self._note(now_ms, contact, answer.payload)
        finally:  # even if its answer is malformed
            if came:
                self._emit(PeerFound(ask.peer, contact.name, ask.address, contact.how))
                contact.whom = 2  # again later, when it knows the peers that came at the same time
        if contact.whom or self._missing:
            self._missing = False
            contact.whom >>= 1
            # best effort: there are other ways to meet peers
            self._ask(now_ms, ask.peer, ask.address, "peers", self._told_whom)

    def _unproven(self, now_ms: int, contact: "Contact", ask: Ask, answer: Answer) -> None:
        """Handle no answer, or an unsigned one, which may be forged."""
        doubtful = answer.error != SILENT and contact.tries < DOUBTS
        doubtful = doubtful and contact.state == UP and contact.address == ask.address
        if doubtful or answer.code == codes.TOO_MANY:  # it is busy
            contact.tries += 1
            self._contacts.schedule(contact, now_ms + 1000)
        elif self._contacts.missed(now_ms, contact, ask.address):
            self._emit(PeerLost(ask.peer, answer.error or "no valid answer"))
        elif contact.state == NEW:
            contact.refused += answer.code > 0
        else:
            self._missing = True

    def _note(self, now_ms: int, contact: "Contact", payload: bytes) -> None:
        try:
            about = self._kit.decode(payload)
        except RemoteError:
            return
        if not isinstance(about, dict):
            return
        name, kind = about.get("name"), about.get("kind")
        clock: Any = about.get("clock")
        if isinstance(name, str):
            contact.name = "".join([c for c in name[:32] if c >= " " and c != "\x7f"])
        if kind in ("board", "desktop"):
            contact.kind = str(kind)
        contact.keeps = about.get("keeps") is True
        boots: Any = about.get("boots")
        if is_count(boots):
            contact.boots = boots
        self._about(now_ms, contact.peer, stamp(clock), about.get("held"))

    def _told_whom(self, now_ms: int, ask: Ask, answer: Answer) -> None:
        if not answer.signed or answer.code != codes.CONTENT:
            return
        try:
            rows = self._kit.decode(answer.payload)
            for row in rows if isinstance(rows, list) else []:
                if not isinstance(row, list) or len(row) < 3 or not isinstance(row[2], list):
                    return
                if isinstance(row[0], bytes) and len(row[0]) == 32:
                    for text in row[2][:2]:
                        address = _seen_from_here(read_address(text), ask.address)
                        if address:
                            self._contacts.add(now_ms, row[0], address, "peers", ask.peer)
        except RemoteError:
            return


def _seen_from_here(
    told: "tuple[str, int]", teller: "tuple[str, int]"
) -> "tuple[str, int] | None":
    """Translate an address told by another peer, or None if it is of no use here.

    Loopback is only of use on the same host. The teller's scope of a link-local address has no
    meaning here (RFC 4007 s.6): it is replaced by that of the link on which we reach the teller.
    """
    if _is_loopback(told[0]) and not _is_loopback(teller[0]):
        return None
    bare, scoped, _ = told[0].partition("%")
    if not scoped:
        return told
    here = teller[0].partition("%")[2]
    return (bare + "%" + here, told[1]) if here else None


def _is_loopback(host: str) -> bool:
    return host[:4] == "127." or host == "::1"
