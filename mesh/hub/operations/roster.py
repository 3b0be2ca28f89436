"""The known peers of a running peer as plain data, and resolution of a peer by name."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mesh.core import peer_id
from mesh.core.address import address_text
from mesh.core.discovery.contact import ASLEEP, NEW, UP, Contact
from mesh.core.full.witnessed import Witnessed
from mesh.hub.failure import NOBODY, USAGE, Failure, Unreachable
from mesh.hub.home import naming, successors
from mesh.hub.home.naming import Known
from mesh.hub.operations.patience import DISCOVER_S

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Data = dict[str, Any]

PATIENT_S = 5.0  # with a longer wait, also wait for a peer to appear
ANEW_S = 1.0  # time for peers that are up to tell their present names
MOST_ASKED = 64


def text(args: Mapping[str, Any], name: str) -> str:
    """An argument that has to be a text."""
    value = args.get(name)
    if not isinstance(value, str) or not value:
        raise Failure(f"'{name}' is missing", code=USAGE)
    return value


def seconds(args: Mapping[str, Any], name: str, default: float) -> float:
    """An argument that is a number of seconds."""
    value = args.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e9:  # noqa: PLR2004
        raise Failure(f"'{name}' is no number of seconds", code=USAGE)
    return float(value)


def known(peer: "HubPeer", remembered: object = None) -> list[Known]:
    """All peers that can be named: met, named in the settings, or remembered."""
    petnames = {id: name for name, id in peer.node.profile.names.items()}
    found = {
        peer_id.to_text(id): Known(peer_id.to_text(id), "", name) for id, name in petnames.items()
    }
    for old in naming.from_rows(remembered):
        found.setdefault(old.id, Known(old.id, old.name))
    for contact in peer.node.contacts.listed():
        if contact.address is not None:
            one = name_of(peer, contact.peer)
            found[one.id] = one
    return successors.present(found.values(), peer.gone)


def name_of(peer: "HubPeer", id: bytes) -> Known:
    """The name of a peer, also of one that was never met."""
    petname = next((name for name, named in peer.node.profile.names.items() if named == id), "")
    if id == peer.identity.public:
        return Known(peer_id.to_text(id), peer.node.profile.name, petname)
    contact = peer.node.contacts.get(id)
    return Known(peer_id.to_text(id), contact.name if contact else "", petname)


def row(peer: "HubPeer", contact: Contact, one: Known) -> Data:
    """A contact as plain data. `heard_s` is None if it never answered, `wakes_s` if it is not
    asleep, `forked` if it has no fork, `kept` if nobody saw what came after that.
    """
    addresses = [contact.address] if contact.address else []
    addresses += [address for address, _ in contact.candidates if address != contact.address]
    heard_s = (peer.now() - contact.heard_ms) / 1000 if contact.address else None
    wakes_s = (contact.wakes_ms - peer.now()) / 1000 if contact.state == ASLEEP else None
    return {
        "id": one.id,
        "short": one.short,
        "name": one.name,
        "petname": one.petname,
        "label": one.label,
        "kind": contact.kind,
        "state": contact.state,
        "addresses": [address_text(address) for address in addresses],
        "how": contact.how or next((how for _, how in contact.candidates), ""),
        "heard_s": heard_s,
        "wakes_s": wakes_s,
        "forked": _forked(peer, contact.peer),
        "kept": _kept(peer, contact.peer),
        "verified": contact.verified,
        "refused": contact.refused,
        "now": successors.now(one.id, peer.gone) if one.id in peer.gone else None,
        "former": successors.line(one.id, peer.gone)[:-1],
        "since": _since(peer, one.id),
    }


def _since(peer: "HubPeer", id: str) -> float | None:
    """Since when a peer goes on for another, in Unix seconds; None if it does not."""
    begun = [one.since for one in peer.gone.values() if one.now == id]
    return max(begun, default=0.0) or None


def _forked(peer: "HubPeer", id: bytes) -> int | None:
    """The seq at which a peer's feed forked, if that is proven."""
    feed = peer.node.peer.feeds.foreign.get(id)
    return feed.fork[0] if feed is not None and feed.fork else None


