"""Entries as rows for `mesh watch`: a table by kind."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from mesh.core.codec.senml_reading import unpack
from mesh.hub.operations import answers
from mesh.hub.operations.wording import TOLD

Data = dict[str, Any]


def rows(kind: str, seq: int, clock: list[Any], body: object) -> list[Data]:
    """The rows of an entry; none for an unknown kind. RemoteError if it is malformed."""
    make = ROWS.get(kind)
    return make(seq, clock, body) if make is not None else []


def _readings(seq: int, clock: list[Any], body: object) -> list[Data]:
    unix_ms = clock[3]
    age_s = max(0.0, time.time() - unix_ms / 1000) if unix_ms is not None else None
    more = {"seq": seq, "age_s": age_s, "verified": True}
    return [answers.reading(record, "", time.time()) | more for record in unpack(body)]


def _told(kind: str) -> Callable[[int, list[Any], object], list[Data]]:
    """Rows of what is told in words (wording.py) by who can look up what it is about: `raw` is the
    body until then.
    """

    def rows_of(seq: int, clock: list[Any], body: object) -> list[Data]:
        unix_ms = clock[3]
        age_s = max(0.0, time.time() - unix_ms / 1000) if unix_ms is not None else None
        more = {"seq": seq, "age_s": age_s, "verified": True}
        return [{"kind": kind, "body": answers.plain(body), "raw": body} | more]

    return rows_of


ROWS: Mapping[str, Callable[[int, list[Any], object], list[Data]]] = {
    "reading": _readings,
    **{kind: _told(kind) for kind in TOLD},
}
