"""Entries as rows for `mesh watch`: a table by kind."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from mesh.core.codec.senml_reading import unpack
from mesh.hub.operations import answers

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


ROWS: Mapping[str, Callable[[int, list[Any], object], list[Data]]] = {"reading": _readings}
