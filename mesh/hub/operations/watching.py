"""Live streams: readings of peers and what they say of agreements; peers that come and go."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from mesh.core import events
from mesh.core.coap import message as coap
from mesh.core.codec import cbor, formats
from mesh.core.discovery.contact import UP, Contact
from mesh.core.errors import LocalError, MeshError
from mesh.core.feed import feed
from mesh.hub.aside import to_the_end
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.failure import NOBODY, TIMEOUT, Failure, NoAnswer, NotFound
from mesh.hub.operations import answers, entry_rows, many, not_found, oneself, roster
from mesh.hub.operations.wording import Wording
from mesh.hub.quiet import Quiet
from mesh.hub.store import schema
from mesh.hub.streams import Stream

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Data = dict[str, Any]
Sink = Stream[Data | MeshError] | many.Only  # a stream for readings

WAITING = 1024  # readings queued for a slow terminal
KEPT = 256  # entries kept of a feed that is watched
ANSWER_S = 5.0
MOST_READINGS = 100  # most lines in EVERY_MS (quiet.py) for one peer of many
MOST_FAILED = 5
AGAIN_S = 5.0  # retry if a peer has no room for another observer
RETURN_S = 86_400.0  # how long to wait for a lost peer


async def peers(peer: "HubPeer", args: Mapping[str, Any]) -> AsyncGenerator[list[Data], None]:
    """All known peers: now, on each change, and every `every` seconds if given."""
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


async def watch(peer: "HubPeer", args: Mapping[str, Any]) -> AsyncGenerator[Data, None]:
    """New readings of a sensor, a peer or all; at most `count`, for `seconds`."""
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
        await work  # raises if it ended by a fault of ours
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def _few(quiet: Quiet, row: Data) -> Data | None:
    """A line of one peer of many; None if there were too many; or how many were left out."""
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
        return NoAnswer(detail, "a peer sends when its sensors do: watch longer", TIMEOUT)
    return NotFound(
        f"{detail}: no peer is there", "`mesh doctor` tells what is heard here", NOBODY
    )


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
    """Watch one peer of many. Its refusal is a row, and does not end the others."""
    try:
        await _keep_on(peer, contact, None, came)
    except MeshError as error:
        came.put(_who(peer, contact, None) | {"error": error.detail})


async def _keep_on(peer: "HubPeer", contact: Contact, sensor: str | None, came: Sink) -> None:
    """Observe until cancelled. Waits for a lost peer, and retries one without room."""
    while True:
        try:
            source = _sensor(peer, contact, sensor) if sensor else _feed(peer, contact)
            async with aclosing(source) as found:
                async for row in found:
                    came.put(_who(peer, contact, sensor) | row)
        except (Unanswered, LocalError) as error:
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
            value = await not_found.content(peer, contact, answer, label, about)
            for row in answers.readings(value, contact.peer, time.time()):
                yield row | {"verified": answer.signed}


async def _feed(peer: "HubPeer", contact: Contact) -> AsyncGenerator[Data, None]:
    """Readings from a peer's feed, by one observation for all its sensors; first the latest."""
    label = roster.name_of(peer, contact.peer).label
    first = await _newest(peer, contact, label) + 1  # requested first, so that nothing is missed
    answer = await peer.ask(contact.peer, coap.FETCH, ["sensors"], timeout=ANSWER_S)
    value = answers.content(answer, label)
    for row in answers.readings(value, contact.peer, time.time()):
        yield row | {"verified": answer.signed}
    held = feed.Feed(peer.node.peer.kit, contact.peer, KEPT, limits=peer.limits)
    wording = _wording(peer)
    wanted = cbor.encode({contact.peer: first})
    async with aclosing(peer.observe(contact.peer, ["feeds"], wanted, formats.CBOR)) as found:
        async for answer in found:
            rows = _new(held, answers.content(answer, label), peer)
            rows = [row for row in rows if row["seq"] >= first]
            if any("raw" in row for row in rows):
                await to_the_end(wording.refresh)
            for row in rows:
                if "raw" in row:
                    row["words"] = wording.said(contact.peer, row["kind"], row.pop("raw"))
                yield row


def _wording(peer: "HubPeer") -> Wording:
    def label(who: bytes) -> str:
        return roster.name_of(peer, who).label

    return Wording(peer.home.path / schema.NAME, peer.identity.public, label)


async def _newest(peer: "HubPeer", contact: Contact, label: str) -> int:
    """The last seq of a peer's own feed, by its head; 0 if there is none."""
    answer = await peer.ask(contact.peer, coap.FETCH, ["feeds"], timeout=ANSWER_S)
    heads = answers.heads(peer.node.peer.kit, answers.content(answer, label))
    return heads.get(contact.peer, 0)


def _new(held: feed.Feed, runs: object, peer: "HubPeer") -> list[Data]:
    """The new readings in runs. RemoteError if a run is invalid."""
    kit = peer.node.peer.kit
    rows: list[Data] = []
    for run in runs if isinstance(runs, list) else []:
        for entry in held.accept(run):
            seq, clock, kind, body = feed.read_entry(kit, entry)
            rows += entry_rows.rows(kind, seq, clock, body)
    return rows


def _who(peer: "HubPeer", contact: Contact, sensor: str | None) -> Data:
    who = roster.name_of(peer, contact.peer)
    return {"peer": who.label, "id": who.id, "sensor": sensor}
