"""`asleep`: [seconds, Unix ms or null], how long the author sleeps from now on."""

from mesh.core.discovery.contacts import LONGEST_S
from mesh.core.errors import RemoteError
from mesh.core.feed.chain import read_entry
from mesh.core.ranges import is_count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mesh.core.resources.peer import Peer

NAME = "asleep"


def check(body: "Any") -> int:  # noqa: ANN401 - from outside
    """Validate a body: a list whose first item is 1 to LONGEST_S seconds. Gives these."""
    seconds: int = body[0] if isinstance(body, list) and body else 0
    if not is_count(seconds, LONGEST_S + 1) or not seconds:
        raise RemoteError("no such sleep")
    return seconds


def wants(*_: object) -> bool:
    """Used of every author whose feed is kept."""
    return True


def accept(node: "Any", now_ms: int, author: bytes, *said: "Any") -> None:  # noqa: ANN401 - a Node
    """Do not check whether the author is up until it should be awake again."""
    contact = node.contacts.get(author)
    if contact and contact.address:
        node.contacts.asleep(now_ms, contact, said[2])


def is_last(peer: "Peer") -> bool:
    """Whether the newest entry of a peer's own feed is of this kind."""
    newest = peer.feeds.own.newest
    return newest is not None and read_entry(peer.kit, newest)[2] == NAME
