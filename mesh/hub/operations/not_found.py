"""The error for a sensor or actuator that a peer does not have, with those that it has."""

from typing import TYPE_CHECKING

from mesh.core.coap import message as coap
from mesh.core.discovery.contact import Contact
from mesh.core.errors import LocalError
from mesh.core.events import Answer
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.failure import Failure, NotFound
from mesh.hub.home import choices
from mesh.hub.operations import answers

if TYPE_CHECKING:
    from mesh.hub.desktop_peer import HubPeer

ASK_S = 3.0


async def content(
    peer: "HubPeer", contact: Contact, answer: Answer, label: str, thing: tuple[str, str | None]
) -> object:
    """As answers.content, for an answer about `thing`: ("sensors" or "actuators", name). The
    Failure for an unknown name suggests which may have been meant.
    """
    try:
        return answers.content(answer, label)
    except Failure as failure:
        group, name = thing
        if not isinstance(failure, NotFound) or not name:
            raise
        try:
            told = await peer.ask(contact.peer, coap.FETCH, ["peer"], b"", None, timeout=ASK_S)
            about = answers.table(answers.content(told, label))
        except (Unanswered, TimeoutError, LocalError, Failure):
            raise failure from None
        there = about.get(group)
        names = [one for one in there if isinstance(one, str)] if isinstance(there, list) else []
        help = choices.offer(name, names, f"{label} tells of no {group}")
        raise NotFound(failure.detail, help) from failure
