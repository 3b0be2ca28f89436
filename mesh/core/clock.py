"""What time it is, as far as a peer knows; every stamp says how well (docs/protocol.md, 6)."""

NONE, PEERS, NTP, REFERENCE = 0, 1, 2, 3

# A peer's word outside of this is no time at all: Unix ms of 2020-01-01 and 2100-01-01.
EARLIEST = 1_577_836_800_000
LATEST = 4_102_444_800_000
MOST_VOTES = 15
VOTE_MS = 900_000  # for which a vote counts
AGREE_MS = 4000  # what two voters tell is the same time
STEP_MS = 1000  # at once, once a time is held; more, the longer no vote agreed with it


class Clock:
    """One peer's clock in its start number `boots`: it knows no Unix time until it is told.

    `dear`: whose time counts whatever it was made of: who introduced us has none from us.
    `doubt`: how many voters there are, while it cannot tell from them what time it is, else 0.
    """

    doubt = 0

    def __init__(self, boots: int, dear: "bytes | None" = None) -> None:
        self.boots = boots
        self._dear = dear
        self.quality = NONE
        self._offset = 0  # Unix ms at boot
        self._backing = (NONE, 0)  # who voted for it: best quality, how many agreed
        self._good_ms = -VOTE_MS  # when they last did
        self._votes: dict[bytes, tuple[int, int, int]] = {}  # peer: (since, Unix at boot, quality)

    def stamp(self, now_ms: int) -> "list[int | None]":
        """[quality, boots, ms since boot, Unix ms or None], as in an entry and in /time."""
        unix_ms = self._offset + now_ms if self.quality else None
        return [self.quality, self.boots, now_ms, unix_ms]

    def set(self, now_ms: int, unix_ms: int, quality: int) -> bool:
        """Take the time from a source of one's own: whether it was taken.

        Quality PEERS: nobody keeps that source right, so those who vote know better.
        """
        voted = self._backing[1] and now_ms - self._good_ms < VOTE_MS
        if not EARLIEST < unix_ms < LATEST or (quality < NTP and voted):
            return False
        self.quality = quality
        self._backing, self.doubt = (NONE, 0), 0
        self._offset = unix_ms - now_ms
        return True

    def vote(self, now_ms: int, peer: bytes, stamp: "list[int | None]") -> bool:
        """Note the stamp of a peer whose word counts: whether our time follows from all votes.

        What more than half of the voters agree on is the time, so fewer liars move nothing.
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
        # who has a time takes none from those who have it from others: it may be its own
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
        middle = said[(len(said) - 1) // 2][0]  # among those who agree, if more than half do
        agreed = [v for v in said if abs(v[0] - middle) <= AGREE_MS]
        backing = max([v[1] for v in agreed]), len(agreed)
        agreed = [v for v in agreed if v[1] == backing[0]]
        offset = agreed[(len(agreed) - 1) // 2][0]
        quiet_ms = now_ms - self._good_ms
        most = STEP_MS + (quiet_ms >> 4) << min(quiet_ms >> 20, 40)
        # better founded than before, it may be anything: the first who was met may have lied
        bound = self.quality and self._backing >= backing
        if min(spans) > AGREE_MS or (bound and abs(offset - self._offset) > most):
            self.doubt = len(said)
            return False
        self.quality = PEERS
        self._offset, self._backing, self._good_ms = offset, backing, now_ms
        return True
