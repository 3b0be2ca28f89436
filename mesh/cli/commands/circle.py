"""mesh circle: peers with a goal, and a number of them that has to say yes."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import typer

from mesh.cli import forms
from mesh.cli.options import HomeFolder, Interface, Json, Reply
from mesh.core import peer_id as ids
from mesh.core.relations import mark, pact
from mesh.core.relations.mark import LEAVE, YES
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations import relating, session
from mesh.hub.operations.dealing import table

EXAMPLE = "mesh circle found 'the seedlings live'; mesh circle invite 'the seedlings live' cellar"
FORMS = {
    "list": ((0, 0), "list"),
    "found": ((1, 1), "found GOAL"),
    "invite": ((2, 2), "invite CIRCLE PEER"),
    "join": ((1, 1), "join CIRCLE"),
    "leave": ((1, 1), "leave CIRCLE"),
    "release": ((1, 1), "release CIRCLE"),
}
Rows = AsyncGenerator[Any, None]


def command(  # noqa: PLR0913, PLR0917 - each is an option
    what: Annotated[str, typer.Argument(metavar="|".join(FORMS), help="What is done.")] = "list",
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="GOAL, CIRCLE, PEER.")
    ] = None,
    need: Annotated[
        int | None,
        typer.Option("--need", min=1, max=32, help="How many say yes from then on; a majority."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", "-a", help="Also circles that we are not in.")
    ] = False,
    home: HomeFolder = None,
    interface: Interface = None,
    json: Json = False,
) -> Reply:
    """List circles, found one, ask somebody in, join, or leave.

    A CIRCLE is named by its goal, or by the first characters of its ref. Nobody is added without a
    yes of its own; leaving is one's own act, and `release` lets those go who left.
    """
    given = words or []
    forms.check(FORMS, what, given, "circles")
    choices = session.Choices(home, interface)
    if what == "list":
        return Reply("circles", _list(choices, every), json)
    items = {
        "found": lambda: _found(choices, given[0]),
        "invite": lambda: _invite(choices, given[0], given[1], need),
        "join": lambda: _join(choices, given[0]),
        "leave": lambda: _leave(choices, given[0]),
        "release": lambda: _release(choices, given[0]),
    }[what]()
    return Reply("stated", items, json)


async def _list(choices: session.Choices, every: bool) -> Rows:
    yield table(choices.home).circles(every)


async def _found(choices: session.Choices, goal: str) -> Rows:
    yield {"did": "founded"} | await relating.write(
        choices, pact.NAME, pact.make(need=1, text=goal)
    )


async def _invite(choices: session.Choices, word: str, peer: str, need: int | None) -> Rows:
    there = table(choices.home)
    body = there.invitation(there.circle(word), relating.peer_of(choices.home, peer), need)
    yield {"did": "invited"} | await relating.propose(choices, body)


async def _release(choices: session.Choices, word: str) -> Rows:
    there = table(choices.home)
    body = there.farewell(there.circle(word))
    yield {"did": "released"} | await relating.propose(choices, body)


async def _join(choices: session.Choices, word: str) -> Rows:
    there = table(choices.home)
    found = there.invitations(there.circle(word).ref)
    if not found:
        what = "nobody has asked us in, as far as is held here"
        raise Failure(what, "a member says: mesh circle invite CIRCLE PEER", USAGE)
    for ref in found:
        there.check_yes(there.found.statements[ref])
    ref = found[0]
    await relating.write(choices, mark.NAME, mark.make(ref, YES))
    yield {"did": "joined", "ref": ids.to_text(ref)}


async def _leave(choices: session.Choices, word: str) -> Rows:
    there = table(choices.home)
    refs = there.leaving(there.circle(word))
    for ref in refs:
        await relating.write(choices, mark.NAME, mark.make(ref, LEAVE))
    yield {"did": "left", "ref": ids.to_text(refs[0])}
