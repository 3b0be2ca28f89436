"""Limits that fit the free heap, so that all tables may be full at the same time.

The size of an entry was measured by tests/bench/tables.py, with 32-bit words (docs/hardware.md).
"""

import gc
import sys

from mesh.core.limits import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.policy.settings import Profile

# limit: (bytes of an entry, number that is enough, least number); lowered in this order
TABLES = (
    ("mdns_records", 218, 48, 24),
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
WIDE = 1.6  # factor for 64-bit words
OWN = 10_000  # bytes for a signature, a block-wise answer, drivers and the loop
LATER = 2500  # for modules that are loaded later
KEEPING = 14_000  # for replication of others' feeds
USABLE_PCT = 88  # usable part of a heap: gaps between long-lived objects are small


def limits_for(profile: "Profile", tell: "Callable[..., None]") -> Limits:
    """The limits of a peer that is created now. Those lower than wanted are reported."""
    feeds = bool(profile.follow or profile.keep or profile.relations)
    gc.collect()
    wanted = Limits(**profile.limits)
    fits = fit(wanted, gc.mem_free(), feeds)
    if fits:
        tell("limits", **fits)
    return Limits(**(profile.limits | fits))


def fit(limits: Limits, free: int, feeds: bool) -> "dict[str, int]":
    """Lower these limits so that all tables fit into `free` bytes. Gives the lowered ones.
    `feeds`: whether the feeds of all peers are kept.
    """
    word = WIDE if sys.maxsize >> 31 else 1
    own = OWN + LATER + (KEEPING if feeds else 0)
    left = int(free / word - own) * USABLE_PCT // 100
    sizes = {row[0]: row[1] for row in TABLES}
    if feeds:
        sizes["peers"] += FEED + limits.foreign_bytes
    counts = {name: getattr(limits, name) for name in sizes}
    for name, count in counts.items():
        left -= count * sizes[name]
    fits: dict[str, int] = {}
    for level in (2, 3):
        for row in TABLES:
            name = row[0]
            size = sizes[name]
            fewer = min(counts[name] - row[level], (size - 1 - left) // size)
            if left < 0 and fewer > 0:
                counts[name] = fits[name] = counts[name] - fewer
                left += fewer * size
    return fits
