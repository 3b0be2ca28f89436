"""Freshness of requests that change something: windows and Echo (docs/protocol.md section 4)."""

from mesh.core.errors import Stale

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.limits import Limits
    from mesh.core.primitives import Kit

_TICK = 4  # an Echo value counts in units of 2^4 ms
_WRAP = 0xFFFFFFFF

# what is kept of a sender: the highest counter; one bit for each counter from it down, 1 if used;
# the counter and the tick at which the window was opened; when it was last used
_HIGHEST = 0
_BITS = 1
_OPENED = 2
_TICKS = 3
_USED = 4


class Freshness:
    """Which counters of which senders were used, for limits.senders of them.

    Only senders that are not remembered get an Echo value. So once a window has been open for
    limits.echo_ms, nothing that its sender sent before can open it again: it may be forgotten.
    """

    def __init__(self, kit: "Kit", limits: "Limits") -> None:
        self._sha256 = kit.sha256
        self._secret = kit.random(32)
        self._limits = limits
        self._senders: dict[bytes, list[int]] = {}
        self._uses = 0  # tells who was heard least recently
        self._floor = -1  # Echo values of this tick and older open no window

    def accept(self, now_ms: int, sender: bytes, counter: int, echo: "bytes | None") -> None:
        """Take note of a signed message; return if it is new, else raise Stale.

        Stale.echo is the value to come back with, or None for one that was used or is too old.
        """
        state = self._senders.get(sender)
        if state is None:
            if not self._opens(now_ms, sender, echo):
                raise Stale("counter not known here", self.challenge(now_ms, sender))
            self._open(now_ms, sender, counter)
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
            state[_BITS] |= 1 << -ahead
        self._uses += 1
        state[_USED] = self._uses

    def undo(self, sender: bytes, counter: int) -> None:
        """Have a message taken once more: there was no memory for what it asks."""
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
        # which of those below were used before the window was opened is forgotten; an Echo tells
        if counter < state[_OPENED] and not self._opens(now_ms, sender, echo):
            raise Stale("counter older than what is remembered", None)

    def challenge(self, now_ms: int, subject: bytes) -> bytes:
        """Make the Echo value that `subject` has to return within limits.echo_ms."""
        stamp = (now_ms >> _TICK & _WRAP).to_bytes(4, "big")
        return stamp + self._sha256(self._secret + self._sha256(stamp + subject))[:8]

    def answers(self, now_ms: int, subject: bytes, echo: bytes) -> bool:
        """Whether `echo` is a challenge of ours to this subject that is still good."""
        return self._age(now_ms, subject, echo) <= self._limits.echo_ms >> _TICK

    def _age(self, now_ms: int, subject: bytes, echo: bytes) -> int:
        """Ticks since this Echo value was given; too many if it was not."""
        given_ms = int.from_bytes(echo[:4], "big") << _TICK
        if echo != self.challenge(given_ms, subject):
            return _WRAP
        return now_ms - given_ms >> _TICK & _WRAP

    def _opens(self, now_ms: int, sender: bytes, echo: "bytes | None") -> bool:
        if echo is None:
            return False
        age = self._age(now_ms, sender, echo)
        return age <= self._limits.echo_ms >> _TICK and (now_ms >> _TICK) - age > self._floor

    def _open(self, now_ms: int, sender: bytes, counter: int) -> None:
        senders = self._senders
        now = now_ms >> _TICK
        if len(senders) >= self._limits.senders:
            oldest = min(senders, key=lambda s: senders[s][_USED])
            if now - senders.pop(oldest)[_TICKS] <= self._limits.echo_ms >> _TICK:
                # its old messages might hold an Echo value that is still good: no longer
                self._floor = now
        self._uses += 1
        senders[sender] = [counter, 1, counter, now, self._uses]
