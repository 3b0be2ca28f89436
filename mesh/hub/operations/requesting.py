"""Asks a peer to let this one set an actuator for a while, and sets it once that was agreed.

The request is an entry of our own feed. It is handed to the peer, which is then asked for its
answer: a yes, a no with the reason, or a no and what it would agree to instead.
"""

import asyncio
import struct
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from mesh.core import codes
from mesh.core import peer_id as ids
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.discovery.contact import Contact
from mesh.core.errors import LocalError, RemoteError
from mesh.core.feed.chain import read_run
from mesh.core.policy import consent_rows
from mesh.core.policy.consent_rows import ACT
from mesh.core.relations import mark, pact
from mesh.core.relations.mark import NO, YES, Mark
from mesh.core.relations.pact import Pact
from mesh.hub.failure import TIMEOUT, USAGE, Failure, NoAnswer, NotFound, Refused
from mesh.hub.home import choices
from mesh.hub.operations import answers, oneself, questions, roster, stating
from mesh.hub.operations.patience import ANSWER_S

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Arguments = Mapping[str, Any]
Data = dict[str, Any]
Value = bool | int | float

FEATURE = "agreements"
LOOK_S = 0.5  # from question to question for an answer
NEEDS = "its holder can name us in its setting `relations` (docs/settings.md); our id: {}"
LATER = (
    "its holder may have to, or does not name us in `relations`. It stays: "
    "`mesh agreement show {}` tells what became of it, then `mesh set`"
)


class Entry(NamedTuple):
    """An entry of the peer that was asked."""

    seq: int
    kind: str
    ref: bytes
    body: object


async def request(peer: "HubPeer", args: Arguments) -> Data:
    """Ask args["peer"] that args["actuator"] may be set to args["value"] for args["seconds"], and
    set it if it says yes: a row with "did": "set", until Unix second "until". If it offers
    something else: "did": "offered", with the "ref" to be accepted. Failure if it says no.
    """
    actuator, wanted = roster.text(args, "actuator"), _value(args)
    seconds = int(roster.seconds(args, "seconds", 0.0))
    if oneself.is_meant(peer, args):
        raise Failure("this peer need not ask itself", "`mesh set` sets its actuators", USAGE)
    contact = await roster.resolve(peer, args)
    await _can_answer(peer, contact, args, actuator)
    low = consent_rows.number(wanted)
    try:
        body = pact.make(
            parties=[contact.peer],
            terms=[[ACT, actuator, low, low, seconds]],
            text=args.get("text") or None,
            span=[0, seconds],
        )
        pact.check(body)
    except RemoteError as error:
        raise Failure(f"nothing was asked: {error.detail}", code=USAGE) from error
    end_s = time.monotonic() + roster.seconds(args, "timeout", ANSWER_S)
    written = await stating.state(peer, stating.plain(pact.NAME, body))
    ref = ids.from_text(written["ref"])
    await _hand(peer, contact, args, written["seq"])
    word, at = await _answered(peer, contact, ref, end_s)
    if word.word == YES:
        return await _set(peer, contact, args, (ref, actuator, wanted, seconds), end_s)
    for entry in await _look(peer, contact, [[contact.peer, at - 1]]):
        what = _offer(peer, entry)
        if what is not None and what.toward == ref:
            term = what.terms[0]
            return _row(peer, contact, entry.ref, actuator) | {
                "did": "offered",
                "reason": word.reason,
                "low": term[2],
                "high": term[3],
                "seconds": min(term[4], what.end_s or term[4]),
            }
    label = roster.name_of(peer, contact.peer).label
    raise Refused(f"{label} said no: {word.reason or 'without a reason'}", reason=word.reason)


async def accept(peer: "HubPeer", args: Arguments) -> Data:
    """Say yes to what args["peer"] offered by args["ref"], and set its actuator as near to
    args["value"] as that allows. A row as of request(). Failure.
    """
    wanted = _value(args)
    contact = await roster.resolve(peer, args)
    ref = ids.from_text(roster.text(args, "ref"))
    end_s = time.monotonic() + roster.seconds(args, "timeout", ANSWER_S)
    found = [_offer(peer, one) for one in await _look(peer, contact, [ref]) if one.ref == ref]
    what = found[0] if found else None
    if what is None:
        raise NotFound("that offer is not there any more", "ask again")
    _, actuator, low, high, longest = what.terms[0][:5]
    number = consent_rows.number(wanted)
    if number is None or not low <= number <= high:
        wanted = low if number is None or number < low else high
    written = await stating.state(peer, stating.plain(mark.NAME, mark.make(ref, YES)))
    await _hand(peer, contact, args, written["seq"])
    seconds = min(longest, what.end_s or longest)
    return await _set(peer, contact, args, (ref, actuator, wanted, seconds), end_s)


def _value(args: Arguments) -> Value:
    """The value to be set, as a bool or a number that goes on the wire. Failure."""
    try:
        value = answers.wished(args)
        number = consent_rows.number(value)
    except LocalError as error:
        raise Failure(f"'{args['value']}' cannot be sent: {error.detail}", code=USAGE) from error
    if number is None:
        what = f"'{args['value']}' is no number, and no true or false"
        raise Failure(what, "nothing else can be agreed on", USAGE)
    if isinstance(value, bool | int):
        return value
    found: float = struct.unpack(">f", struct.pack(">f", number))[0]  # as floats on the wire
    return found


