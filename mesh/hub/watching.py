"""What goes on, as it happens: readings of peers, comings and goings."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from mesh.core import cbor, coap, events, feed, senml, senml_reading
from mesh.core.contacts import UP, Contact
from mesh.core.errors import LocalError, MeshError
from mesh.core.peer import address_text
from mesh.hub import answers, many, oneself, roster, things
from mesh.hub.alive import Alive
from mesh.hub.errors import NoAnswer
from mesh.hub.failure import NOBODY, TIMEOUT, Failure
from mesh.hub.quiet import EVERY_MS, Quiet
from mesh.hub.streams import Failing, Stream, with_pauses

if TYPE_CHECKING:
    from mesh.hub.loop import HubPeer

Data = dict[str, Any]
Sink = Stream[Data | MeshError] | many.Only  # where readings are put

WAITING = 1024  # readings that may wait for a slow terminal
KEPT = 256  # entries of a feed that is only looked at
ANSWER_S = 5.0
AGAIN_S = 5.0  # when a peer has no room for another observer, it is asked so often
RETURN_S = 86_400.0  # how long a lost peer is waited for
CBOR = 60  # Content-Format


async def peers(peer: "HubPeer", args: Mapping[str, Any]) -> AsyncGenerator[list[Data], None]:
    """Everybody known: now, when somebody comes or goes, and every `every` seconds if given."""
    every_s = roster.seconds(args, "every", 0.0) or None
    with peer.events() as news:
        while True:
            yield roster.rows(peer, args.get("remembered"))
            try:
                async with asyncio.timeout(every_s):
                    while not isinstance(await anext(news), events.PeerFound | events.PeerLost):
                        pass
            except TimeoutError:
                continue
            except StopAsyncIteration:  # the peer was stopped
                return


async def happenings(peer: "HubPeer", news: Stream[object]) -> AsyncGenerator[Data, None]:
    """Each of a peer's events in `news` as {"event": kind, ...}; of what strangers can cause a few
    of a kind, and {"event": "summed", "of": kind, "more", "sources", "seconds"} for the rest.
    After a while without any, {"event": "alive"} (alive.py).
    """
    alive = Alive(peer)
    async with aclosing(_happenings(peer, news)) as rows:
        async for row in rows:
            if row is not None:
                alive.spoke()
            elif (row := alive.due()) is None:
                continue
            yield row


async def _happenings(peer: "HubPeer", news: Stream[object]) -> AsyncGenerator[Data | None, None]:
    """As happenings(), and None whenever nothing came for EVERY_MS."""
    quiet = Quiet()
    async for event in with_pauses(news, EVERY_MS / 1000):
        for kind, more, sources, seconds in list(quiet.left_out()):
            of = kind[0] if isinstance(kind, tuple) else kind
            counts = {"of": of, "more": more, "sources": sources, "seconds": seconds}
            yield {"event": "summed", "at": round(time.time(), 3)} | counts
        if event is None:
            yield None
        row = None if event is None else happening(peer, event)
        if row is not None:
            kind, most, source = _line_of(event, row["event"])
            if quiet.takes(kind, most, source):
                yield row


def _line_of(event: object, name: str) -> tuple[object, int, object]:
    """The kind of line, how many of it are shown, and who caused this one."""
    peer = getattr(event, "peer", None)
    if isinstance(event, events.Reading):
        return (name, peer), MOST_READINGS, peer
    source = getattr(event, "source", None) or getattr(event, "address", None)
    return (name,), MOST_LINES.get(type(event), MOST_READINGS), source[0] if source else peer


def happening(peer: "HubPeer", event: object) -> Data | None:
    """One event as plain data; None for what nobody needs to see."""
    kind = EVENTS.get(type(event))
    if kind is None or not isinstance(event, tuple):
        return None
    row: Data = {"event": kind, "at": round(time.time(), 3)}
    for field, value in zip(event._fields, event, strict=True):  # type: ignore[attr-defined]
        row[field] = answers.plain(value)
    for field in ("peer", "by"):
        if isinstance(who := getattr(event, field, None), bytes):
            row["label"] = roster.name_of(peer, who).label
    if isinstance(event, events.Forked):
        row["own"] = event.peer == peer.identity.public
    for field in ("address", "source"):
        if isinstance(where := getattr(event, field, None), tuple):
            row[field] = address_text(where)
    return row


# lines in EVERY_MS; of readings those of one peer
MOST_READINGS = 100
MOST_FAILED = 5
MOST_LINES = {events.Refused: 5, events.Forked: 5, events.PeerFound: 20, events.PeerLost: 20}

EVENTS = {
    events.PeerFound: "found",
    events.PeerLost: "lost",
    events.Reading: "reading",
    events.Refused: "refused",
    events.Actuated: "actuated",
    events.Forked: "forked",
    events.Restored: "restored",
    Failing: "failing",
}


async def watch(peer: "HubPeer", args: Mapping[str, Any]) -> AsyncGenerator[Data, None]:
    """Readings as they come, of a sensor, a peer or all; at most `count`, for `seconds`."""
    came: Stream[Data | MeshError] = Stream(WAITING)
    work = asyncio.create_task(_follow(peer, args, came))
    limit, one, quiet = args.get("count"), args.get("peer"), Quiet()
    ends_at = time.monotonic() + roster.seconds(args, "seconds", 1e9)
    shown = 0
    try:
        while limit is None or shown < limit:
            async with asyncio.timeout(max(0.0, ends_at - time.monotonic())):
                item = await anext(came)
            if isinstance(item, MeshError):
                raise item
            row = item if one else _few(quiet, item)
            if row is not None:
                shown += 1
                yield row
    except TimeoutError:
        if not shown:
            raise _silence(peer, args) from None
    except StopAsyncIteration:
        await work  # it ended by a fault of ours, which must not look like silence
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def _few(quiet: Quiet, row: Data) -> Data | None:
    """A line of one peer of many, None if there were too many, or how many were left out."""
    for kind, more, _, seconds in quiet.left_out():
        name = kind[0] if isinstance(kind, tuple) else str(kind)
        text = f"{more} lines more in {seconds} s"
        return {"peer": name, "id": None, "sensor": None, "error": text}
    failed = "error" in row
    kind = ("peers", "failed") if failed else (row["peer"], row["id"])
    return row if quiet.takes(kind, MOST_FAILED if failed else MOST_READINGS, row["id"]) else None


def _silence(peer: "HubPeer", args: Mapping[str, Any]) -> Failure:
    heard = any(contact.state == UP for contact in peer.node.contacts.listed())
    detail = f"nothing was read in {args['seconds']:g} s"
    if heard:
        return Failure(detail, "a peer sends when its sensors do: watch longer", TIMEOUT)
    return Failure(f"{detail}: nobody is there", "`mesh doctor` tells what is heard here", NOBODY)


async def _follow(
    peer: "HubPeer", args: Mapping[str, Any], came: Stream[Data | MeshError]
) -> None:
    try:
        if args.get("peer") and oneself.is_meant(peer, args):
            async with aclosing(oneself.watch(peer, args.get("sensor"))) as rows:
                async for row in rows:
                    came.put(row)
        elif args.get("peer"):
            contact = await roster.resolve(peer, args)
            await _keep_on(peer, contact, args.get("sensor"), came)
        else:
            for row in await many.missing(peer, args):
                came.put(row)
            await _follow_all(peer, args, came)
    except MeshError as error:
        came.put(error)
    finally:
        came.close()


async def _follow_all(
    peer: "HubPeer", args: Mapping[str, Any], came: Stream[Data | MeshError]
) -> None:
    begun: set[bytes] = set()
    with peer.events() as news:
        async with asyncio.TaskGroup() as group:
            is_running = True
            while is_running:
                for contact in peer.node.contacts.listed():
                    if contact.state != UP or contact.peer in begun:
                        continue
                    if parts := many.parts_of(peer, args, contact.peer):
                        begun.add(contact.peer)
                        only = many.Only(came, parts)
                        group.create_task(_or_say_why(peer, contact, only))
                is_running = await anext(news, None) is not None


async def _or_say_why(peer: "HubPeer", contact: Contact, came: Sink) -> None:
    """One of many: what it refuses is a line, and ends nothing for the others."""
    try:
        await _keep_on(peer, contact, None, came)
    except MeshError as error:
        came.put(_who(peer, contact, None) | {"error": error.detail})


async def _keep_on(peer: "HubPeer", contact: Contact, sensor: str | None, came: Sink) -> None:
    """Observe until cancelled; wait for a lost peer, ask one without room for us again."""
    while True:
        try:
            source = _sensor(peer, contact, sensor) if sensor else _feed(peer, contact)
            async with aclosing(source) as found:
                async for row in found:
                    came.put(_who(peer, contact, sensor) | row)
        except (NoAnswer, LocalError) as error:
            came.put(_who(peer, contact, sensor) | {"error": error.detail})
            await _comes_back(peer, contact)
        else:
            await asyncio.sleep(AGAIN_S)


async def _comes_back(peer: "HubPeer", contact: Contact) -> None:
    def is_up() -> bool:
        now = peer.node.contacts.get(contact.peer)
        return now is not None and now.state == UP

    await asyncio.sleep(AGAIN_S)
    await roster.until(peer, RETURN_S, is_up)


async def _sensor(peer: "HubPeer", contact: Contact, sensor: str) -> AsyncGenerator[Data, None]:
    label = roster.name_of(peer, contact.peer).label
    async with aclosing(peer.observe(contact.peer, ["sensors", sensor])) as found:
        async for answer in found:
            about = ("sensors", sensor)
            value = await things.content(peer, contact, answer, label, about)
            for row in answers.readings(value, contact.peer, time.time()):
                yield row | {"verified": answer.signed}


async def _feed(peer: "HubPeer", contact: Contact) -> AsyncGenerator[Data, None]:
    """Readings out of a peer's feed, by one observation for all its sensors; first the latest."""
    label = roster.name_of(peer, contact.peer).label
    first = await _newest(peer, contact, label) + 1  # asked first, so that nothing is missed
    answer = await peer.ask(contact.peer, coap.FETCH, ["sensors"], timeout=ANSWER_S)
    value = answers.content(answer, label)
    for row in answers.readings(value, contact.peer, time.time()):
        yield row | {"verified": answer.signed}
    held = feed.Feed(peer.node.peer.kit, contact.peer, KEPT, limits=peer.limits)
    wanted = cbor.encode({contact.peer: first})
    async with aclosing(peer.observe(contact.peer, ["feeds"], wanted, CBOR)) as found:
        async for answer in found:
            for row in _new(held, answers.content(answer, label), peer):
                if row["seq"] >= first:
                    yield row


