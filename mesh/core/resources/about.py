"""/peer: what a peer tells of itself."""

from mesh.core.codec.formats import PLAIN
from mesh.core.feed.tail import FULL
from mesh.core.resources.resource import Resource, shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.resources.resource import Asked, Peer

VERSION = 1  # of the protocol, the highest that this peer speaks


def _about(peer: "Peer", now_ms: int, asked: "Asked") -> object:
    stamp, feeds = peer.clock.stamp(now_ms), peer.feeds
    sensors = peer.names("sensors", asked.who)
    errors = {n: peer.sensors[n].error for n in sensors}
    about = peer.more | {
        "id": peer.id,
        "name": peer.profile.name,
        "kind": peer.profile.kind,
        "keeps": peer.keeps,
        "version": VERSION,
        "clock": stamp,
        "uptime": now_ms // 1000,
        "boots": stamp[1],
        "sensors": sensors,
        "actuators": peer.names("actuators", asked.who),
        "heap": peer.heap() if peer.heap else None,
        "verified": peer.verified,
        "refused": peer.refused,
        "faults": peer.kit.guard.count,
        "failing": {n: errors[n] for n in sensors if errors[n] is not None},
    }
    if peer.clock.doubt:
        about["clock_doubt"] = peer.clock.doubt
    if feeds.accused:
        about["forked"] = feeds.accused
    own, theirs = feeds.own, feeds.get(asked.who or b"")
    about |= {"held": theirs.held} if theirs and theirs.held else {}
    if own.trouble or own.is_full:
        about["unpublished"] = [own.unkept, own.trouble or FULL]
    return about


ABOUT = Resource("peer", _about, None, shared, PLAIN, 0)
