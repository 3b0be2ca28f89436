"""/relations: the entries that agreements are made of, asked for by ref, or by author and seq.

By FETCH; a GET asks for nothing. Who may ask is who may read /feeds.
"""

from mesh.core import codes
from mesh.core.codec.formats import PLAIN
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import seam, size_of
from mesh.core.ranges import is_count
from mesh.core.relations.partaking import Relating
from mesh.core.relations.taking import MARKERS
from mesh.core.replication.missing import ITEMS, NAME, Missing
from mesh.core.resources.resource import Resource, shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from mesh.core.relations.agreements import Agreements
    from mesh.core.resources.resource import Asked, Peer

    Place = tuple[bytes, int]  # an author, and the seq of an entry
    Find = Callable[[Any], list[Place]]

ROOM = 4096  # bytes of an answer, if the question says nothing
HERE = 16_384  # bytes of runs that are looked through here at once
WHAT = "ask with an array of 1 to 8 refs, or [peer id, seq]"


def answering(feeds: "Any", find: "Find | None" = None) -> Resource:  # noqa: ANN401 - Feeds
    """The resource. find(item) gives places in a store, besides what the feeds have in memory."""

    def fetch(peer: "Peer", now_ms: int, asked: "Asked") -> "list[Any]":
        items = [] if asked.value is None else _items(asked.value)
        feeds.keep(now_ms)
        return _held(feeds, items, find, _room(asked.query))

    return Resource(NAME, fetch, None, shared, PLAIN, 0)


def _held(
    feeds: "Any",  # noqa: ANN401 - Feeds
    items: "list[Any]",
    find: "Find | None",
    room: int,
) -> "list[Any]":
    places: list[Place] = []
    for item in items:
        places += _in_tails(feeds, item) + (find(item) if find is not None else [])
    return _runs(feeds, sorted(set(places)), room)


def _items(value: "Any") -> "list[Any]":  # noqa: ANN401 - from outside
    if not isinstance(value, list) or not 0 < len(value) <= ITEMS:
        raise RemoteError("no array of 1 to 8", codes.BAD_REQUEST, WHAT)
    for item in value:
        key = item
        if isinstance(item, list):
            key = item[0] if len(item) == 2 and is_count(item[1]) else None
        if not isinstance(key, bytes) or len(key) != 32:
            raise RemoteError("neither a ref nor [peer id, seq]", codes.BAD_REQUEST, WHAT)
    return value


def _room(query: "list[str]") -> int:
    for part in query:
        if part[:4] == "max=" and part[4:].isdigit() and len(part) < 10:
            return min(int(part[4:]), ROOM)
    return ROOM


def _in_tails(feeds: "Any", item: "Any") -> "list[Place]":  # noqa: ANN401
    """Where the feeds have in memory what is asked for: the entry, and words about it."""
    if isinstance(item, list):
        feed = feeds.get(item[0])
        return [] if feed is None else [(item[0], seq) for seq, _ in _said(feed) if seq > item[1]]
    found = []
    for author in feeds.authors():
        feed = feeds.get(author)
        for seq, entry in _said(feed):
            is_it = MARKERS[0] in entry and feed.link_at(seq) == item
            if is_it or (MARKERS[1] in entry and item in entry):
                found.append((author, seq))
    return found


def _said(feed: "Any") -> "Iterator[tuple[int, bytes]]":  # noqa: ANN401 - a Feed
    """The entries of a feed that may be about agreements, with their seqs."""
    seq = feed.first_seq - 1
    for entry in feed.behind(0):
        seq += 1
        if MARKERS[0] in entry or MARKERS[1] in entry:
            yield seq, entry


def _runs(feeds: "Any", places: "list[Place]", room: int) -> "list[Any]":  # noqa: ANN401
    """The runs that have these entries, as many as there is room for, and at least one."""
    runs: list[Any] = []
    covered: tuple[bytes, int] = b"", 0
    for author, seq in places:
        if author == covered[0] and seq <= covered[1]:
            continue
        run = feeds.run(author, seq)
        if run is None and feeds.archive is not None:
            run = feeds.stored(author, seq, ROOM)
        if run is None or run[1] > seq:
            continue  # not held any more
        room -= size_of(run)
        if room < 0 and runs:
            break
        runs.append(run)
        covered = author, run[1] + len(run[3]) - 1
    return runs


def answer(peer: "Peer", find: "Find | None" = None) -> None:
    """Add the resource to a peer. With whom /feeds is shared, this is."""
    peer.more["features"].append("relations")
    share = peer.profile.share
    if "/feeds" in share:
        share.setdefault("/" + NAME, share["/feeds"])
    peer.provide(resources=(answering(peer.feeds, find),))


def join(node: "Any", agreements: "Agreements") -> Relating:  # noqa: ANN401 - a Node
    """Make the part of a node that forms agreements with the peers that its settings name, before
    its start. `agreements`: what is known of them.
    """
    kit, me = node.peer.kit, node.peer.id
    is_seam = lambda own: own.before == seam(kit, me, own.first_seq - 1)  # noqa: E731
    relating = Relating(node, agreements, node.profile.relations, is_seam)
    node.peer.feeds.heard.also(relating.heard)
    node.add(relating)
    node.add(Missing(node, relating, lambda refs: _held(node.peer.feeds, refs, None, HERE)))
    return relating
