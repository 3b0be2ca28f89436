"""Settings of boards over the mesh: reads them, offers changes, and follows the outcome."""

import json
from collections.abc import Mapping
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from mesh.boards import firmware_offer
from mesh.boards.cable import board_files
from mesh.boards.catalogue import pins
from mesh.core import peer_id
from mesh.core.coap import message as coap
from mesh.core.codec.cbor import encode
from mesh.core.discovery.contact import Contact
from mesh.core.policy.section import CABLE, SECRET
from mesh.core.policy.section_table import SECTIONS
from mesh.core.resources.proposal import MOST
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.failure import FAILED, NOBODY, USAGE, Failure
from mesh.hub.home.settings_words import parse
from mesh.hub.operations import answers, many, roster

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Data = dict[str, Any]

PARTS = 3  # items of an answer: hash, bytes in all, piece
ROUNDS = 64  # most pieces
BY_CABLE = frozenset(row.key for row in SECTIONS if row.flags & (CABLE | SECRET))
OVER_CABLE = "`mesh board settings` does it over the cable"
HARMLESS = "the board goes on with the settings that it has"


async def look(peer: "HubPeer", args: Mapping[str, Any]) -> Data:
    """A board's settings without passwords, and their hash. Failure if it refuses.

    With args["changes"], texts KEY=VALUE, also the changed settings.
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
            contact.peer, code, ["updates"], encode(wish), 60, timeout=firmware_offer.ANSWER_S
        )
    except (Unanswered, TimeoutError) as error:
        raise Failure(f"{label} does not answer", "is it asleep, or away?", NOBODY) from error
    return answers.content(answer, label)


async def _present(peer: "HubPeer", contact: Contact, label: str) -> tuple[bytes, Data]:
    """The hash of the board's settings, and the settings. Failure."""
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
    raise Failure(f"{label} sent malformed settings", "ask again", FAILED)


def _table(text: bytes, label: str) -> Data:
    try:
        table = json.loads(text)
    except ValueError as error:
        raise Failure(f"{label} sent settings that are no JSON: {error}") from error
    if not isinstance(table, dict):
        raise Failure(f"{label} sent settings that are no table")
    return table


def wanted(settings: Mapping[str, Any], changes: list[str]) -> Data:
    """Settings with each KEY=VALUE applied, validated. Failure or LocalError if that is not
    possible.
    """
    for change in changes:
        key = change.partition("=")[0].partition(".")[0]
        if key in BY_CABLE:
            raise Failure(f"{key} is not changed over the mesh", OVER_CABLE, USAGE)
    try:
        made = board_files.changed(settings, changes)
    except KeyError as error:
        raise Failure(
            f"there is no {error} to remove", "`mesh settings PEER` shows them"
        ) from error
    parse(made)
    if "board" in made:
        pins.refuse(None, made)
    return made


async def change(peer: "HubPeer", args: Mapping[str, Any]) -> Data:
    """Offer a board settings to replace those with the hash in args["wanted"], and wait for the
    outcome: {"peer", "id", "state"}. Failure if they do not stay.
    """
    contact = await roster.resolve(peer, args)
    who = roster.name_of(peer, contact.peer)
    order = args["wanted"][peer_id.to_text(contact.peer)]
    text = board_files.settings_bytes(order["settings"])
    offered = peer.offers.offer_settings(contact.peer, bytes.fromhex(order["base"]), text)
    last: Data = {}
    try:
        await _ask(peer, contact, who.label, coap.POST, "settings")
        rows = firmware_offer.follow(peer, contact, offered, args, "settings")
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
