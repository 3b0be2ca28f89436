"""Replay protection: replay windows and Echo (docs/protocol.md section 4)."""

from mesh.core import codes
from mesh.core.errors import RemoteError, Stale

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.kit import Kit
    from mesh.core.limits import Limits

_TICK = 4  # Echo values have a time in units of 2^4 ms
_WRAP = 0xFFFFFFFF

# fields of a window: the highest counter; a bit for each counter from it down, 1 if used; the
# counter and the tick at which it was opened; when it was last used (LRU); the highest counter of
# a PUT
_HIGHEST = 0
_BITS = 1
_OPENED = 2
_TICKS = 3
_USED = 4
_ORDERED = 5


class Freshness:
    """Replay windows: used counters by sender, for limits.senders of them.

    Only senders without a window get an Echo value. So once a window has been open for
    limits.echo_ms, nothing that its sender sent before can open it again, and it may be evicted.
    """

    def __init__(self, kit: "Kit", limits: "Limits") -> None:
        self._sha256 = kit.sha256
        self._secret = kit.random(32)
        self._limits = limits
        self._senders: dict[bytes, list[int]] = {}
        self._uses = 0  # counts uses, to find the least recently used window
        self._floor = -1  # Echo values of this tick and older open no window

    def accept(
        self,
        now_ms: int,
        sender: bytes,
        counter: int,
        echo: "bytes | None",
        ordered: bool = False,
    ) -> None:
        """Mark a signed message as used. Stale if it was used before, or may have been.

        Stale.echo is the Echo value to repeat the request with, or None if that does not help.
        `ordered`: RemoteError 4.09 too, if an ordered one with a higher counter came before.
        """
        state = self._senders.get(sender)
        if state is None:
            if not self._opens(now_ms, sender, echo):
                raise Stale("counter not known here", self.challenge(now_ms, sender))
            self._open(now_ms, sender, counter, ordered)
            return
        window = self._limits.window
        ahead = counter - state[_HIGHEST]
        if ahead > 0:
            bits = state[_BITS] << ahead if ahead <= window else 0
            bits = (bits | 1) & (2 << window) - 1
            state[_HIGHEST] = counter
            state[_BITS] = bits
        else:
            self._check_behind(now_ms, sender, counter, echo)
            if ordered and counter < state[_ORDERED]:
                raise RemoteError("counter too old", codes.CONFLICT)
            state[_BITS] |= 1 << -ahead
        if ordered:
            state[_ORDERED] = counter
        self._uses += 1
        state[_USED] = self._uses

    def undo(self, sender: bytes, counter: int) -> None:
        """Mark a message as unused again, as there was no memory to handle it."""
        state = self._senders.get(sender)
        if state is not None and counter <= state[_HIGHEST]:
            state[_BITS] &= ~(1 << state[_HIGHEST] - counter)

    def _check_behind(
        self, now_ms: int, sender: bytes, counter: int, echo: "bytes | None"
    ) -> None:
        state = self._senders[sender]
        behind = state[_HIGHEST] - counter
        if behind > self._limits.window:
            raise Stale("counter too old", None)
        if state[_BITS] >> behind & 1:
            raise Stale("counter already used", None)
        # counters below the one that opened the window are not known; an Echo shows freshness
        if counter < state[_OPENED] and not self._opens(now_ms, sender, echo):
            raise Stale("counter older than what is remembered", None)

    def challenge(self, now_ms: int, subject: bytes) -> bytes:
        """An Echo value (RFC 9175 s.2.3) that `subject` has to return within limits.echo_ms.

        It holds a time and a keyed hash, so nothing has to be stored.
        """
        stamp = (now_ms >> _TICK & _WRAP).to_bytes(4, "big")
        return stamp + self._sha256(self._secret + self._sha256(stamp + subject))[:8]

    def answers(self, now_ms: int, subject: bytes, echo: bytes) -> bool:
        """Whether `echo` is a valid challenge to this subject."""
        return self._age(now_ms, subject, echo) <= self._limits.echo_ms >> _TICK

    def _age(self, now_ms: int, subject: bytes, echo: bytes) -> int:
        """Ticks since an Echo value was given. More than any limit if it is not ours."""
        given_ms = int.from_bytes(echo[:4], "big") << _TICK
        if echo != self.challenge(given_ms, subject):
            return _WRAP
        return now_ms - given_ms >> _TICK & _WRAP

    def _opens(self, now_ms: int, sender: bytes, echo: "bytes | None") -> bool:
        if echo is None:
            return False
        age = self._age(now_ms, sender, echo)
        return age <= self._limits.echo_ms >> _TICK and (now_ms >> _TICK) - age > self._floor

    def _open(self, now_ms: int, sender: bytes, counter: int, ordered: bool) -> None:
        senders = self._senders
        now = now_ms >> _TICK
        if len(senders) >= self._limits.senders:
            oldest = min(senders, key=lambda s: senders[s][_USED])
            if now - senders.pop(oldest)[_TICKS] <= self._limits.echo_ms >> _TICK:
                # it might be opened again by an old message with a valid Echo: void all of those
                self._floor = now
        self._uses += 1
        senders[sender] = [counter, 1, counter, now, self._uses, counter if ordered else 0]
