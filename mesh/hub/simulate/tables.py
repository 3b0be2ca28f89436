"""Every table of a node and its cap: memory stays within what Limits allow, whoever does what."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from mesh.core.clock import MOST_VOTES
from mesh.core.limits import Limits
from mesh.core.node import MOST_EVENTS, Node
from mesh.hub.simulate.timeline import Broken

RULE = "memory stays within the caps"


def _timers(limits: Limits) -> int:
    return 2 * (limits.exchanges + 2 * limits.outgoing + limits.observers) + 65


# name, how to find it, its cap. Sized containers only: what they hold is bounded by audit().
TABLES: tuple[tuple[str, Callable[[Any], Any], Callable[[Limits], int]], ...] = (
    ("addresses", lambda n: n.endpoint.remotes, lambda m: max(m.remotes, m.outgoing + 1)),
    ("requests seen", lambda n: n.endpoint.seen, lambda m: m.exchanges),
    ("requests open", lambda n: n.endpoint.open, lambda m: 2 * m.outgoing),
    (
        "messages under way",
        lambda n: n.endpoint.flight,
        lambda m: m.exchanges + m.outgoing + m.observers + 1,
    ),
    ("bodies", lambda n: n.endpoint.bodies, lambda m: m.bodies),
    ("observers", lambda n: n.endpoint.observers, lambda m: m.observers),
    ("timers", lambda n: n.endpoint._heap, _timers),
    ("watchers", lambda n: n.serving._watchers, lambda m: m.observers),
    ("listeners", lambda n: n.serving.telling.table, lambda m: m.observers),
    ("links", lambda n: n.replicating.links.table if n.replicating else (), lambda m: m.outgoing),
    (
        "feeds that lack something",
        lambda n: n.replicating.catching.table if n.replicating else (),
        lambda m: m.peers,
    ),
    (
        "sources of feeds",
        lambda n: n.replicating.parents if n.replicating else (),
        lambda m: 2 * m.peers + 1,
    ),
    ("replay windows", lambda n: n.gate._freshness._senders, lambda m: m.senders),
    ("questions", lambda n: n.asks.open, lambda m: m.outgoing),
    ("searches", lambda n: n.searching.open, lambda m: m.outgoing),
    ("clock votes", lambda n: n.clock._votes, lambda _: MOST_VOTES),
    ("feeds", lambda n: n.peer.feeds.foreign, lambda m: m.peers),
    ("events", lambda n: n._events, lambda _: MOST_EVENTS),
)


def check(label: str, node: Node) -> None:
    """Broken if a table of this node has grown beyond its cap. Quick: it is done at every step."""
    limits = node.limits
    for name, find, cap in TABLES:
        if len(find(node)) > cap(limits):
            raise Broken(RULE, f"{label} has {len(find(node))} {name}, of at most {cap(limits)}")
    if len(node.contacts.table) > limits.peers + limits.candidates:
        check_contacts(label, node)


def check_contacts(label: str, node: Node) -> None:
    """Broken if too many peers are known: those named in settings come on top."""
    limits = node.limits
    rows = [c for c in node.contacts.table.values() if not c.pinned]
    proven = len([c for c in rows if c.address is not None])
    if proven > limits.peers or len(rows) - proven > limits.candidates:
        raise Broken(RULE, f"{label} has {proven} proven contacts of {len(rows)}")


def audit(label: str, node: Node) -> int:
    """Look at all that a node holds, however deep: Broken for any container that is larger than
    every cap. Gives the bytes of all texts and bytes, and one for each object.
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
    """Every object that can be reached, and how; not what is code."""
    seen = set()
    waiting: list[tuple[str, object]] = [("node", root)]
    while waiting:
        path, one = waiting.pop()
        if id(one) in seen or isinstance(one, type) or callable(one):
            continue
        seen.add(id(one))
        yield path, one
        if isinstance(one, dict):
            waiting += [(path + "{}", key) for key in one]
            waiting += [(path + "{}", value) for value in one.values()]
        elif isinstance(one, list | tuple | set | deque):
            waiting += [(path + "[]", item) for item in one]
        elif hasattr(one, "__dict__"):
            waiting += [(f"{path}.{name}", value) for name, value in vars(one).items()]
