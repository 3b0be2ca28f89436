"""Records of the Python API: readings, contacts and events, as named tuples."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

Value = bool | int | float | str


class Reading(NamedTuple):
    """A reading of a sensor. A decimal that no float holds is a text.

    `unit`: a SenML unit (RFC 8428 s.12.1); `time`: in UTC, None if the author does not know it;
    `peer`: our name for the author, else its own; `id`: its key; `seq`: number of the entry in its
    feed, if known; `quality` of the time, 0: time of arrival here, 1: told by other peers, 2 and
    3: set; `verified`: whether the author's signature was valid.
    """

    time: datetime | None
    value: Value
    unit: str
    sensor: str
    peer: str
    id: str
    seq: int | None = None
    quality: int | None = None
    verified: bool = True


class Contact(NamedTuple):
    """A known peer.

    `label`: our name for it (`petname`), else its own (`name`), else the beginning of its `id`;
    `state`: "new" if it never answered, "up", "lost" or "asleep"; `addresses`: the best first;
    `how` it was found; `heard_s`, `wakes_s`: seconds since it was heard, and until it wakes up;
    `forked`: the entry at which its feed forked; `verified` and `refused`: numbers of signatures.
    """

    label: str
    state: str
    id: str
    name: str
    petname: str
    kind: str
    addresses: tuple[str, ...]
    how: str
    heard_s: float | None
    wakes_s: float | None
    forked: int | None
    verified: int
    refused: int


class Event(NamedTuple):
    """An event at a peer.

    `kind`: "found", "lost", "reading", "refused", "actuated", "forked", "restored" or "failing";
    "summed" counts events that were left out, "alive" comes after a quiet time. `peer` and `id`:
    the peer concerned, if any; `data`: other fields, by name.
    """

    kind: str
    time: datetime
    peer: str | None
    id: str | None
    data: Mapping[str, Any]


class Summary(NamedTuple):
    """A summary of readings of a sensor: the first of their times, least, mean, most, and
    number.
    """

    time: datetime
    least: float
    mean: float
    most: float
    n: int


def reading(row: Mapping[str, Any]) -> Reading:
    """Make a Reading of a row of an operation."""
    age_s = row.get("age_s")
    time = None if age_s is None else datetime.now(UTC) - timedelta(seconds=age_s)
    return Reading(
        time,
        row["value"],
        row.get("unit") or "",
        row["sensor"],
        row["peer"],
        row["id"],
        row.get("seq"),
        None,
        row["verified"],
    )


def contact(row: Mapping[str, Any]) -> Contact:
    """Make a Contact of a row of the operation "peers"."""
    fields = {name: row[name] for name in Contact._fields}
    return Contact(**fields | {"addresses": tuple(row["addresses"])})


def event(row: Mapping[str, Any]) -> Event:
    """Make an Event of a row of the operation "events"."""
    data = {k: v for k, v in row.items() if k not in ("event", "at", "peer", "label")}
    time = datetime.fromtimestamp(row["at"], UTC)
    return Event(row["event"], time, row.get("label"), row.get("peer"), data)