async def _newest(peer: "HubPeer", contact: Contact, label: str) -> int:
    """The last seq of a peer's own feed, by its own head; 0 if there is none."""
    answer = await peer.ask(contact.peer, coap.FETCH, ["feeds"], timeout=ANSWER_S)
    heads = answers.heads(peer.node.peer.kit, answers.content(answer, label))
    return heads.get(contact.peer, 0)


def _new(held: feed.Feed, runs: object, peer: "HubPeer") -> list[Data]:
    """The readings in runs that were not there before; RemoteError if a run does not hold."""
    kit = peer.node.peer.kit
    rows = []
    for run in runs if isinstance(runs, list) else []:
        for entry in held.accept(run):
            seq, clock, kind, body = feed.read_entry(kit, entry)
            if kind == "reading":
                rows += [_reading(record, seq, clock) for record in senml_reading.unpack(body)]
    return rows


def _reading(record: senml.Record, seq: int, clock: list[Any]) -> Data:
    unix_ms = clock[3]
    age_s = max(0.0, time.time() - unix_ms / 1000) if unix_ms is not None else None
    row = answers.reading(record, "", time.time())
    return row | {"seq": seq, "age_s": age_s, "verified": True}


def _who(peer: "HubPeer", contact: Contact, sensor: str | None) -> Data:
    who = roster.name_of(peer, contact.peer)
    return {"peer": who.label, "id": who.id, "sensor": sensor}
