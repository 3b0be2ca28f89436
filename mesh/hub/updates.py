"""Firmware for boards over the mesh: chosen ones are offered it, look, and decide themselves."""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mesh.core import bundle, coap, proposal
from mesh.core.contacts import Contact
from mesh.core.errors import LocalError, RemoteError
from mesh.core.primitives import Identity, Kit
from mesh.hub import answers, roster
from mesh.hub.errors import NoAnswer
from mesh.hub.failure import FAILED, NOBODY, TIMEOUT, Failure

if TYPE_CHECKING:
    from mesh.hub.firmware import Firmware
    from mesh.hub.loop import HubPeer

Data = dict[str, Any]

PATIENCE_S = 900.0  # without any news: longer than a board's trial
ANSWER_S = 5.0
LOOK_S = 1.0
LARGEST = 2048  # bytes of a piece
FOLDER = "mesh/"  # what an update holds; the rest comes by cable
WISH = 3  # hash, offset, most bytes
HARMLESS = "the board goes on with what it has; the same command goes on where this one ended"


class Offered(NamedTuple):
    """What one board is offered: signed, and each content by its SHA-256."""

    version: str
    made: int
    signed: bytes
    contents: Mapping[bytes, bytes]


class Offers:
    """What this peer offers to whom. Nobody else sees anything of it."""

    def __init__(self, kit: Kit, identity: Identity) -> None:
        self._kit = kit
        self._identity = identity
        self._to: dict[bytes, Offered] = {}
        self._made = 0

    def offer(self, board: bytes, firmware: "Firmware") -> Offered:
        """Offer a firmware to a board, in place of what it was offered before. LocalError."""
        names = [name for name in firmware.files if name.startswith(FOLDER)]
        files = {name: firmware.path(name).read_bytes() for name in names}
        stamps = [
            bundle.File(name, len(data), hashlib.sha256(data).digest())
            for name, data in files.items()
        ]
        listing = bundle.write_list(stamps)
        self._made = made = max(time.time_ns() // 1_000_000, self._made + 1)
        signed = bundle.make(
            self._kit, self._identity, firmware.board, firmware.version, made, listing
        )
        contents = {hashlib.sha256(data).digest(): data for data in (listing, *files.values())}
        self._to[board] = offered = Offered(firmware.version, made, signed, contents)
        return offered

    def offer_settings(self, board: bytes, base: bytes, text: bytes) -> Offered:
        """Offer a board settings in place of those with the SHA-256 `base`."""
        self._made = made = max(time.time_ns() // 1_000_000, self._made + 1)
        signed = proposal.make(self._kit, self._identity, board, made, base, text)
        contents = {hashlib.sha256(text).digest(): text}
        self._to[board] = offered = Offered("", made, signed, contents)
        return offered

    def withdraw(self, board: bytes) -> None:
        """Offer nothing to a board any more."""
        self._to.pop(board, None)

    def answer(self, who: bytes, wish: object) -> object:
        """What `who` gets at /updates: the offers, or the piece it wants. RemoteError."""
        offered = self._to.get(who)
        if wish is None:
            return [offered.signed] if offered else []
        digest, offset, most = _read(wish)
        data = offered.contents.get(digest) if offered else None
        if data is None:
            raise RemoteError("this is not offered to you", 0x84)
        if offset >= len(data):
            raise RemoteError("nothing is there", 0x80)
        return data[offset : offset + min(most, LARGEST)]


def _read(wish: object) -> tuple[bytes, int, int]:
    if isinstance(wish, list) and len(wish) == WISH and isinstance(wish[0], bytes):
        numbers = [n for n in wish[1:] if type(n) is int and 0 <= n <= bundle.MOST]
        if len(numbers) == len(wish) - 1 and numbers[1]:
            return wish[0], numbers[0], numbers[1]
    raise RemoteError("a piece is asked for by [hash, offset, most bytes]")


async def update(peer: "HubPeer", args: Mapping[str, Any]) -> AsyncGenerator[Data, None]:
    """Offer the firmware in the folder args["firmware"] to a board, and tell what it does."""
    from mesh.hub.firmware import Firmware  # noqa: PLC0415 - only this operation needs it

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
    """Say that there is something to look at. Whether to look is the board's own affair."""
    try:
        answer = await peer.ask(contact.peer, coap.POST, ["updates"], b"", None, timeout=ANSWER_S)
    except (NoAnswer, TimeoutError) as error:
        raise Failure(
            f"{label} does not answer", "is it asleep, or away? " + HARMLESS, NOBODY
        ) from error
    if answer.error is not None:
        failure = answers.refusal(answer, label)
        help = "its holder's settings say whose updates it takes (docs/updates.md)"
        raise Failure(failure.detail, failure.help or help, failure.code)


async def follow(
    peer: "HubPeer",
    contact: Contact,
    offered: Offered,
    args: Mapping[str, Any],
    field: str = "update",
) -> AsyncGenerator[Data, None]:
    """What the board tells of this offer, each time that it is something else, to its end."""
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
    """A field of its /peer; nothing while it starts anew."""
    try:
        answer = await peer.ask(contact.peer, coap.FETCH, ["peer"], b"", None, timeout=ANSWER_S)
        about = answers.table(answers.content(answer, ""))
    except (NoAnswer, TimeoutError, LocalError, Failure):
        return {}
    return answers.table(about.get(field))


def _check(label: str, told: Data) -> None:
    """Raise the Failure that a board's decision is for whoever waits for the update."""
    why = str(told.get("why", "no reason given"))
    if told.get("state") == "refused":
        raise Failure(f"{label} refused the update: {why}", HARMLESS, FAILED)
    if told.get("state") == "taken back":
        raise Failure(
            f"{label} took the update back: {why}",
            "it runs what it ran before, with its identity and counters as they were",
            FAILED,
        )
