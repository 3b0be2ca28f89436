"""Settings for boards over the mesh: asked for, offered, and what the board does with them."""

import json
from collections.abc import Mapping
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from mesh.core import coap, ids
from mesh.core.cbor import encode
from mesh.core.contacts import Contact
from mesh.core.proposal import MOST
from mesh.hub import answers, board_files, many, pins, roster, updates
from mesh.hub.errors import NoAnswer
from mesh.hub.failure import FAILED, NOBODY, USAGE, Failure
from mesh.hub.settings_words import parse

if TYPE_CHECKING:
    from mesh.hub.loop import HubPeer

Data = dict[str, Any]

PARTS = 3  # of what a board tells: hash, bytes in all, piece
ROUNDS = 64  # pieces
BY_CABLE = ("wifi", "introduced_by", "updates", "settings_from")
CABLE = "`mesh board settings` does it over the cable"
HARMLESS = "the board goes on with the settings that it has"


async def look(peer: "HubPeer", args: Mapping[str, Any]) -> Data:
    """A board's settings without passwords, and the hash of the whole. Failure: why not.

    With args["changes"], texts KEY=VALUE, also what they would be.
    """
    contact = await roster.resolve(peer, args)
    who = roster.name_of(peer, contact.peer)
    base, settings = await _present(peer, contact, who.label)
    row = {"peer": who.label, "id": who.id, "base": base.hex(), "settings": settings}
    if args.get("changes"):
        row["wanted"] = wanted(settings, args["changes"])
    return row


async def _ask(peer: "HubPeer", contact: Contact, label: str, code: int, wish: object) -> Any:  # noqa: ANN401 - from outside
    try:
        answer = await peer.ask(
            contact.peer, code, ["updates"], encode(wish), 60, timeout=updates.ANSWER_S
        )
    except (NoAnswer, TimeoutError) as error:
        raise Failure(f"{label} does not answer", "is it asleep, or away?", NOBODY) from error
    return answers.content(answer, label)


async def _present(peer: "HubPeer", contact: Contact, label: str) -> tuple[bytes, Data]:
    """The hash of the board's settings, and what they are. Failure."""
    text, base = b"", None
    for _ in range(ROUNDS):
        told = await _ask(peer, contact, label, coap.FETCH, len(text))
        if not isinstance(told, list) or len(told) != PARTS:
            break
        now, size, piece = told
        if not isinstance(now, bytes) or not isinstance(piece, bytes) or base not in (None, now):
            break
        base, text = now, text + piece
        if len(text) == size:
            return base, _table(text, label)
        if not piece or len(text) > MOST:
            break
    raise Failure(f"{label} does not tell its settings rightly", "ask again", FAILED)


def _table(text: bytes, label: str) -> Data:
    try:
        table = json.loads(text)
    except ValueError as error:
        raise Failure(f"{label} tells settings that are no JSON: {error}") from error
    if not isinstance(table, dict):
        raise Failure(f"{label} tells settings that are no table")
    return table


def wanted(settings: Mapping[str, Any], changes: list[str]) -> Data:
    """Settings with each KEY=VALUE done, and checked. Failure if that cannot be, LocalError."""
    for change in changes:
        key = change.partition("=")[0].partition(".")[0]
        if key in BY_CABLE:
            raise Failure(f"{key} is not changed over the mesh", CABLE, USAGE)
    try:
        made = board_files.changed(settings, changes)
    except KeyError as error:
        raise Failure(
            f"there is no {error} to take out", "`mesh settings PEER` shows them"
        ) from error
    parse(made)
    if "board" in made:
        pins.refuse(None, made)
    return made


async def change(peer: "HubPeer", args: Mapping[str, Any]) -> Data:
    """Offer a board settings in place of those with the hash that args["wanted"] has for it, and
    wait for what it makes of them: {"peer", "id", "state"}. Failure if they do not stay.
    """
    contact = await roster.resolve(peer, args)
    who = roster.name_of(peer, contact.peer)
    order = args["wanted"][ids.to_text(contact.peer)]
    text = board_files.settings_bytes(order["settings"])
    offered = peer.offers.offer_settings(contact.peer, bytes.fromhex(order["base"]), text)
    last: Data = {}
    try:
        await _ask(peer, contact, who.label, coap.POST, "settings")
        rows = updates.follow(peer, contact, offered, args, "settings")
        async with aclosing(rows):
            async for row in rows:
                last = row
    finally:
        peer.offers.withdraw(contact.peer)
    if last.get("state") != "good":
        why = str(last.get("why", "no reason given"))
        did = "refused" if last.get("state") == "refused" else "tried and took back"
        raise Failure(f"{who.label} {did} the settings: {why}", HARMLESS, FAILED)
    return {"peer": who.label, "id": who.id, "state": "good"}


OPERATIONS = {
    "settings.many": partial(many.show, look),
    "reset.many": partial(many.show, change),
}
