"""The sender's counter: never repeats, rarely writes to flash (RFC 8613 appendix B.1.1)."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


MOST = 1 << 59  # a skip never goes beyond


class Counter:
    """Numbers from `start` on, saved in blocks: save(limit) is called before the first of `block`
    numbers is used.

    `start` is the limit saved last, 0 at first, so the rest of the former block is skipped. If
    save() raises, so does next(), and no number is given.
    """

    def __init__(self, start: int, block: int, save: "Callable[[int], object]") -> None:
        self._next = start
        self._limit = start
        self._block = block
        self._save = save

    def next(self, ahead: int = 0) -> int:
        """A number that was never given before; `ahead`: how many to skip."""
        value = self._next
        if value + ahead < MOST:
            value += ahead
        if value >= self._limit:
            self._save(value + self._block)
            self._limit = value + self._block
        self._next = value + 1
        return value
