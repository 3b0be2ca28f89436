"""Whether a promise `every` is kept, by the author's own entries: kept, missed, or unknown.

It takes what is remembered of one reading, whatever the length of a feed. A gap in what is held
says nothing: it is unknown, never missed. What is missed has a proof: the run from one reading to
the next, which the author signed.
"""

from mesh.core.relations.clocks import between

TYPE_CHECKING = False
if TYPE_CHECKING:
    Stamp = list[int | None]

GRACE_MS = 15_000  # until a reading that is due is here: a head every 5 s, and its way


class Every:
    """Counts for one promise, from the entry `at` on: a reading every `seconds`, and `slack`
    percent.

    To be read: kept, missed, unknown; proof, the seqs of the two readings of the newest miss, and
    the ms between them; last, seq and clock of the newest reading; asleep_ms, how long the author
    said that it sleeps since then.
    """

    def __init__(self, seconds: int, slack: int, at: int) -> None:
        self.limit_ms = seconds * 10 * (100 + slack)
        self.kept = self.missed = self.unknown = 0
        self.proof: tuple[int, int, int] | None = None
        self.last: tuple[int, Stamp] | None = None
        self.asleep_ms = 0
        self._at = at
        self._gap = False

    def take(self, seq: int, clock: "Stamp", measured: bool, asleep_s: int = 0) -> None:
        """Take an author's next entry that is held, whatever it is: whether it has a reading of
        the sensor, and how long the author sleeps from then on. Older ones are passed over.
        """
        if seq <= self._at:
            return
        self._gap = self._gap or seq != self._at + 1
        self._at = seq
        self.asleep_ms += 1000 * asleep_s
        if measured:
            if self.last is not None:
                self._judge(self.last, seq, clock)
            self.last = seq, clock
            self._gap = False
            self.asleep_ms = 0

    def _judge(self, last: "tuple[int, Stamp]", seq: int, clock: "Stamp") -> None:
        passed_ms = None if self._gap else between(last[1], clock)
        if passed_ms is None:
            self.unknown += 1
        elif passed_ms - self.asleep_ms <= self.limit_ms:
            self.kept += 1
        else:
            self.missed += 1
            self.proof = last[0], seq, passed_ms

    def due_ms(self, came_ms: int) -> int:
        """When the next reading is overdue, by the clock of who looks, as the last one, or the
        promise, came at `came_ms`. That is no proof of anything.
        """
        return came_ms + self.limit_ms + self.asleep_ms * 11 // 10 + GRACE_MS
