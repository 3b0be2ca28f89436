"""Caps of every table of a node, which keep its memory bounded."""

from collections import deque
from collections.abc import Callable, Iterator
from operator import gt
from typing import Any

from mesh.core.clock import MOST_VOTES
from mesh.core.limits import Limits
from mesh.core.node import MOST_EVENTS, Node
from mesh.lab.simulate.timeline import Broken

PLAIN = frozenset((int, bool, float, type(None)))
TEXTS = frozenset((bytes, str))
RULE = "memory stays within the caps"


def _timers(limits: Limits) -> int:
    return 2 * (limits.exchanges + 2 * limits.outgoing + limits.observers) + 65


def _sizes(n: Any) -> tuple[int, ...]:  # noqa: ANN401 - a node, with what is private to it
    """The sizes of all tables, in the order of TABLES; one call, as it is used at every step."""
    endpoint, serving, replicating = n.endpoint, n.serving, n.replicating
    catching = replicating and replicating._catching
    return (
        len(endpoint.remotes),
        len(endpoint.seen),
        len(endpoint.open),
        len(endpoint.flight),
        len(endpoint.bodies),
        len(endpoint.observers),
        len(endpoint._heap),
        len(serving._watchers),
        len(serving.telling.table),
        len(replicating.links.table) if replicating else 0,
        len(catching.table) if catching else 0,
        len(replicating.parents) if replicating else 0,
        len(n.gate._freshness._senders),
        len(n.asks.open),
        len(n.searching.open),
        len(n.clock._votes),
        len(n.peer.feeds.foreign),
        len(n._events),
    )


# (name, cap). Containers themselves only: audit() bounds their content.
TABLES: tuple[tuple[str, Callable[[Limits], int]], ...] = (
    ("addresses", lambda m: max(m.remotes, m.outgoing + 1)),
    ("requests seen", lambda m: m.exchanges),
    ("requests open", lambda m: 2 * m.outgoing),
    ("messages under way", lambda m: m.exchanges + m.outgoing + m.observers + 1),
    ("bodies", lambda m: m.bodies),
    ("observers", lambda m: m.observers),
    ("timers", _timers),
    ("watchers", lambda m: m.observers),
    ("listeners", lambda m: m.observers),
    ("links", lambda m: m.outgoing),
    ("feeds that lack something", lambda m: m.peers),
    ("sources of feeds", lambda m: 2 * m.peers + 1),
    ("replay windows", lambda m: m.senders),
    ("questions", lambda m: m.outgoing),
    ("searches", lambda m: m.outgoing),
    ("clock votes", lambda _: MOST_VOTES),
    ("feeds", lambda m: m.peers),
    ("events", lambda _: MOST_EVENTS),
)


class Caps:
    """The caps of nodes with the same limits, which are fixed for a node's life."""

    def __init__(self, limits: Limits) -> None:
        self._caps = tuple(cap(limits) for _, cap in TABLES)
        self._contacts = limits.peers + limits.candidates

    def check(self, label: str, node: Node) -> None:
        """Broken if a table has grown beyond its cap."""
        sizes = _sizes(node)
        if True in map(gt, sizes, self._caps):
            rows = zip(TABLES, sizes, self._caps, strict=True)
            name, size, cap = next((row[0], has, most) for row, has, most in rows if has > most)
            raise Broken(RULE, f"{label} has {size} {name}, of at most {cap}")
        if len(node.contacts.table) > self._contacts:
            check_contacts(label, node)


def check_contacts(label: str, node: Node) -> None:
    """Broken if too many peers are known; those in the settings are not counted."""
    limits = node.limits
    rows = [c for c in node.contacts.table.values() if not c.pinned]
    proven = len([c for c in rows if c.address is not None])
    if proven > limits.peers or len(rows) - proven > limits.candidates:
        raise Broken(RULE, f"{label} has {proven} proven contacts of {len(rows)}")


def audit(label: str, node: Node) -> int:
    """Broken if any container inside of a node is larger than every cap. Gives the bytes of its
    texts and bytes objects, plus one for each object.
    """
    check_contacts(label, node)
    limits = node.limits
    most = max(_timers(limits), limits.tail, limits.foreign_tail, limits.mdns_records)
    most = max(most, limits.peers + limits.candidates, limits.remotes, limits.senders, 300)
    weight = 0
    for path, one in _walk(node):
        weight += 1
        if isinstance(one, bytes | bytearray | str):
            weight += len(one)
        elif isinstance(one, dict | list | tuple | set | deque) and len(one) > most:
            raise Broken(RULE, f"{label}: {path} has {len(one)} items, and no table has {most}")
    return weight


def _walk(root: object) -> Iterator[tuple[str, object]]:
    """Every reachable object with its path, except code and numbers."""
    seen = set()
    waiting: list[tuple[str, object]] = [("node", root)]
    while waiting:
        path, one = waiting.pop()
        if type(one) in PLAIN or id(one) in seen or isinstance(one, type) or callable(one):
            continue
        seen.add(id(one))
        yield path, one
        if type(one) in TEXTS:
            continue
        if isinstance(one, dict):
            waiting += [(path + "{}", key) for key in one]
            waiting += [(path + "{}", value) for value in one.values()]
        elif isinstance(one, list | tuple | set | deque):
            waiting += [(path + "[]", item) for item in one]
        elif hasattr(one, "__dict__"):
            waiting += [(f"{path}.{name}", value) for name, value in vars(one).items()]
