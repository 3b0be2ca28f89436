"""The sensors and actuators that a peer has, for whoever asked for one that it has not."""

from typing import TYPE_CHECKING

from mesh.core import coap
from mesh.core.contacts import Contact
from mesh.core.errors import LocalError
from mesh.core.events import Answer
from mesh.hub import answers, choices
from mesh.hub.errors import NoAnswer
from mesh.hub.failure import Failure

if TYPE_CHECKING:
    from mesh.hub.loop import HubPeer

NOT_FOUND = 0x84
ASK_S = 3.0


async def content(
    peer: "HubPeer", contact: Contact, answer: Answer, label: str, thing: tuple[str, str | None]
) -> object:
    """As answers.content, for an answer about `thing`: ("sensors" or "actuators", name). A Failure
    for a name that there is not tells which may have been meant.
    """
    try:
        return answers.content(answer, label)
    except Failure as failure:
        group, name = thing
        if answer.code != NOT_FOUND or not name:
            raise
        try:
            told = await peer.ask(contact.peer, coap.FETCH, ["peer"], b"", None, timeout=ASK_S)
            about = answers.table(answers.content(told, label))
        except (NoAnswer, TimeoutError, LocalError, Failure):
            raise failure from None
        there = about.get(group)
        names = [one for one in there if isinstance(one, str)] if isinstance(there, list) else []
        help = choices.offer(name, names, f"{label} tells of no {group}")
        raise Failure(failure.detail, help, failure.code) from failure
