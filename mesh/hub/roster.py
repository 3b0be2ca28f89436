"""Whom a running peer knows, as plain data, and the one peer that a command means."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mesh.core import ids
from mesh.core.contacts import ASLEEP, NEW, UP, Contact
from mesh.core.peer import address_text
from mesh.hub import naming
from mesh.hub.failure import NOBODY, USAGE, Failure
from mesh.hub.naming import Known

if TYPE_CHECKING:
    from mesh.hub.loop import HubPeer

Data = dict[str, Any]

DISCOVER_S = 3.0  # after which whoever can be found has been found
PATIENT_S = 5.0  # whoever waits longer for a peer wants it to come
ANEW_S = 1.0  # for those who are up to say what they are called now
MOST_ASKED = 64


def text(args: Mapping[str, Any], name: str) -> str:
    """An argument that must be a text."""
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
    """Everybody who can be named: met, named in our settings, or remembered."""
    petnames = {id: name for name, id in peer.node.profile.names.items()}
    found = {ids.to_text(id): Known(ids.to_text(id), "", name) for id, name in petnames.items()}
    for old in naming.from_rows(remembered):
        found.setdefault(old.id, Known(old.id, old.name))
    for contact in peer.node.contacts.listed():
        if contact.address is not None:
            one = name_of(peer, contact.peer)
            found[one.id] = one
    return list(found.values())


def name_of(peer: "HubPeer", id: bytes) -> Known:
    """What to call a peer, also one that nobody met."""
    petname = next((name for name, named in peer.node.profile.names.items() if named == id), "")
    if id == peer.identity.public:
        return Known(ids.to_text(id), peer.node.profile.name, petname)
    contact = peer.node.contacts.get(id)
    return Known(ids.to_text(id), contact.name if contact else "", petname)


def row(peer: "HubPeer", contact: Contact, one: Known) -> Data:
    """One contact as a command shows it. `heard_s` is None for who has not answered,
    `wakes_s` for who is not asleep, `forked` for who was never caught with two histories.
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
        "verified": contact.verified,
        "refused": contact.refused,
    }


def _forked(peer: "HubPeer", id: bytes) -> int | None:
    """The seq from which on a peer signed two different feeds, if that is proven."""
    feed = peer.node.peer.feeds.foreign.get(id)
    return feed.fork[0] if feed is not None and feed.fork else None


def rows(peer: "HubPeer", remembered: object = None) -> list[Data]:
    """All contacts by what they are called, or were; those that have not answered come last."""
    names = {one.id: one for one in known(peer, remembered)}
    found = []
    for contact in peer.node.contacts.listed():
        one = names.get(ids.to_text(contact.peer)) or name_of(peer, contact.peer)
        found.append(row(peer, contact, one))
    return sorted(found, key=lambda r: (r["heard_s"] is None, r["label"].casefold(), r["id"]))


def is_up(peer: "HubPeer", id: bytes) -> bool:
    """Whether that peer has answered, and is there or asleep."""
    contact = peer.node.contacts.get(id)
    return contact is not None and contact.address is not None and contact.state in (UP, ASLEEP)


async def until(peer: "HubPeer", wait_s: float, enough: Callable[[], bool]) -> bool:
    """Wait for events until `enough()` or the time is over; whether it was enough."""
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
    """The peer that args["peer"] means, once it answered; waits args["wait"] s for that, and for a
    name that nobody has no longer than all take to be found.
    """
    wanted = text(args, "peer")
    found: list[Contact] = []
    meant: list[Known] = []

    def enough() -> bool:
        meant[:] = naming.matches(wanted, known(peer, args.get("remembered")))
        if len(meant) != 1:
            return len(meant) > 1  # which of them, no waiting tells
        contact = peer.node.contacts.get(ids.from_text(meant[0].id))
        found[:] = [contact] if contact is not None and contact.address is not None else []
        return bool(found) and found[0].state in (UP, ASLEEP)

    wait_s = seconds(args, "wait", 0.0)
    first_s = min(wait_s, DISCOVER_S) if wait_s <= PATIENT_S else wait_s
    if not await until(peer, first_s, enough) and meant:  # it is known to be somewhere
        await until(peer, wait_s - first_s, enough)
    if not meant and not wait_s:  # whoever was met long ago may be called so by now
        _ask_names(peer)
        await until(peer, ANEW_S, enough)
    if len(meant) == 1 and not found:  # it has not answered where it was: it may have moved
        peer.node.withdrawn(peer.now(), ids.from_text(meant[0].id))
        peer.driver.settle()
        again_s = min(seconds(args, "again", 0.0), DISCOVER_S)
        await until(peer, max(0.0, again_s - wait_s), enough)
    if len(meant) > 1:
        found.clear()
    if found:
        return found[0]
    raise absent(peer, wanted, args)


def _ask_names(peer: "HubPeer") -> None:
    """Have those who are up asked who they are, as at each sign of life."""
    up = [contact for contact in peer.node.contacts.proven() if contact.state == UP]
    for contact in up[:MOST_ASKED]:
        peer.node.contacts.schedule(contact, peer.now())
    peer.driver.settle()


def absent(peer: "HubPeer", wanted: str, args: Mapping[str, Any]) -> Failure:
    """Why a peer that is named cannot be asked."""
    try:
        one = naming.find(wanted, known(peer, args.get("remembered")))
    except Failure as failure:
        return failure
    if one.id == ids.to_text(peer.identity.public):
        return Failure(f"'{wanted}' is this peer itself", "`mesh show` tells of it", NOBODY)
    unproven = [
        c for c in peer.node.contacts.listed() if c.state == NEW and ids.to_text(c.peer) == one.id
    ]
    where = (
        address_text(unproven[0].candidates[0][0]) if unproven and unproven[0].candidates else ""
    )
    return Failure(
        f"{one.label} ({one.short}) {f'did not answer at {where}' if where else 'was not found'}",
        "is it switched on, and in this network? `mesh doctor` tells what is heard here",
        NOBODY,
    )
