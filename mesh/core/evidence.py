"""Proof that an author lied: two statements, each signed by it, that disagree at one seq.

A statement is a head or a run (docs/protocol.md section 6). All who see a pair find the same seq
in it, and of several pairs the one with the lowest seq counts; so all stop at the same entry,
whatever came first.
"""

from mesh.core.errors import RemoteError
from mesh.core.run import Run, check_head, claim, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.feeds import Feeds
    from mesh.core.limits import Limits
    from mesh.core.primitives import Kit


def fork_of(kit: "Kit", author: bytes, pair: object, limits: "Limits") -> int:
    """The first seq at which a pair of statements of an author disagrees.

    RemoteError unless both are signed by it and do disagree.
    """
    if not isinstance(pair, list) or len(pair) != 2:
        raise RemoteError("not a pair of statements")
    (low_a, a, head_a), (low_b, b, head_b) = [_links(kit, author, s, limits) for s in pair]
    low = max(low_a, low_b)
    for at in range(min(low_a + len(a), low_b + len(b)) - low):  # seqs are too large for range()
        if a[low - low_a + at] != b[low - low_b + at]:
            check_head(kit, author, head_a)
            check_head(kit, author, head_b)
            return low + at
    raise RemoteError("statements that do not disagree")


def cut(run: Run, seq: int) -> "list[object]":
    """The run without the entries that are not needed to show its link at seq."""
    at = max(0, seq - run.first)
    before = run.links[at - 1] if at else run.before
    return [run.author, run.first + at, before, run.entries[at:], run.head]


def _links(
    kit: "Kit", author: bytes, value: object, limits: "Limits"
) -> "tuple[int, list[bytes], bytes]":
    """What a statement says: the links from a seq on; and the head that vouches for them."""
    if isinstance(value, bytes):
        who, seq, link = claim(kit, value)
        found: tuple[int, list[bytes], bytes] = seq, [link], value
    else:
        run = walk(kit, value, limits)
        who = run.author
        found = run.first - 1, [run.before] + run.links, run.head
    if who != author:
        raise RemoteError("a statement of another author")
    return found


def pairs(kit: "Kit", feeds: "Feeds", authors: object, room: int) -> "dict[bytes, object]":
    """The two statements against each of these authors, or against all; about `room` bytes."""
    found: dict[bytes, object] = {}
    for author in authors if isinstance(authors, list) else sorted(feeds.foreign):
        feed = feeds.foreign.get(author) if isinstance(author, bytes) else None
        if feed is not None and feed.fork:
            pair = list(feed.fork[1:])
            room -= len(kit.encode(pair)) + 40
            if room > 0 or not found:
                found[author] = pair
    return found
