"""The table of operations on a running peer: (peer, arguments) -> plain data.

A command can run those in OPERATIONS, and those that a program adds, directly or through the
control socket.
"""

import inspect
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from mesh.core import codes, peer_id
from mesh.core.address import address_text
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.discovery.contact import Contact
from mesh.core.errors import LocalError, RemoteError
from mesh.hub.failure import NOBODY, TIMEOUT, USAGE, Failure, Unreachable
from mesh.hub.home.naming import Known
from mesh.hub.operations import (
    agreed,
    answers,
    first_look,
    happenings,
    health,
    importing,
    many,
    meeting,
    not_found,
    oneself,
    questions,
    related,
    renamed,
    requesting,
    roster,
    stating,
    watching,
)

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Arguments = Mapping[str, Any]
Data = dict[str, Any]
Operation = Callable[["HubPeer", Arguments], Any]

CBOR = 60  # Content-Format


async def run(
    peer: "HubPeer", op: str, args: Arguments, added: Mapping[str, Operation] | None = None
) -> AsyncGenerator[Any, None]:
    """Run an operation of the table, or an added one. Yields its items."""
    operations = OPERATIONS | dict(added or {})
    operation = operations.get(op)
    if operation is None:
        raise Failure(f"no operation '{op}'", f"there are: {', '.join(operations)}", USAGE)
    work = operation(peer, args)
    if not inspect.isasyncgen(work):
        yield await work
        return
    async with aclosing(work):
        async for item in work:
            yield item


async def peers(peer: "HubPeer", args: Arguments) -> list[Data]:
    """All known peers, after `wait` seconds of discovery."""
    await roster.until(peer, roster.seconds(args, "wait", 0.0), lambda: False)
    return roster.rows(peer, args.get("remembered"))


async def about(peer: "HubPeer", args: Arguments) -> Data:
    """What a peer says of itself: /peer (docs/protocol.md section 7)."""
    if oneself.is_meant(peer, args):
        return dict(oneself.show(peer)["about"])
    contact = await roster.resolve(peer, args)
    return answers.table(await questions.content(peer, contact, args, ["peer"]))


async def show(peer: "HubPeer", args: Arguments) -> Data:
    """All that a peer tells: what it is, its resources, readings, actuators and heads."""
    if oneself.is_meant(peer, args):
        return oneself.show(peer) | await related.of(peer, peer.identity.public)
    contact = await roster.resolve(peer, args)
    told = await questions.content(peer, contact, args, ["peer"])
    parts = {
        part: await _if_told(peer, contact, args, part)
        for part in ("sensors", "actuators", "feeds")
    }
    found = answers.readings_or_reason(parts["sensors"], contact.peer, time.time())
    return roster.row(peer, contact, roster.name_of(peer, contact.peer)) | {
        "about": answers.table(told),
        "agreed": agreed.rows(told, lambda id: roster.name_of(peer, id).label),
        "resources": await _resources(peer, contact, args),
        "sensors": found,
        "actuators": answers.table(parts["actuators"]),
        "heads": _heads(peer, parts["feeds"]),
        **await related.of(peer, contact.peer),
    }


async def read(peer: "HubPeer", args: Arguments) -> list[Data]:
    """The latest reading of a sensor, or of all sensors of a peer."""
    sensor = args.get("sensor")
    if oneself.is_meant(peer, args):
        return oneself.read(peer, sensor)
    contact = await roster.resolve(peer, args)
    path = ["sensors", roster.text(args, "sensor")] if sensor else ["sensors"]
    answer = await questions.ask(peer, contact, args, coap.FETCH, path)
    who = roster.name_of(peer, contact.peer)
    value = await not_found.content(peer, contact, answer, who.label, ("sensors", sensor))
    try:
        found = answers.readings(value, contact.peer, time.time())
    except RemoteError as error:
        raise Failure(f"{who.label} answered with what are no readings: {error.detail}") from error
    return [{"peer": who.label, "id": who.id, **one, "verified": answer.signed} for one in found]


async def first(peer: "HubPeer", args: Arguments) -> Data:
    """The first readings of a peer that has just started, and which of its sensors fail, with
    reasons.
    """
    contact = await roster.resolve(peer, args)

    async def look() -> tuple[list[Data], Data]:
        about = answers.table(await questions.content(peer, contact, args, ["peer"]))
        return await read(peer, args) if about.get("sensors") else [], about

    return await first_look.wait(look)


