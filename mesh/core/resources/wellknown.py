"""The list of resources at /.well-known/core (RFC 6690)."""

from mesh.core.codec.formats import PLAIN
from mesh.core.resources.resource import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.resources.resource import Peer, Resource

OWN = "peer"  # the resource whose link has the peer id, as `ep`


def write(peer: "Peer", who: "bytes | None", query: "list[str]") -> bytes:
    """The links that `who` may see and that match all parts of the query (RFC 6690 s.4.1)."""
    links = []
    for of in listed(peer.resources):
        for path in _paths(peer, of, who):
            attributes = _attributes(of)
            if of.path == OWN:
                attributes += ';ep="' + peer.base[:-1] + '"'
            if False not in [_matches(path, attributes, part) for part in query]:
                links.append("</" + path + ">;" + attributes)
    return ",".join(links).encode()


def _paths(peer: "Peer", of: "Resource", who: "bytes | None") -> list[str]:
    kind, _, below = of.path.partition("/")
    return [kind + "/" + name for name in peer.names(kind, who)] if below else [kind]


def _attributes(of: "Resource") -> str:
    made: str = 'rt="othermesh.' + (of.path[:-3] if "/" in of.path else of.path) + '"'
    if of.observable:
        made += ";obs"
        if of.formats != PLAIN:  # else the format need not be known before
            made += ';ct="' + " ".join([str(form) for form in of.formats]) + '"'
    return made


def _matches(path: str, attributes: str, query: str) -> bool:
    key, _, wanted = query.partition("=")
    if key == "href":
        value = "/" + path
    else:
        at = (";" + attributes).find(";" + key + '="')
        if at < 0:
            return False
        value = attributes[at + len(key) + 2 :].split('"', 1)[0]
    if wanted.endswith("*"):
        return any(part.startswith(wanted[:-1]) for part in [value] + value.split(" "))
    return wanted == value or wanted in value.split(" ")
