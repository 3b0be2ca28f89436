"""What time it is, as far as a peer knows; every stamp says how well (docs/protocol.md, 6)."""

NONE, PEERS, NTP, REFERENCE = 0, 1, 2, 3

# A peer's word outside of this is no time at all: Unix ms of 2020-01-01 and 2100-01-01.
EARLIEST = 1_577_836_800_000
LATEST = 4_102_444_800_000


class Clock:
    """One peer's clock in its start number `boots`: it knows no Unix time until it is told."""

    def __init__(self, boots: int) -> None:
        self.boots = boots
        self.quality = NONE
        self._offset = 0  # Unix ms at boot

    def stamp(self, now_ms: int) -> "list[int | None]":
        """[quality, boots, ms since boot, Unix ms or None], as in an entry and in /time."""
        unix_ms = self._offset + now_ms if self.quality else None
        return [self.quality, self.boots, now_ms, unix_ms]

    def set(self, now_ms: int, unix_ms: int, quality: int) -> bool:
        """Take the time from a source, unless a better one was heard: whether it was taken."""
        if quality < self.quality or not EARLIEST < unix_ms < LATEST:
            return False
        self.quality = quality
        self._offset = unix_ms - now_ms
        return True

    def vote(self, now_ms: int, unix_ms: "list[int]") -> bool:
        """Take the median of what peers say, so that a minority of liars moves nothing."""
        said = sorted([u for u in unix_ms if EARLIEST < u < LATEST])
        return bool(said) and self.set(now_ms, said[(len(said) - 1) // 2], PEERS)
