"""Fan-out of a command to many peers: each is asked separately, and a failure is a row.

Operations here take args["targets"], words as in selecting.py, and yield a row for each peer as it
comes. A row with "error" also has "help" and "code". At the end Failure if any failed.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from mesh.core import peer_id
from mesh.core.discovery.contact import ASLEEP, UP
from mesh.core.errors import MeshError
from mesh.hub.failure import USAGE, Failure, NotFound
from mesh.hub.home import naming
from mesh.hub.home.naming import Known
from mesh.hub.operations import oneself, roster, selecting
from mesh.hub.operations.selecting import Chosen, Meant

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer
    from mesh.hub.streams import Stream

Data = dict[str, Any]
Arguments = Mapping[str, Any]
One = Callable[["HubPeer", Arguments], Awaitable[Any]]  # an operation on one peer,
Work = Callable[[Meant], Awaitable[Data | None]]

AT_ONCE = 32  # peers asked at the same time


def words(args: Arguments) -> list[str]:
    """args["targets"]. Failure with code USAGE if they are no words."""
    given = args.get("targets")
    if not isinstance(given, list) or not given or not all(isinstance(w, str) for w in given):
        raise Failure("'targets' has to be a list of texts", code=USAGE)
    return given


async def choose(peer: "HubPeer", args: Arguments) -> Chosen:
    """The selected peers.

    Waits args["wait"] s at most: for peers that are named until they answer; for patterns to the
    end, as further peers may come.
    """
    wanted = words(args)
    remembered = args.get("remembered")
    open_ended = any(map(selecting.is_pattern, wanted))

    def look() -> Chosen:
        known = roster.known(peer, remembered)
        own = roster.name_of(peer, peer.identity.public)
        known = [own, *(one for one in known if one.id != own.id)]
        wanted = [oneself.spelt(word, own, known) for word in words(args)]
        return selecting.targets(wanted, known, _there(peer, known))

    def enough() -> bool:
        chosen = look()
        return not (open_ended or chosen.missing) and all(_answers(peer, m) for m in chosen.peers)

    await roster.until(peer, roster.seconds(args, "wait", 0.0), enough)
    return look()


async def missing(peer: "HubPeer", args: Arguments) -> list[Data]:
    """A row for each word of args["targets"] that selects no peer."""
    if "targets" not in args:
        return []
    chosen = await choose(peer, args)
    return [
        {"peer": word, "id": None, "sensor": None} | selecting.trouble(why)
        for word, why in chosen.missing
    ]


def parts_of(peer: "HubPeer", args: Arguments, id: bytes) -> list[str | None]:
    """The selected parts of a peer; [] if it is not selected. Without targets all parts are."""
    if "targets" not in args:
        return [None]
    known = roster.known(peer, args.get("remembered"))
    chosen = selecting.targets(words(args), known, _there(peer, known))
    return [meant.part for meant in chosen.peers if meant.peer.id == peer_id.to_text(id)]


class Only:
    """A stream that passes on only readings of selected sensors."""

    def __init__(self, stream: "Stream[Any]", parts: list[str | None]) -> None:
        self._stream = stream
        self._parts = parts

    def put(self, row: Data) -> None:
        """Pass on a row, unless it is a reading of another sensor."""
        if "kind" in row and None not in self._parts:
            return  # said of agreements, and only sensors are selected
        named = [row["sensor"]] if row.get("sensor") and "error" not in row else []
        if not named or any(selecting.pick(part, named) for part in self._parts):
            self._stream.put(row)


def _there(peer: "HubPeer", known: list[Known]) -> list[Known]:
    """The peers that patterns can select: those that answered, that we named, or that answered
    before and have an address. An address that anybody may have told of an unknown peer is not
    enough.
    """
    own = peer_id.to_text(peer.identity.public)
    contacts = peer.node.contacts
    return [
        one
        for one in known
        if one.id != own and (one.petname or contacts.get(peer_id.from_text(one.id)) is not None)
    ]


def _answers(peer: "HubPeer", meant: Meant) -> bool:
    contact = peer.node.contacts.get(peer_id.from_text(meant.peer.id))
    return contact is not None and contact.address is not None and contact.state in (UP, ASLEEP)


async def each(
    peer: "HubPeer", args: Arguments, work: Work, at_once: int = AT_ONCE
) -> AsyncGenerator[Data, None]:
    """Run work() for all selected peers, and yield their rows as they come; None is no row.

    Failure at the end if some failed, PARTLY if others did not.
    """
    chosen = await choose(peer, args)
    gate = asyncio.Semaphore(at_once)
    failed: list[Data] = [
        {"peer": word, "id": None} | selecting.trouble(w) for word, w in chosen.missing
    ]
    done = 0
    for row in list(failed):
        yield row
    tasks = [asyncio.create_task(_one(gate, work, meant)) for meant in chosen.peers]
    try:
        for next_row in asyncio.as_completed(tasks):
            if (found := await next_row) is None:
                continue
            if "error" in found:
                failed.append(found)
            else:
                done += 1
            yield found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if failed:
        raise selecting.failure(failed, done)


async def _one(gate: asyncio.Semaphore, work: Work, meant: Meant) -> Data | None:
    async with gate:
        try:
            return await work(meant)
        except MeshError as error:
            return {"peer": meant.peer.label, "id": meant.peer.id} | selecting.trouble(error)


def _of(meant: Meant, args: Arguments) -> Data:
    """The arguments of an operation on one peer, without further waiting."""
    return dict(args) | {"peer": meant.peer.id, "wait": 0.0}


async def show(one: One, peer: "HubPeer", args: Arguments) -> AsyncGenerator[Data, None]:
    """What each selected peer tells."""
    selecting.only_peers(words(args), "mesh read {} reads it")

    async def work(meant: Meant) -> Data:
        shown: Data = await one(peer, _of(meant, args))
        return {"peer": meant.peer.label} | shown

    async with aclosing(each(peer, args, work)) as rows:
        async for row in rows:
            yield row


async def read(one: One, peer: "HubPeer", args: Arguments) -> AsyncGenerator[Data, None]:
    """The latest readings of selected sensors: {"peer", "id", "readings"} for each peer.

    A peer without such a sensor is left out, unless it was named.
    """
    seen: set[str] = set()

    async def work(meant: Meant) -> Data | None:
        readings = await one(peer, _of(meant, args))
        names = [row["sensor"] for row in readings]
        seen.update(names)
        picked = _picked(meant, "sensor", names)
        found = [row for row in readings if row["sensor"] in picked]
        base = {"peer": meant.peer.label, "id": meant.peer.id}
        return base | {"readings": [_bare(row) for row in found]} if found else None

    async with aclosing(_found(each(peer, args, work), args, "sensor", seen)) as rows:
        async for row in rows:
            yield row


async def actuators(one: One, peer: "HubPeer", args: Arguments) -> AsyncGenerator[Data, None]:
    """The selected actuators: {"peer", "id", "actuators"} for each peer. Nothing is set."""
    seen: set[str] = set()

    async def work(meant: Meant) -> Data | None:
        about = await one(peer, _of(meant, args))
        told = about.get("actuators")
        names = [name for name in told if isinstance(name, str)] if isinstance(told, list) else []
        seen.update(names)
        picked = _picked(meant, "actuator", names)
        base = {"peer": meant.peer.label, "id": meant.peer.id}
        return base | {"actuators": picked} if picked else None

    async with aclosing(_found(each(peer, args, work), args, "actuator", seen)) as rows:
        async for row in rows:
            yield row


async def set_actuators(one: One, peer: "HubPeer", args: Arguments) -> AsyncGenerator[Data, None]:
    """Set an actuator, given by name, of each peer. Each decides."""

    async def work(meant: Meant) -> Data:
        done: Data = await one(peer, _of(meant, args) | {"actuator": meant.part})
        return done

    async with aclosing(each(peer, args, work)) as rows:
        async for row in rows:
            yield row


def _picked(meant: Meant, what: str, names: list[str]) -> list[str]:
    """The selected sensors or actuators of a peer. Failure if a named one does not exist."""
    lacks = selecting.lacking(meant.part, names)
    if meant.plain and lacks:
        raise NotFound(f"{meant.peer.label} has {selecting.no_such(what, lacks, names)}")
    return selecting.pick(meant.part, names)


async def _found(
    rows: AsyncGenerator[Data, None], args: Arguments, what: str, seen: set[str]
) -> AsyncGenerator[Data, None]:
    """Pass on rows. Failure if there are none, with what there is instead."""
    came = False
    async with aclosing(rows):
        async for row in rows:
            came = True
            yield row
    if not came:
        parts = [part for word in words(args) if (part := naming.split(word)[1])]
        wanted = parts or ["*"]
        raise NotFound(f"of those who are meant {selecting.no_such(what, wanted, sorted(seen))}")


def _bare(row: Data) -> Data:
    return {name: value for name, value in row.items() if name not in ("peer", "id")}
