"""/feeds: heads and runs of the feeds that a peer holds, asked for, observed and offered."""

from mesh.core.coap.message import POST
from mesh.core.codec.formats import PLAIN
from mesh.core.resources.resource import NEWS, Resource, shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.resources.resource import Asked, Peer


def _feeds(peer: "Peer", now_ms: int, asked: "Asked") -> object:
    if asked.code == POST:
        return peer.feeds.take(now_ms, asked.value, asked.who)
    peer.feeds.keep(now_ms)
    peer.feeds.head(peer.id)  # signed here, as a board's stack has no room for it further within
    return peer.telling.answer(asked.who, asked.value, asked.query, asked.asker)


FEEDS = Resource("feeds", _feeds, {POST: _feeds}, shared, PLAIN, NEWS)
