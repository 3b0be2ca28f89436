"""The resources that every peer has, in the order in which they are listed."""

from mesh.core.codec.formats import LINKS
from mesh.core.resources.about import ABOUT
from mesh.core.resources.feed_exchange import FEEDS
from mesh.core.resources.own_actuators import ACTUATOR, ACTUATORS
from mesh.core.resources.own_sensors import SENSOR, SENSORS
from mesh.core.resources.peer_list import PEERS
from mesh.core.resources.resource import Resource, shared
from mesh.core.resources.time_stamp import TIME
from mesh.core.resources.update_offers import UPDATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.resources.resource import Asked, Peer


def _links(peer: "Peer", _: int, asked: "Asked") -> bytes:
    from mesh.core.resources.wellknown import write  # noqa: PLC0415 - heap only where it is used

    return write(peer, asked.who, asked.query)


CORE = Resource(".well-known/core", _links, None, shared, (LINKS,), 0)
RESOURCES = (ABOUT, PEERS, TIME, FEEDS, SENSORS, SENSOR, ACTUATORS, ACTUATOR, UPDATES, CORE)
