"""What the store's thread tells, each called in that thread."""

import logging
from collections.abc import Callable
from typing import NamedTuple

log = logging.getLogger(__name__)

# (author, seq, what is kept, what came): two signed histories
Forked = Callable[[bytes, int, list[object], list[object]], None]


def log_fault(what: str, error: BaseException) -> None:
    """Tell a fault of ours with its traceback."""
    log.error("%s", what, exc_info=error)


class Hooks(NamedTuple):
    """forked: two signed histories of an author disagree. told: what goes wrong, or nothing once
    it is well again. raised: an author's entries below that seq were dropped. lost: its entries
    from one seq to another were damaged. faulty: what was left out, and the error, our own fault.
    dropped: all of an author's was, to make room for others.
    """

    forked: Forked
    told: Callable[[str], None]
    raised: Callable[[bytes, int], None]
    lost: Callable[[bytes, int, int], None]
    faulty: Callable[[str, BaseException], None] = log_fault
    dropped: Callable[[bytes], None] = lambda _: None
