"""/updates: offers of firmware and settings, each shown only to the peer that it is for."""

from mesh.core import codes
from mesh.core.coap.message import FETCH, POST
from mesh.core.codec.formats import CBOR
from mesh.core.errors import RemoteError
from mesh.core.resources.resource import Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.resources.resource import Asked, Peer


def _updates(peer: "Peer", now_ms: int, asked: "Asked") -> object:
    if asked.code == FETCH:
        return peer.offered(asked.who, asked.value) if peer.offered else []
    return peer.hinted(now_ms, asked.who, asked.value) if peer.hinted else None


def _one(peer: "Peer", asked: "Asked") -> None:
    """Access to /updates: 4.04 for a method that this peer has no use for.

    Any peer may ask what is offered to it, and a hint (POST) is no order, so no right is needed.
    """
    lacks_piece = asked.value is not None and not peer.offered
    if {FETCH: lacks_piece, POST: not peer.hinted}.get(asked.code):
        raise RemoteError("this peer has no updates", codes.NOT_FOUND)


UPDATES = Resource("updates", None, {FETCH: _updates, POST: _updates}, _one, (CBOR,), 0)
