"""First contact and signs of life: a signed question that only that peer can answer."""

from mesh.core import coap
from mesh.core.asking import SILENT
from mesh.core.asks import Ask
from mesh.core.budget import Bucket
from mesh.core.contacts import AGAIN_MS, FIRST_HAND, NEW, UP
from mesh.core.errors import RemoteError
from mesh.core.events import Answer, PeerFound, PeerLost
from mesh.core.peer import read_address
from mesh.core.places import FREE, PATIENCE, Patience
from mesh.core.ranges import is_count
from mesh.core.run import is_clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.asks import Asks
    from mesh.core.contacts import Contact, Contacts
    from mesh.core.limits import Limits
    from mesh.core.primitives import Kit

WAIT_MS = 1000  # until those are looked at again who had to wait, or are silent
DOUBTS = 3  # answers without a signature until somebody who is up counts as lost


class Greeting:
    """Says hello to candidates, checks on those who were silent, asks newcomers whom they know.

    emit(event) gets PeerFound and PeerLost; about(now_ms, peer, its clock or None, what it holds
    of our feed) is called with what a peer tells.
    """

    _missing = False  # somebody is lost: whoever is here may know where it is now

    def __init__(
        self,
        kit: "Kit",
        asks: "Asks",
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
        # of questions under way: few, so that there is room for others
        self._most = max(1, limits.outgoing // 4)
        self._emit = emit
        self._patience = Patience(2 * limits.candidates)

    def tick(self, now_ms: int) -> None:
        """Greet those who are due, as many as the rate allows."""
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
        """Where to ask for a contact now, and how that was heard of.

        A host that never answers may be a victim: it is asked twice, then ever more rarely. None
        if there is nowhere else.
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
            if contact.where():  # asked beside it, if it is silent
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
        if contact is None or ask.address not in contact.asking:  # another was the first
            return
        contact.asking = [at for at in contact.asking if at != ask.address]
        if not answer.signed:
            self._unproven(now_ms, contact, ask, answer)
            return
        for who in (ask.address[:1], contact.teller):
            self._patience.answered(who)
        contacts.look(now_ms)  # others of that host, or of that teller, may be waiting
        contact.asking = ()
        came = contacts.up(now_ms, contact, ask.address)
        if contacts.get(ask.peer) is not contact:
            return
        try:
            if answer.code == coap.CONTENT:
                self._note(now_ms, contact, answer.payload)
        finally:  # it is there, whatever it says
            if came:
                self._emit(PeerFound(ask.peer, contact.name, ask.address, contact.how))
                contact.whom = 2  # once more later: who came at the same moment is known by then
        if contact.whom or self._missing:
            self._missing = False
            contact.whom >>= 1
            # if there is no room for it, the others will be met in another way
            self._ask(now_ms, ask.peer, ask.address, "peers", self._told_whom)

    def _unproven(self, now_ms: int, contact: "Contact", ask: Ask, answer: Answer) -> None:
        """No answer, or one that anybody may have given."""
        doubtful = answer.error != SILENT and contact.tries < DOUBTS
        doubtful = doubtful and contact.state == UP and contact.address == ask.address
        if doubtful or answer.code == 0x9D:  # it has too much to do, also for whom it never met
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
        self._about(now_ms, contact.peer, clock if is_clock(clock) else None, about.get("held"))

    def _told_whom(self, now_ms: int, ask: Ask, answer: Answer) -> None:
        if not answer.signed or answer.code != coap.CONTENT:
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
    """An address that somebody told us. Its own loopback is not ours. Its scope, the teller's name
    for a link, means nothing elsewhere (RFC 4007 s.6): what counts is on which link we reach the
    teller, if on one at all.
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
