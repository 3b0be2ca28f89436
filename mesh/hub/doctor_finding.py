"""What the doctor finds."""

from typing import NamedTuple

OK, WARN, FAIL = "ok", "warn", "fail"


class Finding(NamedTuple):
    """One thing that was looked at. state: ok, warn or fail; todo: what helps, or ""."""

    what: str
    state: str
    seen: str
    todo: str = ""
