"""Following other peers: observe their feeds, check the runs, hand on the readings."""

from mesh.core import coap
from mesh.core.asks import Ask, Outcome, request_for
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed import read_entry
from mesh.core.represent import CBOR
from mesh.core.senml import unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.asks import Asks
    from mesh.core.contacts import Contact
    from mesh.core.feeds import Feeds
    from mesh.core.limits import Limits
    from mesh.core.primitives import Kit

IDLE_CHECKS = 3  # an observation that was silent for so many check intervals is asked for anew


class Following:
    """Observations of the feeds of those we follow; one question open per peer.

    told(now_ms, author, seq, clock, record) is called for every reading; refused(now_ms, peer,
    source, error) for what does not hold.
    """

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
        self._pause_ms = limits.check_ms // 4
        self._most = limits.outgoing * 5 // 8  # so that there is room for other questions
        self._open: dict[bytes, list[int]] = {}  # peer -> [number or -1 when ended, last news ms]
        feeds.heard = self.heard

    def follow(self, now_ms: int, contact: "Contact") -> None:
        """Ask for news, unless that is already under way."""
        peer = contact.peer
        state = self._open.get(peer)
        if contact.address is None or state is not None:
            if state is None or state[0] >= 0 or now_ms - state[1] < self._pause_ms:
                return
        if state is None and len(self._open) >= self._most:
            return
        body = self._kit.encode({peer: self._feeds.next_seq(peer)})
        message = request_for(coap.FETCH, ["feeds"], observe=True)
        ask = Ask(peer, contact.address, message, (CBOR, body), self._answered)
        try:
            self._open[peer] = [self._asks.put(now_ms, ask), now_ms]
        except LocalError:
            return  # every exchange is in use; the next tick tries again

    def stop(self, now_ms: int, peer: bytes) -> None:
        """Forget the observation of a peer: it is lost, or was silent too long."""
        state = self._open.pop(peer, None)
        if state is not None and state[0] >= 0:
            self._asks.cancel(now_ms, state[0])

    def is_idle(self, now_ms: int, peer: bytes, check_ms: int) -> bool:
        """Whether nothing was heard in this observation for long."""
        state = self._open.get(peer)
        return state is not None and now_ms - state[1] > IDLE_CHECKS * check_ms and state[0] >= 0

    def _answered(self, now_ms: int, ask: Ask, outcome: Outcome) -> None:
        state = self._open.get(ask.peer)
        if state is None or state[0] != ask.number:
            return
        if not outcome.more:
            state[0] = -1
            state[1] = now_ms
        if outcome.code != coap.CONTENT:
            return
        if outcome.error is not None:
            self._refused(now_ms, ask.peer, ask.address, RemoteError(outcome.error, 0x81))
            return
        try:
            self._feeds.take(now_ms, self._kit.decode(outcome.payload))
        except RemoteError as error:
            self._refused(now_ms, ask.peer, ask.address, error)
            return
        state[1] = now_ms

    def heard(self, now_ms: int, author: bytes, entries: list[bytes]) -> None:
        """Hand on the readings in new, checked entries. What an author wrote wrongly is skipped and told."""
        for entry in entries:
            try:
                seq, clock, kind, body = read_entry(self._kit, entry)
                if kind != "reading":
                    continue
                for record in unpack(body):
                    self._told(now_ms, author, seq, clock, record)
            except RemoteError as error:
                self._refused(now_ms, author, None, error)
