"""Local time, parsed and formatted, also around daylight saving time.

When the clock is put back, an hour (in some zones half of one) occurs twice: then the offset from
UTC is shown too. When it is put forward, some times do not exist.
"""

import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

DAY_MS = 86_400_000
EPOCH = date(1970, 1, 1).toordinal()
NO_DATE = (OverflowError, ValueError, OSError)  # raised for times that no calendar reaches


def local(unix_ms: float) -> datetime | None:
    """Local time, with its offset; None if no calendar reaches there."""
    try:
        return datetime.fromtimestamp(unix_ms / 1000, UTC).astimezone()
    except NO_DATE:
        return None


def comes_twice(moment: datetime) -> bool:
    """Whether the same local time occurs twice."""
    bare = moment.replace(tzinfo=None)
    try:
        first, second = (bare.replace(fold=fold).astimezone().utcoffset() for fold in (0, 1))
    except NO_DATE:
        return False
    return first != second


def shown(moment: datetime, form: str) -> str:
    """A local time in a strftime format, with its offset if it occurs twice."""
    return moment.strftime(f"{form} %z" if comes_twice(moment) else form)


def read(text: str, *, last: bool = False) -> int:
    """Parse a date and time (ISO 8601) into Unix ms; local unless it has an offset. Of one that
    occurs twice, the first, or the `last`. ValueError; OverflowError.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(fold=int(last and _falls_back(moment)))
    return round(moment.timestamp() * 1000)


def _falls_back(bare: datetime) -> bool:
    """Whether a bare local time occurs twice; if it does not exist, the second reading is the
    earlier.
    """
    first, second = (bare.replace(fold=fold).timestamp() for fold in (0, 1))
    return first < second


def round_times(start_ms: int, end_ms: int, step_ms: int) -> Iterator[int]:
    """The local times from start to end that are multiples of a step, in Unix ms. The step is part
    of a day, or whole days, which begin at midnight whatever their length.
    """
    if step_ms >= DAY_MS:
        yield from _days(start_ms, end_ms, step_ms // DAY_MS)
        return
    at = start_ms + -(start_ms + _ahead(start_ms)) % step_ms
    before = start_ms - 1
    while at <= end_ms:
        over = (at + _ahead(at)) % step_ms
        if over:  # the clock was changed since the last one
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
    """The offset of local time from UTC in ms."""
    moment = local(unix_ms)
    ahead = moment.utcoffset() if moment else None
    return round(ahead.total_seconds() * 1000) if ahead else 0
