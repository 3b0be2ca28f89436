"""Checks that whole numbers received from outside are in range (docs/protocol.md section 6)."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Bound of seqs, starts, times and cursors: such numbers are exact in a 64-bit float, in databases
# and in JSON, and sums of them stay far below 64 bits.
END = 1 << 53
BOOTS = 1 << 21  # starts, each of which has the seqs from boots << 32 on: END is BOOTS << 32


def is_count(value: object, end: int = END) -> bool:
    """Whether a value is an integer, not a bool, with 0 <= value < end."""
    return type(value) is int and 0 <= value < end


def stamp(value: "Any") -> "list[int | None] | None":  # noqa: ANN401 - from outside
    """Check a time stamp from outside: [quality, boots, ms since boot, Unix ms or None].

    Returns it without further items, or None if it is malformed. An unknown quality becomes 0.
    """
    if not isinstance(value, list) or len(value) < 4:
        return None
    for at in range(4):
        if not is_count(value[at]) and (at < 3 or value[at] is not None):
            return None
    return value[:4] if value[0] < 4 else [0, value[1], value[2], None]
