"""Offers firmware to boards over the mesh. Each fetches it and decides by itself."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesh.core.coap import message as coap
from mesh.core.discovery.contact import Contact
from mesh.core.errors import LocalError
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.failure import FAILED, NOBODY, TIMEOUT, Failure
from mesh.hub.operations import answers, roster

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer
    from mesh.hub.offers import Offered

Data = dict[str, Any]

PATIENCE_S = 900.0  # longest silence, longer than a board's trial
ANSWER_S = 5.0
LOOK_S = 1.0
HARMLESS = "the board goes on with what it has; the same command goes on where this one ended"


async def update(peer: "HubPeer", args: Mapping[str, Any]) -> AsyncGenerator[Data, None]:
    """Offer the firmware in the folder args["firmware"] to a board, and yield what the board
    reports.
    """
    from mesh.boards.firmware.build import Firmware  # noqa: PLC0415 - only this operation needs it

    folder = Path(roster.text(args, "firmware"))
    firmware = await asyncio.to_thread(Firmware.load, folder)
    contact = await roster.resolve(peer, args)
    who = roster.name_of(peer, contact.peer)
    offered = peer.offers.offer(contact.peer, firmware)
    base = {"peer": who.label, "id": who.id, "board": firmware.board, "version": offered.version}
    try:
        yield base | {"state": "offered", "files": len(offered.contents) - 1}
        await _hint(peer, contact, who.label)
        async for told in follow(peer, contact, offered, args):
            yield base | told
            _check(who.label, told)
    finally:
        peer.offers.withdraw(contact.peer)


async def _hint(peer: "HubPeer", contact: Contact, label: str) -> None:
    """Tell a board that there is an offer. The board decides whether to look."""
    try:
        answer = await peer.ask(contact.peer, coap.POST, ["updates"], b"", None, timeout=ANSWER_S)
    except (Unanswered, TimeoutError) as error:
        raise Failure(
            f"{label} does not answer", "is it asleep, or away? " + HARMLESS, NOBODY
        ) from error
    if answer.error is not None:
        failure = answers.refusal(answer, label)
        help = "its holder's settings say whose updates it takes (docs/updates.md)"
        raise Failure(failure.detail, failure.help or help, failure.exit_code)


async def follow(
    peer: "HubPeer",
    contact: Contact,
    offered: "Offered",
    args: Mapping[str, Any],
    field: str = "update",
) -> AsyncGenerator[Data, None]:
    """Yield what a board reports of this offer, on each change, to its end."""
    patience_s = roster.seconds(args, "timeout", PATIENCE_S)
    last: Data = {}
    heard_s = time.monotonic()
    while last.get("state") not in ("good", "refused", "taken back"):
        if time.monotonic() - heard_s > patience_s:
            state = last.get("state", "offered")
            raise Failure(
                f"nothing new for {patience_s:g} s; the last was: {state}", HARMLESS, TIMEOUT
            )
        told = await _ask(peer, contact, field)
        if told.pop("made", None) == offered.made and told != last:
            last = told
            heard_s = time.monotonic()
            yield told
        else:
            await asyncio.sleep(LOOK_S)


async def _ask(peer: "HubPeer", contact: Contact, field: str) -> Data:
    """A field of the board's /peer; None while it restarts."""
    try:
        answer = await peer.ask(contact.peer, coap.FETCH, ["peer"], b"", None, timeout=ANSWER_S)
        about = answers.table(answers.content(answer, ""))
    except (Unanswered, TimeoutError, LocalError, Failure):
        return {}
    return answers.table(about.get(field))


def _check(label: str, told: Data) -> None:
    """Raise the Failure for what a board decided."""
    why = str(told.get("why", "no reason given"))
    if told.get("state") == "refused":
        raise Failure(f"{label} refused the update: {why}", HARMLESS, FAILED)
    if told.get("state") == "taken back":
        raise Failure(
            f"{label} took the update back: {why}",
            "it runs what it ran before, with its identity and counters as they were",
            FAILED,
        )
