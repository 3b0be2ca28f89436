"""/actuators and /actuators/NAME: what they are set to, and setting them."""

from mesh.core.coap.message import PUT
from mesh.core.codec.formats import PLAIN
from mesh.core.resources.resource import Resource, shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.resources.resource import Asked, Peer


def _actuators(peer: "Peer", now_ms: int, asked: "Asked") -> object:
    if asked.code == PUT:
        peer.actuate(now_ms, asked.path[1], asked.value, asked.who)
        return None
    if asked.path[1:]:
        return peer.actuators[asked.path[1]][1]
    return {n: peer.actuators[n][1] for n in peer.names("actuators", asked.who)}


ACTUATORS = Resource("actuators", _actuators, None, shared, PLAIN, 0)
ACTUATOR = Resource("actuators/*", _actuators, {PUT: _actuators}, shared, PLAIN, 0)
