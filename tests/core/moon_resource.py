"""A resource from outside the tree: /moon, which can be read, observed and set, and /moon/NAME."""

from mesh.core.coap.message import PUT
from mesh.core.codec.formats import PLAIN
from mesh.core.resources.resource import EACH, Resource, shared


def moon(phases):
    """The rows; `phases` are told by name, and all of them at /moon."""

    def read(peer, now_ms, asked):
        if asked.path[1:]:
            return phases[asked.path[1]]
        return {name: phases[name] for name in peer.names("moon", asked.who)}

    def change(peer, now_ms, asked):
        phases["now"] = asked.value

    return (
        Resource("moon", read, {PUT: change}, shared, PLAIN, EACH),
        Resource("moon/*", read, None, shared, PLAIN, 0),
    )
