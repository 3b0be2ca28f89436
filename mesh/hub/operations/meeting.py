"""Waits until a peer at an address has answered."""

import time
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any

from mesh.core import peer_id
from mesh.core.address import address_text, read_address
from mesh.hub.failure import NOBODY, Failure
from mesh.hub.operations import renamed, roster

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

LOOK_S = 0.25  # interval of checks whether a peer that was up has another address
TELL_S = 3.0  # interval of reports that it still waits


async def meet(peer: "HubPeer", args: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
    """Wait until a peer that should be at an address answers, signed. Yields how long it has
    waited. Failure NOBODY after args["wait"] s.
    """
    who = peer_id.from_text(roster.text(args, "peer"))
    await renamed.take_names(peer, {})  # it has just got a name
    address = read_address(roster.text(args, "address"))
    began_ms = peer.now()
    peer.node.candidate(began_ms, who, address, "last")
    peer.driver.settle()

    def is_met() -> bool:
        contact = peer.node.contacts.get(who)
        here = contact is not None and (contact.address == address or contact.heard_ms > began_ms)
        return here and roster.is_up(peer, who)

    began_s = time.monotonic()
    left_s = wait_s = roster.seconds(args, "wait", 0.0)
    told_s = 0.0
    while not await roster.until(peer, min(left_s, LOOK_S), is_met):
        waited_s = time.monotonic() - began_s
        left_s = wait_s - waited_s
        if left_s <= 0:
            raise Failure(f"no answer at {address_text(address)} in {wait_s:g} s", code=NOBODY)
        if waited_s >= told_s + TELL_S:
            told_s = waited_s
            yield {"waited_s": round(waited_s)}
