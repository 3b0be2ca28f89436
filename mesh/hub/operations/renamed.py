"""Applies a changed name, or a forgotten peer, to a running peer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mesh.core import peer_id
from mesh.hub.aside import to_the_end
from mesh.hub.home import successors
from mesh.hub.operations import roster
from mesh.hub.store import following

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Data = dict[str, Any]


async def take_names(peer: "HubPeer", args: Mapping[str, Any]) -> Data:
    """Have a running peer read names and followed peers from its settings again; if args["own"],
    its own name, too.
    """
    profile, running = await to_the_end(peer.home.profile), peer.profile
    running.names = profile.names
    running.follow = profile.follow
    if args.get("own"):
        running.name = profile.name
    followed = [who for who in profile.follow if isinstance(who, bytes)]
    peer.node.follow(peer.now(), followed)
    peer.driver.settle()
    return {"names": len(profile.names)}


async def take_successors(peer: "HubPeer") -> bool:
    """Have a running peer follow those who go on under another key, as its store has it by now:
    in names, in whom it follows, and in what it lets them do. Whether that is new. LocalError.
    """
    path = peer.home.path
    await to_the_end(lambda: following.refresh(path))
    gone = await to_the_end(lambda: successors.load(path))
    if gone == peer.gone:
        return False
    peer.went_on(gone)
    profile, running = await to_the_end(peer.home.profile), peer.profile
    running.allow = profile.allow
    running.share = profile.share
    running.introduced_by = profile.introduced_by
    running.updates = profile.updates
    running.settings_from = profile.settings_from
    await take_names(peer, {})
    return True


async def let_go(peer: "HubPeer", args: Mapping[str, Any]) -> Data:
    """Have a running peer forget a peer's addresses."""
    await take_names(peer, args)
    id = peer_id.from_text(roster.text(args, "id"))
    contact = peer.node.contacts.get(id)
    gone = contact is not None and not contact.pinned
    if gone:
        peer.node.contacts.table.pop(id, None)
    peer.reached.forget(id)
    return {"gone": gone}
