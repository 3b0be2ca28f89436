"""Ranges of whole numbers that come from outside (docs/protocol.md section 6)."""

# Seqs, starts, times and cursors are below: exact in every float of 64 bits, in every database and
# in JSON, and far from where sums of them leave 64 bits.
END = 1 << 53
BOOTS = 1 << 21  # starts of which each has seqs of its own, boots << 32: END is BOOTS << 32


def is_count(value: object, end: int = END) -> bool:
    """Whether it is a whole number (true and false are none) from 0 on and below `end`."""
    return type(value) is int and 0 <= value < end
