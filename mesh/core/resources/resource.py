"""A resource: its path, who may ask what of it, and what answers (docs/protocol.md s.7)."""

from collections import namedtuple

from mesh.core import codes
from mesh.core.coap.message import FETCH, GET, PUT
from mesh.core.codec.formats import PLAIN
from mesh.core.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Peer = Any  # that of mesh.core.resources.peer, which is made of these
    Pack = tuple[list[Any], str, int | None, dict[int, bytes]]  # see formats.represent()
    Handler = Callable[[Peer, int, "Asked"], Any]

READING = (GET, FETCH)
# `observable`: observers get each change, from Server.changed(); or what is new to them, from
# Publisher
EACH, NEWS = 1, 2

# A parsed request. of: the Resource at its path; value: the decoded body; accept and value: None
# if there is none; who: the id that signed it, or None; asker: who may become an observer of
# /feeds
Asked = namedtuple("Asked", ("of", "code", "path", "query", "accept", "who", "asker", "value"))

# One row of the table. path: "a", or "a/*" for each of peer.things["a"] below /a;
# read(peer, now_ms, asked) answers GET and FETCH by the content, or None; more: {code: handler}
# of other methods, or None; access(peer, asked) is called before. All three raise RemoteError.
# formats: Content-Formats, for people and for programs, or only one. observable: 0, EACH or NEWS
Resource = namedtuple("Resource", ("path", "read", "more", "access", "formats", "observable"))


def listed(resources: "Iterable[Resource]") -> "list[Resource]":
    """The resources that can be listed and shared: those that the setting `share` may name."""
    return [of for of in resources if of.read is not None and of.path[0] != "."]


def doing(of: Resource, code: int) -> "Handler | None":
    """The handler of a method at a resource, or None."""
    return (of.more or {}).get(code) or (of.read if code in READING else None)


def shared(peer: "Peer", asked: Asked) -> None:
    """Access control by the owner's settings: `share` for reading, `allow` for actuators; anything
    else may be set by whoever introduced this peer only. RemoteError if refused.

    A thing that the owner named is hidden (4.04); a resource that all peers have is refused.
    """
    path, of = asked.path, asked.of
    if asked.code == PUT and of.more and PUT in of.more and not path[2:]:
        name = path[1] if path[0] == "actuators" else "/" + "/".join(path)
        peer.access.check_set(name, asked.who)
    elif of.path[-1:] == "*":
        if len(path) > 2 or path[1] not in peer.names(path[0], asked.who):
            raise RemoteError(
                "no such " + path[0][:-1], codes.NOT_FOUND, f"GET /{path[0]} lists them"
            )
    elif asked.code in READING:
        peer.access.check_read("/" + "/".join(path), asked.who)


# the resource at all other paths
NOTHING = Resource("", None, None, shared, PLAIN, 0)
