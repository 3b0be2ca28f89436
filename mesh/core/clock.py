"""A peer's clock: Unix time as far as it is known, with its quality (docs/protocol.md, 6)."""

NONE, PEERS, NTP, REFERENCE = 0, 1, 2, 3

# Times of peers outside of this are ignored: Unix ms of 2020-01-01 and 2100-01-01.
EARLIEST = 1_577_836_800_000
LATEST = 4_102_444_800_000
MOST_VOTES = 15
VOTE_MS = 900_000  # after which a vote expires
AGREE_MS = 4000  # two votes that differ by no more than this agree
STEP_MS = 1000  # largest step of a known time; it grows while no vote agrees with the time


class Clock:
    """One peer's clock. It knows no Unix time until it is told one. `boots`: number of this start.

    `dear`: the peer whose vote always counts, as it has no time from us: who introduced us.
    `doubt`: the number of voters while they disagree, else 0.
    """

    doubt = 0

    def __init__(self, boots: int, dear: "bytes | None" = None) -> None:
        self.boots = boots
        self._dear = dear
        self.quality = NONE
        self._offset = 0  # Unix ms at boot
        self._backing = (NONE, 0)  # votes for this time: best quality, how many agreed
        self._good_ms = -VOTE_MS  # when votes last agreed
        self._votes: dict[bytes, tuple[int, int, int]] = {}  # peer: (since, Unix at boot, quality)

    def stamp(self, now_ms: int) -> "list[int | None]":
        """Give [quality, boots, ms since boot, Unix ms or None], as in entries and in /time."""
        unix_ms = self._offset + now_ms if self.quality else None
        return [self.quality, self.boots, now_ms, unix_ms]

    def set(self, now_ms: int, unix_ms: int, quality: int) -> bool:
        """Set the time from an own source. Returns whether it was accepted.

        Quality PEERS, of a clock that nothing keeps right, is refused while votes are fresh.
        """
        voted = self._backing[1] and now_ms - self._good_ms < VOTE_MS
        if not EARLIEST < unix_ms < LATEST or (quality < NTP and voted):
            return False
        self.quality = quality
        self._backing, self.doubt = (NONE, 0), 0
        self._offset = unix_ms - now_ms
        return True

    def vote(self, now_ms: int, peer: bytes, stamp: "list[int | None]") -> bool:
        """Record the stamp of a peer that may vote. Returns whether the time now follows the
        votes.

        More than half of the voters have to agree, so a minority of liars cannot move the time.
        """
        votes = self._votes
        votes.pop(peer, None)
        quality, unix_ms = stamp[0], stamp[3]
        if quality and unix_ms is not None and EARLIEST < unix_ms < LATEST:
            if len(votes) >= MOST_VOTES:
                votes.pop(min([(votes[who][0], who) for who in votes])[1])
            votes[peer] = (now_ms, unix_ms - now_ms, quality)
        return self._count(now_ms)

    def _count(self, now_ms: int) -> bool:
        # with a time of our own, ignore times that are second-hand: they may come from us
        least = NTP if self.quality else PEERS
        said = sorted(
            [
                v[1:]
                for peer, v in self._votes.items()
                if now_ms - v[0] < VOTE_MS and (v[2] >= least or peer == self._dear)
            ]
        )
        self.doubt = 0
        if self.quality >= NTP or not said:
            return False
        half = len(said) // 2
        spans = [said[i + half][0] - said[i][0] for i in range(len(said) - half)]
        middle = said[(len(said) - 1) // 2][0]  # one of those who agree, if more than half do
        agreed = [v for v in said if abs(v[0] - middle) <= AGREE_MS]
        backing = max([v[1] for v in agreed]), len(agreed)
        agreed = [v for v in agreed if v[1] == backing[0]]
        offset = agreed[(len(agreed) - 1) // 2][0]
        quiet_ms = now_ms - self._good_ms
        most = STEP_MS + (quiet_ms >> 4) << min(quiet_ms >> 20, 40)
        # better backed than before, any step is allowed: the first peer met may have lied
        bound = self.quality and self._backing >= backing
        if min(spans) > AGREE_MS or (bound and abs(offset - self._offset) > most):
            self.doubt = len(said)
            return False
        self.quality = PEERS
        self._offset, self._backing, self._good_ms = offset, backing, now_ms
        return True
