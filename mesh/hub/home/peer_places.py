"""Finds where settings name peers, by the schemas in the table of sections."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from mesh.core.policy import section
from mesh.core.policy.section import Section

MARKS = (section.PEER, section.PEERS, section.WHO, section.READERS, section.READING)


class Place(NamedTuple):
    """A place that names peers: its path, the table or list around it, its key, its schema."""

    path: str
    table: Any
    key: Any
    spec: object

    @property
    def value(self) -> Any:  # noqa: ANN401 - from a file
        """The value at this place."""
        return self.table[self.key]


def places(settings: Any, sections: Iterable[Section]) -> Iterator[Place]:  # noqa: ANN401 - a file
    """All places in settings that name peers, or should. Values are not checked."""
    for row in sections:
        if row.key in settings:
            yield from _within(settings, row.key, row.key, row.spec)


def names_peers(spec: object) -> bool:
    """Whether values of this schema may name peers."""
    inner: Iterable[object] = ()
    if isinstance(spec, dict):
        inner = spec.values()
    elif isinstance(spec, list):
        inner = spec
    return _is_marked(spec) or any(map(names_peers, inner))


def _is_marked(spec: object) -> bool:
    return any(spec is mark for mark in MARKS)


def _within(table: Any, key: Any, path: str, spec: Any) -> Iterator[Place]:  # noqa: ANN401
    value = table[key]
    if _is_marked(spec):
        yield Place(path, table, key, spec)
    elif isinstance(spec, dict) and isinstance(value, dict):
        for name in value:
            yield from _within(value, name, f"{path}.{name}", spec.get(name) or spec.get("*"))
    elif isinstance(spec, list) and isinstance(value, list):
        for at in range(len(value)):
            yield from _within(value, at, f"{path}[{at}]", spec[0])
