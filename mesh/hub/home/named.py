"""Renames or forgets a peer: in the files of a home, and in the peer that runs with it."""

import contextlib
from contextlib import aclosing
from typing import Any

from mesh.core import peer_id as ids
from mesh.core.errors import RemoteError
from mesh.hub.failure import SETUP, USAGE, Failure
from mesh.hub.home import naming, petnames
from mesh.hub.home.home import Home
from mesh.hub.home.naming import Known
from mesh.hub.operations import control, oneself, session

Data = dict[str, Any]


async def rename(choices: session.Choices, wanted: str, name: str) -> Data:
    """Give a peer another name here. For this peer itself: what it calls itself. Failure."""
    home = Home(choices.home)
    one, is_own = await _meant(choices, home, wanted)
    try:
        former = petnames.call_self(home, name) if is_own else petnames.rename(home, name, one.id)
    except petnames.Refused as error:
        raise Failure(error.detail, error.help, USAGE) from error
    at_once = await _tell(home, "names", {"own": is_own})
    told = {"id": one.id, "short": one.short, "name": name, "former": former or None}
    return told | {"itself": one.name or None, "own": is_own, "at_once": at_once}


async def forget(choices: session.Choices, wanted: str) -> Data:
    """Remove our name for a peer and all its addresses. Failure."""
    home = Home(choices.home)
    one, is_own = await _meant(choices, home, wanted)
    if is_own:
        raise Failure(
            "this peer cannot forget itself",
            "`mesh id renew` makes another one of it; its home is a folder (`mesh id`)",
            USAGE,
        )
    try:
        former = petnames.drop(home, one.id)
    except petnames.Refused as error:
        raise Failure(f"{one.label} stays: {error.detail}", error.help, USAGE) from error
    # else the running peer would save again what is dropped here
    await _tell(home, "forget", {"id": one.id})
    addresses = home.addresses()
    had = addresses.pop(ids.from_text(one.id), [])
    if had:
        home.remember(addresses)
    naming.drop(home.path / naming.CACHE, one.id)
    told = {"id": one.id, "short": one.short, "label": one.label, "names": former}
    return told | {"addresses": len(had)}


async def _meant(choices: session.Choices, home: Home, wanted: str) -> tuple[Known, bool]:
    """The peer that is meant, and whether it is this one. Looked for on the network if it is
    unknown.
    """
    own = home.peer_id()
    profile = home.profile()
    petname = {ids.to_text(id): name for name, id in profile.names.items()}
    known = {id: Known(id, "", name) for id, name in petname.items()}
    for one in naming.remembered(home.path / naming.CACHE):
        known[one.id] = Known(one.id, one.name, petname.get(one.id, ""))
    others = [one for one in known.values() if own is None or one.id != ids.to_text(own)]
    if naming.matches(wanted, others):
        return naming.find(wanted, others), False
    if own is None and wanted == oneself.SELF:
        raise Failure(f"there is no identity in {home.path} yet", "`mesh up` makes one", SETUP)
    if own is not None:
        mine = Known(ids.to_text(own), profile.name)
        if wanted == oneself.SELF or naming.matches(wanted, [mine]):
            return mine, True
    if _is_id(wanted):
        return Known(wanted), False
    async with aclosing(session.ask(choices, "where", {"peer": wanted})) as items:
        [found] = [item async for item in items]
    return Known(found["id"], found["name"], petname.get(found["id"], "")), False


def _is_id(text: str) -> bool:
    try:
        ids.from_text(text)
    except RemoteError:
        return False
    return True


async def _tell(home: Home, op: str, args: Data) -> bool:
    """Tell the peer that runs with this home, if one does. Whether one runs. An older version may
    not know how, and learns of it at its next start.
    """
    if not control.runs(home.control):
        return False
    with contextlib.suppress(Failure, OSError):
        async with aclosing(control.call(home.control, op, args)) as items:
            async for _ in items:
                pass
        return True
    return False
