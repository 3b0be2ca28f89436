"""Health of all peers: what each reports in /peer, and what of it needs attention."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mesh.core.discovery.contact import ASLEEP, LOST, NEW, UP
from mesh.core.errors import MeshError
from mesh.hub.operations import roster

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Data = dict[str, Any]
One = Callable[["HubPeer", Mapping[str, Any]], Awaitable[Data]]
AT_ONCE = 32
# starts without a fault; an rp2 cannot tell "watchdog or reset" apart
USUAL = ("power on", "reset", "soft reset", "woke up", "watchdog or reset")
PAIR = 2


async def peers(about: One, peer: "HubPeer", args: Mapping[str, Any]) -> list[Data]:
    """The rows of roster.rows(), with what each peer reports of itself and its "problems".

    All that are up are asked at once; for one that does not answer that is a problem.
    """
    await roster.until(peer, roster.seconds(args, "wait", 0.0), lambda: False)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(row: Data) -> Data:
        if row["state"] != UP:
            return row | told({}) | {"problems": problems(row, {})}
        async with gate:
            try:
                found = await about(peer, dict(args) | {"peer": row["id"], "wait": 0.0})
            except MeshError as error:
                return row | told({}) | {"problems": [error.detail, *problems(row, {})]}
        return row | told(found) | {"problems": problems(row, found)}

    rows = roster.rows(peer, args.get("remembered"))
    return list(await asyncio.gather(*map(one, rows)))


def told(about: Data) -> Data:
    """The fields of /peer that have columns; None for missing ones."""
    heap, resets = about.get("heap"), about.get("resets")
    faults = [n for n in (about.get("faults"), _first(resets)) if isinstance(n, int)]
    failing = about.get("failing")
    return {
        "starts": about.get("boots"),
        "faults": sum(faults) if faults else None,
        "failing": sorted(failing) if isinstance(failing, dict) else [],
        "firmware": about.get("firmware"),
        "memory": heap if isinstance(heap, list) and len(heap) == PAIR else None,
    }


def problems(row: Data, about: Data) -> list[str]:
    """What needs attention, in words, the worst first."""
    return [what for look in LOOKS for what in look(row, about)]


def _presence(row: Data, about: Data) -> Iterator[str]:
    if row["forked"] or about.get("forked"):
        yield "its key signed two different entries; `mesh show` says what to do"
    if row["state"] == LOST:
        yield "it does not answer any more"
    if row["state"] == NEW and (row["petname"] or row["name"]):
        yield "it has not answered"
    if row["state"] == ASLEEP and (row["wakes_s"] or 0) < 0:
        yield "it should be awake by now"


def _starts(_: Data, about: Data) -> Iterator[str]:
    if "safe" in about:
        yield f"safe mode: {about['safe']}"
    resets = about.get("resets")
    if isinstance(resets, list) and len(resets) == PAIR and resets[1] not in USUAL:
        yield f"it began anew: {resets[1]}"
    if isinstance(about.get("faults"), int) and about["faults"]:
        yield f"{about['faults']} faults of its own since then"


def _parts(_: Data, about: Data) -> Iterator[str]:
    failing = about.get("failing")
    for sensor, why in sorted(failing.items()) if isinstance(failing, dict) else ():
        yield f"{sensor} fails: {why}"


def _record(_: Data, about: Data) -> Iterator[str]:
    unpublished = about.get("unpublished")
    if isinstance(unpublished, list) and len(unpublished) == PAIR:
        yield f"{unpublished[0]} entries are not published: {unpublished[1]}"
    if "refusing" in about:
        yield str(about["refusing"])
    if isinstance(about.get("clock_doubt"), int):
        yield "those whom it asks for the time disagree"


def _update(_: Data, about: Data) -> Iterator[str]:
    update = about.get("update")
    if isinstance(update, dict) and update.get("state") in ("refused", "taken back"):
        yield f"update {update['state']}: {update.get('why', 'no reason given')}"


LOOKS = (_presence, _starts, _parts, _record, _update)


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None
