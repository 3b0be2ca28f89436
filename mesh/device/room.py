"""Limits that fit the heap that there is, so that all tables may be full at once.

What an entry takes is measured by tests/bench/tables.py, with 32-bit words (docs/hardware.md).
"""

import gc
import sys

from mesh.core.limits import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.settings import Profile

# limit: bytes of an entry; how many are enough, then how many are the least, each before the next
TABLES = (
    ("candidates", 430, 12, 4),
    ("exchanges", 620, 6, 4),
    ("outgoing", 920, 8, 8),
    ("senders", 125, 16, 8),
    ("remotes", 90, 24, 16),
    ("peers", 380, 24, 8),
    ("bodies", 6000, 2, 1),
    ("observers", 1380, 8, 4),
    ("tail_bytes", 1, 8192, 4096),
)
FEED = 600  # bytes of another peer's feed, besides its entries
WIDE = 1.6  # so much more with 64-bit words
OWN = 10_000  # bytes for a signature, an answer in blocks, the driver's and the loop's needs
LATER = 2500  # for modules that are loaded once they are needed
KEEPING = 14_000  # for what keeps up with others' feeds
USABLE_PCT = 88  # of a heap: between what lives long is room for small things only


def limits_for(profile: "Profile", tell: "Callable[..., None]") -> Limits:
    """The limits of a peer that is made now; which ones are lower than wanted is told."""
    feeds = bool(profile.follow or profile.keep)
    gc.collect()
    wanted = Limits(**profile.limits)
    fits = fit(wanted, gc.mem_free(), feeds)
    if fits:
        tell("limits", **fits)
    return Limits(**(profile.limits | fits))


def fit(limits: Limits, free: int, feeds: bool) -> "dict[str, int]":
    """Which of these limits are lowered to what, so that all that they allow fits into so many
    free bytes. `feeds`: those of all peers are kept.
    """
    word = WIDE if sys.maxsize >> 31 else 1
    own = OWN + LATER + (KEEPING if feeds else 0)
    left = int(free / word - own) * USABLE_PCT // 100
    sizes = {row[0]: row[1] for row in TABLES}
    if feeds:
        sizes["peers"] += FEED + limits.foreign_bytes
    counts = {name: getattr(limits, name) for name in sizes}
    left -= sum([counts[name] * sizes[name] for name in sizes])
    for level in (2, 3):
        for row in TABLES:
            name, size = row[0], sizes[row[0]]
            fewer = min(counts[name] - row[level], (size - 1 - left) // size)
            if left < 0 and fewer > 0:
                counts[name] -= fewer
                left += fewer * size
    return {name: counts[name] for name in counts if counts[name] < getattr(limits, name)}
