"""Result of one check of `mesh doctor`."""

from typing import NamedTuple

OK, WARN, FAIL = "ok", "warn", "fail"


class Finding(NamedTuple):
    """The result of one check. `state`: ok, warn or fail; `todo`: what helps, or ""."""

    what: str
    state: str
    seen: str
    todo: str = ""
