"""Local time as people read and write it, over the changes to and from summer time.

Where the clock is put back, an hour (in some zones half of one) comes twice: then the offset from
UTC is shown too. Where it is put forward, there are times that never were.
"""

import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

DAY_MS = 86_400_000
EPOCH = date(1970, 1, 1).toordinal()
NO_DATE = (OverflowError, ValueError, OSError)  # of times that no calendar reaches


def local(unix_ms: float) -> datetime | None:
    """Local time, with its offset; None where no calendar reaches."""
    try:
        return datetime.fromtimestamp(unix_ms / 1000, UTC).astimezone()
    except NO_DATE:
        return None


def comes_twice(moment: datetime) -> bool:
    """Whether the same time of day comes twice on that day."""
    bare = moment.replace(tzinfo=None)
    try:
        first, second = (bare.replace(fold=fold).astimezone().utcoffset() for fold in (0, 1))
    except NO_DATE:
        return False
    return first != second


def shown(moment: datetime, form: str) -> str:
    """A local time in a form of strftime, with its offset where it comes twice."""
    return moment.strftime(f"{form} %z" if comes_twice(moment) else form)


def read(text: str, *, last: bool = False) -> int:
    """Unix ms of a date and time (ISO 8601), local unless it has an offset. One that comes twice
    is the first, or the `last`. ValueError; OverflowError.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(fold=int(last and _falls_back(moment)))
    return round(moment.timestamp() * 1000)


def _falls_back(bare: datetime) -> bool:
    """Whether a bare local time comes twice; of one that never was the second is the earlier."""
    first, second = (bare.replace(fold=fold).timestamp() for fold in (0, 1))
    return first < second


def round_times(start_ms: int, end_ms: int, step_ms: int) -> Iterator[int]:
    """Unix ms of the local times from start to end that are multiples of a step: a part of a day,
    or whole days, of which each begins at its midnight whatever its length.
    """
    if step_ms >= DAY_MS:
        yield from _days(start_ms, end_ms, step_ms // DAY_MS)
        return
    at = start_ms + -(start_ms + _ahead(start_ms)) % step_ms
    before = start_ms - 1
    while at <= end_ms:
        over = (at + _ahead(at)) % step_ms
        if over:  # the clock was put back or forward since the last one
            earlier, later = at - over, at - over + step_ms
            fits = earlier > before and (earlier + _ahead(earlier)) % step_ms == 0
            at = earlier if fits else later
        if at > end_ms:
            return
        if (at + _ahead(at)) % step_ms == 0:
            yield at
        before = at
        at += step_ms


def _days(start_ms: int, end_ms: int, days: int) -> Iterator[int]:
    first = local(start_ms)
    if first is None:
        return
    midnight = first.replace(tzinfo=None, fold=0, hour=0, minute=0, second=0, microsecond=0)
    with contextlib.suppress(*NO_DATE):
        midnight += timedelta(days=-(midnight.toordinal() - EPOCH) % days)
        while (at := round(midnight.timestamp() * 1000)) <= end_ms:
            if at >= start_ms:
                yield at
            midnight += timedelta(days=days)


def _ahead(unix_ms: int) -> int:
    """Ms that local time is ahead of UTC."""
    moment = local(unix_ms)
    ahead = moment.utcoffset() if moment else None
    return round(ahead.total_seconds() * 1000) if ahead else 0
