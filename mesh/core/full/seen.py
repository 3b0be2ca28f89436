"""`seen`: how far a keeper has seen the feeds of others, [[author, seq, link there], ...].

Of a feed that forks later, what two chosen keepers have seen stays (mesh.core.full.witnessed).
"""

from mesh.core.errors import RemoteError
from mesh.core.ranges import is_count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Row = tuple[bytes, int, bytes]

NAME = "seen"
MOST = 5  # authors in one entry: as many as fit, whatever their seqs


def check(body: "Any") -> "list[Row]":  # noqa: ANN401 - from outside
    """The author, seq and link of each row; RemoteError if one is none. Further items in a row
    are passed over, and further rows of the same author.
    """
    rows = body if isinstance(body, list) else []
    for row in rows:
        if (
            not isinstance(row, list)
            or len(row) < 3
            or not (_is_hash(row[0]) and _is_hash(row[2]) and is_count(row[1]) and row[1])
        ):
            raise RemoteError("not what was seen of a feed")
    if not rows:
        raise RemoteError("not what was seen of feeds")
    found: list[Row] = []
    for author, seq, link, *_ in rows:
        if author not in [row[0] for row in found]:
            found.append((author, seq, link))
    return found


def wants(node: "Any", author: bytes) -> object:  # noqa: ANN401 - a Node
    """Of those who were chosen as witnesses."""
    return node.peer.feeds.chosen(author)


def accept(node: "Any", now_ms: int, author: bytes, *said: "Any") -> None:  # noqa: ANN401 - a Node
    """Look again at the feeds that it is about, if they have forked."""
    for row in said[2]:
        node.peer.feeds.said_of(row[0])


def roundest(low: int, high: int) -> int:
    """The roundest number above low and up to high, in binary: so two who look at different times
    mostly say the same one. 0 if there is none.
    """
    if high <= low:
        return 0
    step = 1
    while high // (2 * step) * 2 * step > low:
        step *= 2
    return high // step * step


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == 32