def _kept(peer: "HubPeer", id: bytes) -> Data | None:
    """Up to which seq a feed that forked before is kept, and the labels of those who saw it."""
    feeds = peer.node.peer.feeds
    kept = feeds.kept(id) if isinstance(feeds, Witnessed) else None
    if kept is None:
        return None
    return {"seq": kept[0], "seen_by": [name_of(peer, who).label for who in kept[1]]}


def rows(peer: "HubPeer", remembered: object = None) -> list[Data]:
    """All contacts, by their names. Those that never answered come last."""
    names = {one.id: one for one in known(peer, remembered)}
    found = []
    for contact in peer.node.contacts.listed():
        one = names.get(peer_id.to_text(contact.peer)) or name_of(peer, contact.peer)
        found.append(row(peer, contact, one))
    return sorted(found, key=lambda r: (r["heard_s"] is None, r["label"].casefold(), r["id"]))


def is_up(peer: "HubPeer", id: bytes) -> bool:
    """Whether a peer answered, and is up or asleep."""
    contact = peer.node.contacts.get(id)
    return contact is not None and contact.address is not None and contact.state in (UP, ASLEEP)


async def until(peer: "HubPeer", wait_s: float, enough: Callable[[], bool]) -> bool:
    """Wait for events until enough() or a time-out. Whether it was enough."""
    with peer.events() as events:
        if enough() or not wait_s:
            return enough()
        try:
            async with asyncio.timeout(wait_s):
                async for _ in events:
                    if enough():
                        return True
        except TimeoutError:
            pass
    return enough()


async def resolve(peer: "HubPeer", args: Mapping[str, Any]) -> Contact:
    """The peer that args["peer"] names, once it answered. Waits args["wait"] s for that, but for
    an unknown name only as long as discovery takes.
    """
    wanted = successors.meant(text(args, "peer"), peer.gone)
    found: list[Contact] = []
    meant: list[Known] = []

    def enough() -> bool:
        meant[:] = naming.matches(wanted, known(peer, args.get("remembered")))
        if len(meant) != 1:
            return len(meant) > 1  # ambiguous: waiting does not help
        contact = peer.node.contacts.get(peer_id.from_text(meant[0].id))
        found[:] = [contact] if contact is not None and contact.address is not None else []
        return bool(found) and found[0].state in (UP, ASLEEP)

    wait_s = seconds(args, "wait", 0.0)
    first_s = min(wait_s, DISCOVER_S) if wait_s <= PATIENT_S else wait_s
    if not await until(peer, first_s, enough) and meant:  # it exists, but has not answered yet
        await until(peer, wait_s - first_s, enough)
    if not meant and not wait_s:  # a peer met earlier may have this name by now
        _ask_names(peer)
        await until(peer, ANEW_S, enough)
    if len(meant) == 1 and not found:  # no answer at its address: it may have moved
        peer.node.withdrawn(peer.now(), peer_id.from_text(meant[0].id))
        peer.driver.settle()
        again_s = min(seconds(args, "again", 0.0), DISCOVER_S)
        await until(peer, max(0.0, again_s - wait_s), enough)
    if len(meant) > 1:
        found.clear()
    if found:
        return found[0]
    raise absent(peer, wanted, args)


def _ask_names(peer: "HubPeer") -> None:
    """Check all peers that are up, to learn their names."""
    up = [contact for contact in peer.node.contacts.proven() if contact.state == UP]
    for contact in up[:MOST_ASKED]:
        peer.node.contacts.schedule(contact, peer.now())
    peer.driver.settle()


def absent(peer: "HubPeer", wanted: str, args: Mapping[str, Any]) -> Failure:
    """The error for a peer that cannot be reached."""
    try:
        one = naming.find(wanted, known(peer, args.get("remembered")))
    except Failure as failure:
        return failure
    if one.id == peer_id.to_text(peer.identity.public):
        return Failure(f"'{wanted}' is this peer itself", "`mesh show` tells of it", NOBODY)
    unproven = [
        c
        for c in peer.node.contacts.listed()
        if c.state == NEW and peer_id.to_text(c.peer) == one.id
    ]
    where = (
        address_text(unproven[0].candidates[0][0]) if unproven and unproven[0].candidates else ""
    )
    return Unreachable(
        f"{one.label} ({one.short}) {f'did not answer at {where}' if where else 'was not found'}",
        "is it switched on, and in this network? `mesh doctor` tells what is heard here",
        NOBODY,
    )
