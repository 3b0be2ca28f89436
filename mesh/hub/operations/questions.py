"""Questions of operations to a peer, whose failures say what to do next."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mesh.core.coap import message as coap
from mesh.core.discovery.contact import ASLEEP, Contact
from mesh.core.errors import LocalError
from mesh.core.events import Answer
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.failure import NOBODY, TIMEOUT, NoAnswer, Unreachable
from mesh.hub.home.naming import Known
from mesh.hub.operations import answers, roster
from mesh.hub.operations.patience import ANSWER_S

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

CBOR = 60  # Content-Format


async def ask(
    peer: "HubPeer",
    contact: Contact,
    args: Mapping[str, Any],
    code: int,
    path: list[str],
    payload: bytes = b"",
) -> Answer:
    """The signed answer of a peer, within args["timeout"] seconds. Failure with what to do."""
    timeout_s = roster.seconds(args, "timeout", ANSWER_S)
    who = roster.name_of(peer, contact.peer)
    asleep_s = (contact.wakes_ms - peer.now()) / 1000 if contact.state == ASLEEP else 0.0
    if asleep_s > timeout_s:
        raise _asleep(who, asleep_s)
    try:
        return await peer.ask(
            contact.peer, code, path, payload, CBOR if payload else None, timeout=timeout_s
        )
    except (Unanswered, TimeoutError) as error:
        if contact.state == ASLEEP:
            raise _asleep(who, max(asleep_s, 0.0)) from error
        how = f"did not answer within {timeout_s:g} s"
        help = "ask again with a longer --timeout; `mesh peers` tells when it was last heard"
        raise NoAnswer(f"{who.label} ({who.short}) {how}", help, TIMEOUT) from error
    except LocalError as error:
        raise Unreachable(
            f"{who.label} cannot be asked: {error.detail}", error.help, NOBODY
        ) from error


async def content(
    peer: "HubPeer", contact: Contact, args: Mapping[str, Any], path: list[str]
) -> object:
    """The value at a path of a peer. Failure with its reason if it refuses."""
    answer = await ask(peer, contact, args, coap.FETCH, path)
    return answers.content(answer, roster.name_of(peer, contact.peer).label)


def _asleep(who: Known, left_s: float) -> NoAnswer:
    how = f"is asleep, for {left_s:.0f} s" if left_s else "is asleep, and should be awake"
    help = "`mesh peers` tells for how long; awake, it hands on what it measured"
    return NoAnswer(f"{who.label} ({who.short}) {how}", help, TIMEOUT)