async def set_actuator(peer: "HubPeer", args: Arguments) -> Data:
    """Ask a peer to set an actuator. It decides."""
    actuator = roster.text(args, "actuator")
    try:
        value = answers.wished(args)
        payload = cbor.encode(value)
    except LocalError as error:
        raise Failure(f"'{args['value']}' cannot be sent: {error.detail}", code=USAGE) from error
    if oneself.is_meant(peer, args):
        return await oneself.set_actuator(peer, actuator, value)
    contact = await roster.resolve(peer, args)
    path = ["actuators", actuator]
    answer = await questions.ask(peer, contact, args, coap.PUT, path, payload)
    who = roster.name_of(peer, contact.peer)
    await not_found.content(peer, contact, answer, who.label, ("actuators", actuator))
    return {
        "peer": who.label,
        "id": who.id,
        "actuator": actuator,
        "value": answers.plain(value),
        "verified": answer.signed,
    }


async def _if_told(peer: "HubPeer", contact: Contact, args: Arguments, part: str) -> object:
    """What a peer tells of one part, or the Failure with its reason not to."""
    try:
        return await questions.content(peer, contact, args, [part])
    except Failure as failure:
        if failure.exit_code == TIMEOUT:
            raise
        return failure


async def _resources(peer: "HubPeer", contact: Contact, args: Arguments) -> list[str]:
    answer = await questions.ask(peer, contact, args, coap.FETCH, [".well-known", "core"])
    links = answer.payload.decode("utf-8", "replace") if answer.code == codes.CONTENT else ""
    return [link.partition(">")[0][1:] for link in links.split(",") if link.startswith("<")]


def _heads(peer: "HubPeer", value: object) -> list[Data]:
    found = answers.heads(peer.node.peer.kit, value)
    named = [(roster.name_of(peer, author), seq) for author, seq in found.items()]
    return [{"author": who.id, "label": who.label, "seq": seq} for who, seq in named]


async def where(peer: "HubPeer", args: Arguments) -> Data:
    """Where a peer is reached."""
    if oneself.is_meant(peer, args):
        own = roster.name_of(peer, peer.identity.public)
        if not peer.stays:
            what = "this peer has no address, as `mesh up` does not run here"
            raise Failure(what, "`mesh up` in another terminal")
        return _place(own, peer.address)
    contact = await roster.resolve(peer, args)
    who = roster.name_of(peer, contact.peer)
    if contact.address is None:
        raise Unreachable(f"{who.label} ({who.short}) was not reached yet", "ask again", NOBODY)
    return _place(who, contact.address)


def _place(who: Known, address: tuple[str, int]) -> Data:
    return {"id": who.id, "name": who.name, "label": who.label, "address": address_text(address)}


async def heads(peer: "HubPeer", args: Arguments) -> list[Data]:
    """Which feeds a peer holds, how far, and the link there."""
    contact = await roster.resolve(peer, args)
    told = answers.ends(
        peer.node.peer.kit, await questions.content(peer, contact, args, ["feeds"])
    )
    return [
        {"author": peer_id.to_text(author), "seq": seq, "link": link.hex()}
        for author, (seq, link) in sorted(told.items())
    ]


async def clock(peer: "HubPeer", args: Arguments) -> Data:
    """The quality of the running peer's own time. `doubt`: the number of peers that disagree on
    it.
    """
    held = peer.node.clock
    return {"quality": held.quality, "doubt": held.doubt}


COMING = ("meet",)  # operations that wait for a peer that was just switched on

OPERATIONS: dict[str, Operation] = {
    "peers": peers,
    "peers.about": partial(health.peers, about),
    "peers.watch": watching.peers,
    "show": show,
    "read": read,
    "first": first,
    "watch": watching.watch,
    "events": happenings.from_now_on,
    "set": set_actuator,
    "where": where,
    "request": requesting.request,
    "request.accept": requesting.accept,
    "names": renamed.take_names,
    "forget": renamed.let_go,
    "about": about,
    "show.many": partial(many.show, show),
    "read.many": partial(many.read, read),
    "set.many": partial(many.set_actuators, set_actuator),
    "actuators.many": partial(many.actuators, about),
    "heads": heads,
    "clock": clock,
    "meet": meeting.meet,
    "import": importing.take,
    "state": stating.state,
}
