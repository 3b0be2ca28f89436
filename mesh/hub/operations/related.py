"""What a peer promises, and what it agreed on, for `mesh show`."""

import time
from typing import TYPE_CHECKING, Any

from mesh.core import peer_id as ids
from mesh.core.errors import LocalError
from mesh.core.relations.agreements import OPEN
from mesh.core.relations.mark import LEAVE, NO, YES
from mesh.hub.aside import to_the_end
from mesh.hub.home.home import Home
from mesh.hub.operations import pledges, trials
from mesh.hub.operations.circles import Table
from mesh.hub.operations.shelf import open_shelf
from mesh.hub.store.statements import stated

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Data = dict[str, Any]
SINCE_MS = 86_400_000  # readings from then on count for promises
MOST = 64  # agreements that are shown
KEYS = ("ref", "state", "circle", "with", "by", "text", "what", "terms", "ends_s", "left_s")
NOTHING: Data = {"promises": [], "circles": [], "agreements": []}


async def of(peer: "HubPeer", who: bytes) -> Data:
    """What is kept of a peer's promises, circles and agreements. Read in a thread."""
    return await to_the_end(lambda: _of(peer.home, who))


def _of(home: Home, who: bytes) -> Data:
    now_ms = time.time_ns() // 1_000_000
    try:
        shelf = open_shelf(home.path)
        with shelf.store:
            found = stated(shelf.store, home.peer_id())
            promises = pledges.rows_of(shelf, [who], now_ms - SINCE_MS, now_ms)
    except LocalError:
        return NOTHING  # nothing is kept yet
    there = Table(found, home.peer_id() or who, shelf.label)
    rows = there.agreements(None, False, who)[:MOST]
    trials.add_times(home.path, there, rows, now_ms)
    now = {ref: found.agreements.now(ref)[0] for ref in found.agreements.foundings()}
    goals = [
        found.statements[ref].pact.text
        for ref, at in now.items()
        if who in (found.agreements.members(at) or [])
    ]
    return {
        "promises": promises,
        "circles": sorted(goals)[:MOST],
        "agreements": [
            {key: row.get(key) for key in KEYS} | {"said": _said(there, row, who)}
            for row in rows
            if row["state"] != trials.OVER
        ],
    }


def _said(there: Table, row: Data, who: bytes) -> str:
    """The peer's own word; "" if none was asked for."""
    agreements, ref = there.found.agreements, ids.from_text(row["ref"])
    if who in agreements.said(ref, LEAVE):
        return "left it"
    if who in agreements.said(ref, YES) or who == agreements.authors[ref]:
        return "said yes"
    if who in agreements.said(ref, NO):
        return "said no"
    return "said nothing" if agreements.state(ref) == OPEN else ""