async def _can_answer(peer: "HubPeer", contact: Contact, args: Arguments, actuator: str) -> None:
    """Failure if a peer answers no requests, or has no such actuator that we may know of."""
    about = answers.table(await questions.content(peer, contact, args, ["peer"]))
    label = roster.name_of(peer, contact.peer).label
    features = about.get("features")
    if not isinstance(features, list) or FEATURE not in features:
        what = f"{label} does not look at agreements of others, so nothing was asked"
        me = ids.to_text(peer.identity.public)
        raise Failure(what, f"{NEEDS.format(me)}; `mesh set` needs only its `allow`")
    there = about.get("actuators")
    names = [one for one in there if isinstance(one, str)] if isinstance(there, list) else []
    if names and actuator not in names:
        help = choices.offer(actuator, names, "")
        raise NotFound(f"{label} has no actuator '{actuator}'", help)


async def _hand(peer: "HubPeer", contact: Contact, args: Arguments, seq: int) -> None:
    """Hand over our own entry, so that it need not be waited for. Failure if it is not taken."""
    me = peer.identity.public
    run = peer.node.peer.feeds.run(me, seq)
    if run is None:  # it is not in memory any more: it comes by itself
        return
    answer = await questions.ask(peer, contact, args, coap.POST, ["feeds"], cbor.encode([run]))
    label = roster.name_of(peer, contact.peer).label
    held = answers.content(answer, label)
    if not isinstance(held, dict) or not isinstance(held.get(me), int) or held[me] < seq:
        what = f"{label} does not keep our feed, so it does not look at our agreements"
        raise Failure(what, NEEDS.format(ids.to_text(me)))


async def _answered(
    peer: "HubPeer", contact: Contact, ref: bytes, end_s: float
) -> tuple[Mark, int]:
    """The yes or no of a peer to a request, and its seq, once it is there. NoAnswer."""
    while True:
        for entry in await _look(peer, contact, [ref]):
            word = _checked(mark.check, entry) if entry.kind == mark.NAME else None
            if word is not None and word.ref == ref and word.word in {YES, NO}:
                return word, entry.seq
        if time.monotonic() > end_s:
            label = roster.name_of(peer, contact.peer).label
            what = f"{label} holds the request, and did not answer it yet"
            raise NoAnswer(what, LATER.format(ids.short(ref)), TIMEOUT)
        await asyncio.sleep(LOOK_S)


async def _look(peer: "HubPeer", contact: Contact, items: list[object]) -> list[Entry]:
    """What a peer said of agreements: about that of a ref, or after a seq of its feed. Failure."""
    label = roster.name_of(peer, contact.peer).label
    args = {"timeout": ANSWER_S}
    body = cbor.encode(items)
    answer = await questions.ask(peer, contact, args, coap.FETCH, ["relations"], body)
    told = answers.content(answer, label)
    found = []
    for value in told if isinstance(told, list) else ():
        try:
            run = read_run(peer.node.peer.kit, value, peer.limits)
        except RemoteError as error:
            raise Failure(f"{label} answered with a run that is none: {error.detail}") from error
        for seq, _, kind, said in run.values if run.author == contact.peer else ():
            found.append(Entry(seq, kind, run.links[seq - run.first], said))
    return found


def _offer(peer: "HubPeer", entry: Entry) -> Pact | None:
    """The agreement of an entry, if it offers us alone to set an actuator."""
    one: Pact | None = _checked(pact.check, entry) if entry.kind == pact.NAME else None
    if one is None or one.parties != [peer.identity.public]:
        return None
    return one if [term[0] for term in one.terms] == [ACT] else None


def _checked(check: Callable[[Any], Any], entry: Entry) -> Any:  # noqa: ANN401 - what it gives
    """What an entry says; None if that is malformed."""
    try:
        return check(entry.body)
    except RemoteError:
        return None


async def _set(
    peer: "HubPeer",
    contact: Contact,
    args: Arguments,
    agreed: tuple[bytes, str, Value, int],
    end_s: float,
) -> Data:
    """Set the actuator, once the agreement acts there. Failure."""
    ref, actuator, value, seconds = agreed
    path, payload = ["actuators", actuator], cbor.encode(value)
    label = roster.name_of(peer, contact.peer).label
    while True:
        answer = await questions.ask(peer, contact, args, coap.PUT, path, payload)
        if answer.code != codes.FORBIDDEN or time.monotonic() > end_s:
            break
        await asyncio.sleep(LOOK_S)  # it is about to act by it
    answers.content(answer, label)
    return _row(peer, contact, ref, actuator) | {
        "did": "set",
        "value": answers.plain(value),
        "seconds": seconds,
        "until": time.time() + seconds,
        "verified": answer.signed,
    }


def _row(peer: "HubPeer", contact: Contact, ref: bytes, actuator: str) -> Data:
    who = roster.name_of(peer, contact.peer)
    return {"peer": who.label, "id": who.id, "actuator": actuator, "ref": ids.to_text(ref)}
