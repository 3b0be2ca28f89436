"""What agreements do at a peer, as a part of its node; and /actuators/NAME there: besides those
whom the settings allow, it may be set by whom an agreement that runs here lets set it.
"""

from mesh.core.coap.message import PUT
from mesh.core.codec.formats import PLAIN
from mesh.core.errors import RemoteError
from mesh.core.kit import nothing
from mesh.core.relations.consenting import Consents
from mesh.core.relations.effects import Effects
from mesh.core.resources.own_actuators import ACTUATOR
from mesh.core.resources.resource import Resource, shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.relations.partaking import Relating
    from mesh.core.resources.resource import Asked, Peer


def apply(
    node: "Any",  # noqa: ANN401 - a Node
    relating: "Relating",
    pace: "Callable[[int, dict[str, int]], object]" = nothing,
) -> Effects:
    """Have agreements act at a node, before its start, and have it answer what others propose, as
    its settings say. pace(now_ms, {sensor: ms}): see Effects.
    """
    peer, profile = node.peer, node.profile
    effects = Effects(node, relating.agreements, profile.consent, pace)
    node.add(effects)
    peer.provide(resources=(granted(effects),))
    peer.more["features"].append("agreements")
    is_board = profile.kind == "board"
    relating.serve(effects, Consents(profile.consent, peer.id, peer.actuators, is_board))
    return effects


def granted(effects: "Effects") -> Resource:
    """The resource at each /actuators/NAME, to be added to those of a peer."""

    def may(peer: "Peer", asked: "Asked") -> None:
        """Access control, before the body is read: the value is checked when it is set."""
        lent = asked.code == PUT and not asked.path[2:] and asked.path[1:]
        if not (lent and effects.granted(asked.path[1], asked.who)):
            shared(peer, asked)

    def put(peer: "Peer", now_ms: int, asked: "Asked") -> None:
        try:
            peer.access.check_set(asked.path[1], asked.who)
        except RemoteError:  # whom the settings allow needs no agreement
            effects.lend(now_ms, asked.path[1], asked.value, asked.who)
        else:
            peer.actuate(now_ms, asked.path[1], asked.value, asked.who)

    return Resource(ACTUATOR.path, ACTUATOR.read, {PUT: put}, may, PLAIN, 0)
