"""What a running peer does when its holder names or forgets somebody."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mesh.core import ids
from mesh.hub import roster

if TYPE_CHECKING:
    from mesh.hub.loop import HubPeer

Data = dict[str, Any]


async def take_names(peer: "HubPeer", args: Mapping[str, Any]) -> Data:
    """Have a running peer take its names for others out of the settings, and whom to follow; if
    args["own"], what it calls itself, too.
    """
    profile = peer.home.profile()
    for one in (peer.profile, peer.node.profile):
        one.names = profile.names
        one.follow = profile.follow
        if args.get("own"):
            one.name = peer.node.peer.name = profile.name
    followed = [who for who in profile.follow if isinstance(who, bytes)]
    peer.node.follow(peer.now(), followed)
    peer.driver.settle()
    return {"names": len(profile.names)}


async def let_go(peer: "HubPeer", args: Mapping[str, Any]) -> Data:
    """Have a running peer forget where another is."""
    await take_names(peer, args)
    id = ids.from_text(roster.text(args, "id"))
    contact = peer.node.contacts.get(id)
    gone = contact is not None and not contact.pinned
    if gone:
        peer.node.contacts.table.pop(id, None)
    peer.reached.forget(id)
    return {"gone": gone}
