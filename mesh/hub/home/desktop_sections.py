"""The table of sections for a desktop: the core's, with two rows of its own."""

from collections.abc import Iterable
from typing import Any

from mesh.core.policy.section import WHO, Section
from mesh.core.policy.section_table import SECTIONS
from mesh.core.policy.settings import Profile
from mesh.hub.store import retention_rules

CORE = {row.key: row for row in SECTIONS}


def _follow(profile: Profile, value: object, key: str) -> dict[str, Any]:
    """Read whom to follow: by default all peers that it has a name for."""
    if value is None:
        return {key: list(profile.names.values())}
    found: dict[str, Any] = CORE["follow"].read(profile, value, key)
    return found


def _history(profile: Profile, value: Any, key: str) -> dict[str, Any]:  # noqa: ANN401 - checked
    """Check the retention of readings, as the store does."""
    retention_rules.understood(profile, value)
    return {key: value}


OWN = {
    "follow": Section("follow", WHO, None, _follow, 0),
    "history": Section("history", retention_rules.SCHEMA, list, _history, 0),
}


def table(sections: Iterable[Section] = SECTIONS) -> tuple[Section, ...]:
    """Replace rows of the core by a desktop's own."""
    return tuple(
        OWN[row.key] if row is CORE.get(row.key) and row.key in OWN else row for row in sections
    )
