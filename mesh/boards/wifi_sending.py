"""Sends a Wi-Fi network to a board in its access point, sealed with the code that `mesh flash`
printed, and follows what becomes of it (docs/protocol.md section 14).
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any

from mesh.core import codes, peer_id
from mesh.core.address import address_text, read_address
from mesh.core.coap import message as coap
from mesh.core.codec import cbor
from mesh.core.discovery.contact import UP, Contact
from mesh.core.errors import LocalError, MeshError, RemoteError
from mesh.core.events import Answer
from mesh.core.resources.setup_door import FAILED, JOINED, network
from mesh.core.security.code_proof import CHALLENGE, NONCE, Code
from mesh.hub.failure import FAILED as FAILURE
from mesh.hub.failure import NOBODY, TIMEOUT, Failure, NoAnswer, Unreachable
from mesh.hub.operations import answers, roster

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

Data = dict[str, Any]

WHERE = "192.168.4.1"  # the address of a Pico's or an ESP32's access point
FIND_S, ANSWER_S, LOOK_S = 5.0, 5.0, 1.0
PATIENCE_S = 120.0  # longer than a board tries a network, twice, and one of its own before
SETUP = ["setup"]
SAFE = "its former networks stay, and its access point opens again"
NEXT = (
    "put this computer back into its own network: `mesh peers` shows the board within two "
    "minutes. If not, join its access point again: `mesh board wifi` tells why"
)
ENTER = (
    "join the access point mesh-... with this computer first; its password is the code that "
    "`mesh flash` printed. It opens ten minutes after the board lost its network, and rests ten "
    "minutes if nobody came"
)


async def send(peer: "HubPeer", args: Mapping[str, Any]) -> AsyncGenerator[Data, None]:
    """Send args["network"], {ssid, password}, to the board at args["address"], with
    args["code"]. Yields what becomes of it, the last time "joined". Failure if it is not.
    """
    code = Code(peer.node.peer.kit.sha256, tidied(roster.text(args, "code")))
    wanted = network(args.get("network"))
    patience_s = roster.seconds(args, "timeout", PATIENCE_S)
    contact, told = await _find(peer, read_address(roster.text(args, "address")))
    who = roster.name_of(peer, contact.peer)
    row: Data = {"peer": who.label, "id": who.id, "ssid": wanted["ssid"]}
    before = _where(contact)
    yield row | {"state": "found", "address": before} | _former(told)
    await _put(peer, contact, code, wanted, told)
    yield row | {"state": "trying"}
    ends_s = time.monotonic() + patience_s
    while time.monotonic() < ends_s:
        await asyncio.sleep(LOOK_S)
        told = await _told(peer, contact, before)
        if told.get("state") == JOINED:
            yield row | {"state": JOINED} | _pick(told, "address", "why")
            return
        if told.get("state") == FAILED:
            why = told.get("why") or "it gives no reason"
            what = f"{who.label} could not join {wanted['ssid']}: {why}"
            raise Failure(what, SAFE + ": repeat the command once it is right", FAILURE)
    what = f"{who.label} took {wanted['ssid']}, and was not heard since, as when it has joined it"
    raise NoAnswer(what, f"{NEXT}; if it did not join, {SAFE}", TIMEOUT)


def tidied(code: str) -> str:
    """A code as it was printed: people leave out hyphens, or write capitals."""
    bare = code.strip().lower().replace("-", "").replace(" ", "")
    if len(bare) == 16 and bare.isascii() and bare.isalnum():  # noqa: PLR2004 - four groups of four
        return "-".join(bare[at : at + 4] for at in range(0, 16, 4))
    return code.strip()


async def _find(peer: "HubPeer", address: tuple[str, int]) -> tuple[Contact, Data]:
    """The board at an address, or else any that was found and has its door open. Failure."""
    contact = await _at(peer, address)
    if contact is not None:
        told = await _told(peer, contact)
        if "challenge" not in told:
            label = roster.name_of(peer, contact.peer).label
            what = f"{label} at {address_text(address)} takes no network now"
            help = (
                "it does so in its access point alone, while it has no network, and with a code "
                "in its settings (docs/first-board.md)"
            )
            raise Failure(what, help, FAILURE)
        return contact, told
    for other in list(peer.node.contacts.proven()):
        if other.state == UP and "challenge" in (told := await _told(peer, other)):
            return other, told
    raise Unreachable(f"no board answers at {address_text(address)}", ENTER, NOBODY)


async def _at(peer: "HubPeer", address: tuple[str, int]) -> Contact | None:
    """The peer at an address, once it has answered; None if nobody does."""
    query = ["rt=othermesh.peer"]
    try:
        answer = await peer.get(address, [".well-known", "core"], query, timeout=FIND_S)
        text = answer.payload.decode("utf-8", "replace")
        id = peer_id.from_text(text.partition('ep="')[2][:52])
    except MeshError:
        return None
    peer.node.candidate(peer.now(), id, address, "last")
    peer.driver.settle()

    def is_there() -> bool:
        contact = peer.node.contacts.get(id)
        return contact is not None and contact.address is not None

    await roster.until(peer, FIND_S, is_there)
    found = peer.node.contacts.get(id)
    return found if found is not None and found.address is not None else None


async def _told(peer: "HubPeer", contact: Contact, before: str = "") -> Data:
    """What its door tells; {} if it is silent. Whoever answers elsewhere than `before`, with a
    closed door, has joined a network.
    """
    try:
        answer = await peer.ask(contact.peer, coap.FETCH, SETUP, timeout=ANSWER_S)
    except MeshError:
        return {}
    if answer.signed and answer.code == codes.NOT_FOUND and before not in ("", _where(contact)):
        return {"state": JOINED, "address": _where(contact)}
    if answer.code != codes.CONTENT:
        return {}
    try:
        table = cbor.decode(answer.payload)
    except RemoteError:
        return {}
    known = table if isinstance(table, dict) else {}
    is_one = isinstance(known.get("challenge"), bytes) and len(known["challenge"]) == CHALLENGE
    return known if is_one else {}


async def _put(
    peer: "HubPeer", contact: Contact, code: Code, wanted: Mapping[str, str], told: Data
) -> None:
    """Send the network, and check that who took it has the code too. Failure."""
    label = roster.name_of(peer, contact.peer).label
    where = contact.peer + peer.identity.public + told["challenge"]
    nonce = os.urandom(NONCE)
    body = cbor.encode(code.seal(where, nonce, cbor.encode(dict(wanted))))
    try:
        answer: Answer = await peer.ask(contact.peer, coap.PUT, SETUP, body, 60, timeout=ANSWER_S)
    except (LocalError, TimeoutError) as error:
        what = f"{label} did not answer: {error}"
        raise NoAnswer(what, "nothing is lost: repeat the same command", TIMEOUT) from error
    if answers.content(answer, label) != code.receipt(where, nonce):
        what = f"{label} took the network, but does not have the code: it may be another's board"
        raise Failure(what, "the password was sealed, and who has no code cannot read it", FAILURE)


def _former(told: Data) -> Data:
    """What became of the last network that was sent, if that failed."""
    failed = told.get("state") == FAILED
    return {"former": _pick(told, "ssid", "why")} if failed else {}


def _pick(told: Data, *names: str) -> Data:
    return {name: str(told[name]) for name in names if told.get(name)}


def _where(contact: Contact) -> str:
    return address_text(contact.address) if contact.address else ""
