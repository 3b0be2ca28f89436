"""Fork proof: two statements signed by one author that contradict each other at one seq.

A statement is a head or a run (docs/protocol.md section 6). Everybody finds the same seq in a
pair, and of several pairs the one with the lowest seq counts. So all peers end the feed at the
same entry, in whatever order the proofs came.
"""

from mesh.core import codes
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import Run, check_head, claim, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from mesh.core.kit import Kit
    from mesh.core.limits import Limits

    class Ended(Protocol):
        """The fields of a Feed that are used here: what ended it."""

        fork: tuple[int, object, object] | None


def fork_of(kit: "Kit", author: bytes, pair: object, limits: "Limits") -> int:
    """Verify a pair of statements and find the first seq at which they disagree.

    RemoteError unless the author signed both and they do disagree.
    """
    if not isinstance(pair, list) or len(pair) != 2:
        raise RemoteError("not a pair of statements")
    (low_a, a, head_a), (low_b, b, head_b) = [_links(kit, author, s, limits) for s in pair]
    low = max(low_a, low_b)
    # from 0: on boards range() takes no numbers as large as seqs
    for at in range(min(low_a + len(a), low_b + len(b)) - low):
        if a[low - low_a + at] != b[low - low_b + at]:
            check_head(kit, author, head_a)
            check_head(kit, author, head_b)
            return low + at
    raise RemoteError("statements that do not disagree")


def cut(run: Run, seq: int) -> "list[object]":
    """A run without the leading entries that its link at seq does not need."""
    at = max(0, seq - run.first)
    before = run.links[at - 1] if at else run.before
    return [run.author, run.first + at, before, run.entries[at:], run.head]


def _links(
    kit: "Kit", author: bytes, value: object, limits: "Limits"
) -> "tuple[int, list[bytes], bytes]":
    """Parse a statement: its first seq, the links from there on, and the head that signs them."""
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


def pairs(
    kit: "Kit", feeds: "Mapping[bytes, Ended]", authors: object, room: int, strict: bool
) -> "dict[bytes, object]":
    """Fork proofs against the given authors, or all, in about `room` bytes.

    If `strict`, never more than `room`; RemoteError 4.13 if then not even one fits.
    """
    found: dict[bytes, object] = {}
    for author in authors if isinstance(authors, list) else sorted(feeds):
        feed = feeds.get(author) if isinstance(author, bytes) else None
        if feed is not None and feed.fork:
            pair = list(feed.fork[1:])
            room -= len(kit.encode(pair)) + 40
            if room > 0 or not (found or strict):
                found[author] = pair
            elif not found:
                raise RemoteError("no proof is as short as max", codes.TOO_LARGE)
    return found
