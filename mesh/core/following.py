"""Following other peers: observe their feeds, check the runs, hand on the readings."""

from mesh.core import coap
from mesh.core.asks import Ask, request_for
from mesh.core.contacts import LONGEST_S, UP
from mesh.core.errors import LocalError, RemoteError
from mesh.core.events import Answer
from mesh.core.feed import read_entry
from mesh.core.represent import CBOR
from mesh.core.senml import unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.asks import Asks
    from mesh.core.contacts import Contact, Contacts
    from mesh.core.feeds import Feeds
    from mesh.core.limits import Limits
    from mesh.core.primitives import Kit

IDLE_CHECKS = 3  # an observation that was silent for so many check intervals is asked for anew
AGAIN_MS = 1000


class Following:
    """Observations of the feeds of those we follow; one question open per peer.

    told(now_ms, author, seq, clock, record) is called for every reading; refused(now_ms, peer,
    source, error) for what does not hold.
    """

    # to be set: called for who says that it goes to sleep, with the seconds
    slept: "Callable[[int, bytes, int], None]"

    def __init__(
        self,
        kit: "Kit",
        asks: "Asks",
        feeds: "Feeds",
        told: "Callable[..., None]",
        refused: "Callable[..., None]",
        limits: "Limits",
    ) -> None:
        self._kit = kit
        self._asks = asks
        self._feeds = feeds
        self._told = told
        self._refused = refused
        self._idle_ms = limits.check_ms * IDLE_CHECKS
        self._pause_ms = limits.check_ms // 4
        self._most = limits.outgoing * 5 // 8  # so that there is room for other questions
        # peer -> [number or -1 when ended, last news ms, where and in which of its starts]
        self._open: dict[bytes, list[Any]] = {}
        self.due_ms: int | None = None
        feeds.heard = self.heard

    def tick(self, now_ms: int, contacts: "Contacts") -> None:
        """Ask those who are up for news, if it is time."""
        if self.due_ms is None or now_ms < self.due_ms:
            return
        self.due_ms = now_ms + AGAIN_MS
        for contact in contacts.proven():
            if self._feeds.wants(contact.peer):
                self._follow(now_ms, contact)

    def _follow(self, now_ms: int, contact: "Contact") -> None:
        peer = contact.peer
        is_up = contact.state == UP
        state = self._open.get(peer)
        if state is not None:
            silent_ms = now_ms - state[1]
            gone = state[2] != (contact.address, contact.boots)
            if not is_up or (state[0] >= 0 and (gone or silent_ms > self._idle_ms)):
                self._open.pop(peer)
                self._asks.cancel(now_ms, state[0])
            elif state[0] >= 0 or silent_ms < self._pause_ms:
                return
        if contact.address is None or not is_up:
            return
        if peer not in self._open and len(self._open) >= self._most:
            return
        body = self._kit.encode({peer: self._feeds.next_seq(peer)})
        message = request_for(coap.FETCH, ["feeds"], observe=True)
        ask = Ask(peer, contact.address, (CBOR, body), self._answered)
        try:
            where = contact.address, contact.boots
            self._open[peer] = [self._asks.put(now_ms, ask, message), now_ms, where]
        except LocalError:
            return  # every exchange is in use; the next tick tries again

    def _answered(self, now_ms: int, ask: Ask, answer: Answer) -> None:
        state = self._open.get(ask.peer)
        if state is None or state[0] != ask.number:
            return
        if not answer.more:
            state[0] = -1
            state[1] = now_ms
        if answer.code != coap.CONTENT:
            return
        if answer.error is not None:
            self._refused(now_ms, ask.peer, ask.address, RemoteError(answer.error, 0x81))
            return
        try:
            self._feeds.take(now_ms, self._kit.decode(answer.payload))
        except RemoteError as error:
            self._refused(now_ms, ask.peer, ask.address, error)
            return
        state[1] = now_ms

    def heard(self, now_ms: int, author: bytes, entries: list[bytes]) -> None:
        """Hand on the readings in new, checked entries. What is wrong is skipped and told."""
        for entry in entries:
            try:
                seq, clock, kind, body = read_entry(self._kit, entry)
                if kind == "asleep":
                    self._sleeps(now_ms, author, body)
                if kind != "reading":
                    continue
                for record in unpack(body):
                    self._told(now_ms, author, seq, clock, record)
            except RemoteError as error:
                self._refused(now_ms, author, None, error)

    def _sleeps(self, now_ms: int, author: bytes, body: object) -> None:
        seconds = body[0] if isinstance(body, list) and body else None
        if not isinstance(seconds, int) or not 0 < seconds <= LONGEST_S:
            raise RemoteError("no such sleep")
        self.slept(now_ms, author, seconds)
