"""/time: the clock, as in an entry."""

from mesh.core.codec.formats import PLAIN
from mesh.core.resources.resource import Resource, shared

TIME = Resource(
    "time", lambda peer, now_ms, asked: peer.clock.stamp(now_ms), None, shared, PLAIN, 0
)
