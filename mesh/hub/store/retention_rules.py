"""Retention rules from the settings `keep` (entries) and `history` (readings)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mesh.core import peer_id
from mesh.core.errors import LocalError, RemoteError
from mesh.core.policy.checking import check, fail
from mesh.core.policy.section import WHO
from mesh.core.policy.settings import Profile

DAY_MS = 86_400_000
_DAYS = ((int, float), "a number", 0, 36_500)
SCHEMA = [
    {
        "who": WHO,
        "sensors": [(str, "a text", 1, 63)],
        "days": _DAYS,
        "thinned_days": _DAYS,
    }
]


class Entries(NamedTuple):
    """How long, in ms, and in how many bytes entries are kept; None: no limit."""

    ms: int | None = None
    bytes: int | None = None


class Readings(NamedTuple):
    """How long, in ms, readings are kept as measured, and after that as summaries."""

    ms: int | None = None
    thinned_ms: int | None = None


class _Rule(NamedTuple):
    who: frozenset[bytes] | None  # None: all authors
    sensors: frozenset[str] | None
    what: Any


class Rules:
    """The retention rules. The first that matches counts; without one all is kept."""

    def __init__(self, profile: Profile | None = None) -> None:
        self._entries: list[_Rule] = []
        self._readings: list[_Rule] = []
        if profile is not None:
            self._read(profile)

    def entries(self, author: bytes) -> Entries:
        """The retention of an author's entries."""
        found = _first(self._entries, author, None)
        return found if isinstance(found, Entries) else Entries()

    def readings(self, author: bytes, sensor: str) -> Readings:
        """The retention of a sensor's readings."""
        found = _first(self._readings, author, sensor)
        return found if isinstance(found, Readings) else Readings()

    def _read(self, profile: Profile) -> None:
        for kept in profile.keep:
            who = None if kept.who is None else frozenset(kept.who)
            limits = Entries(_ms(kept.days or None), kept.bytes or None)
            self._entries.append(_Rule(who, None, limits))
        self._readings = understood(profile, profile.history)


def understood(profile: Profile, history: Any) -> list[_Rule]:  # noqa: ANN401 - out of a file
    """Read the rules of the setting `history`. LocalError with the path of what is wrong."""
    check(history, "history", SCHEMA)
    made = []
    for at, rule in enumerate(history):
        who = _who(profile, rule.get("who", "*"), f"history[{at}].who")
        sensors = frozenset(rule["sensors"]) if "sensors" in rule else None
        limits = Readings(_ms(rule.get("days")), _ms(rule.get("thinned_days")))
        made.append(_Rule(who, sensors, limits))
    return made


def _first(rules: Sequence[_Rule], author: bytes, sensor: str | None) -> object:
    for rule in rules:
        if (rule.who is None or author in rule.who) and (
            sensor is None or rule.sensors is None or sensor in rule.sensors
        ):
            return rule.what
    return None


def _ms(days: float | None) -> int | None:
    return None if days is None else int(days * DAY_MS)


def _who(profile: Profile, who: object, path: str) -> frozenset[bytes] | None:
    if who == "*" or who is None:
        return None
    if not isinstance(who, list | tuple | set | frozenset):
        fail(path, who, '"*" or a list of peers')
    if "*" in who:
        return None
    found = set()
    for one in who:
        if isinstance(one, bytes):
            found.add(one)
            continue
        known = profile.names.get(one)
        try:
            found.add(peer_id.from_text(one) if known is None else known)
        except RemoteError as error:
            raise LocalError(
                f"{path}: {one!r} is not a peer id (52 characters) or a name in names"
            ) from error
    return frozenset(found)
