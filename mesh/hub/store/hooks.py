"""Callbacks of the store's thread, each called in that thread."""

import logging
from collections.abc import Callable
from typing import NamedTuple

log = logging.getLogger(__name__)

# (author, seq, statement kept, statement received): two signed histories
Forked = Callable[[bytes, int, list[object], list[object]], None]


def log_fault(what: str, error: BaseException) -> None:
    """Log a fault of ours with its traceback."""
    log.error("%s", what, exc_info=error)


class Hooks(NamedTuple):
    """Callbacks. forked: two signed histories of an author disagree; told: what goes wrong, or ""
    when it is over; raised: an author's entries below a seq were dropped; lost: a range of its
    entries was damaged; faulty: what was dropped, and the error, by our own fault; dropped: all of
    an author was, to make room.
    replaced: a run was written in place of what contradicted it: author, first, before, last.
    """

    forked: Forked
    told: Callable[[str], None]
    raised: Callable[[bytes, int], None]
    lost: Callable[[bytes, int, int], None]
    faulty: Callable[[str, BaseException], None] = log_fault
    dropped: Callable[[bytes], None] = lambda _: None
    replaced: Callable[[bytes, int, bytes, int], object] = lambda *_: None
