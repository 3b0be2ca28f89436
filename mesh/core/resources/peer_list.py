"""/peers: peer exchange, who else is there and where."""

from mesh.core.address import address_text
from mesh.core.codec.formats import PLAIN
from mesh.core.resources.resource import Resource, shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.resources.resource import Asked, Peer


def _peers(peer: "Peer", now_ms: int, _: "Asked") -> list[object]:
    return [
        [c.peer, c.name, [address_text(c.address)], (now_ms - c.heard_ms) // 1000]
        for c in peer.contacts.proven()
        if c.address is not None and c.state == "up"
    ]


PEERS = Resource("peers", _peers, None, shared, PLAIN, 0)
