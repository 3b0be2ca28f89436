"""mesh agreement: propose, say yes or no, and see what is in force."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import typer

from mesh.cli.options import HomeFolder, Interface, Json, Reply
from mesh.core import peer_id as ids
from mesh.core.relations import mark
from mesh.core.relations.mark import NO, OBJECT, SAY, YES
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations import relating, session
from mesh.hub.operations.circles import table
from mesh.hub.operations.relating import SPANS

EXAMPLE = "mesh agreement propose 'the seedlings live' 'the fan runs from 28 degrees'"
FORMS = {
    "list": ((0, 1), "list [CIRCLE]"),
    "show": ((1, 1), "show REF"),
    "propose": ((2, 2), "propose CIRCLE TEXT"),
    "yes": ((1, 1), "yes REF"),
    "no": ((1, 2), "no REF [REASON]"),
    "say": ((2, 2), "say REF TEXT"),
    "object": ((2, 2), "object REF TEXT"),
}
WORDS = {"yes": YES, "no": NO, "say": SAY, "object": OBJECT}
Rows = AsyncGenerator[Any, None]


def command(  # noqa: PLR0913, PLR0917 - each is an option
    what: Annotated[str, typer.Argument(metavar="|".join(FORMS), help="What is done.")] = "list",
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="CIRCLE, REF, TEXT.")
    ] = None,
    instead: Annotated[
        str | None,
        typer.Option("--instead", metavar="REF", help="Which one it takes the place of."),
    ] = None,
    span: Annotated[
        str | None, typer.Option("--for", metavar="SPAN", help=f"A trial that ends: {SPANS}.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", "-a", help="Also what is over.")] = False,
    home: HomeFolder = None,
    interface: Interface = None,
    json: Json = False,
) -> Reply:
    """List agreements, propose one, or say yes or no to one.

    It is in force when as many members said yes as their circle asks for; every peer computes that
    from the same entries. Who is silent does not consent. A word stays: yes and no to one
    agreement would be a proven lie.
    """
    given = words or []
    if what not in FORMS or not FORMS[what][0][0] <= len(given) <= FORMS[what][0][1]:
        forms = "; ".join(form for _, form in FORMS.values())
        said = " ".join((what, *given))
        raise Failure(f"'{said}' is no word of agreements", f"write {forms}", USAGE)
    choices = session.Choices(home, interface)
    if what == "list":
        return Reply("agreements", _list(choices, given, every), json)
    if what == "show":
        return Reply("agreement", _show(choices, given[0]), json)
    if what == "propose":
        end_s = relating.seconds(span) if span else None
        return Reply("stated", _propose(choices, given, instead, end_s), json)
    return Reply("stated", _say(choices, what, given), json)


async def _list(choices: session.Choices, given: list[str], every: bool) -> Rows:
    there = table(choices.home)
    circle = there.circle(given[0]).ref if given else None
    yield there.agreements(circle, every)


async def _show(choices: session.Choices, word: str) -> Rows:
    there = table(choices.home)
    yield there.row(there.agreement(word))


async def _propose(
    choices: session.Choices, given: list[str], instead: str | None, end_s: int | None
) -> Rows:
    there = table(choices.home)
    before = there.agreement(instead) if instead is not None else None
    body = there.proposal(there.circle(given[0]), given[1], before, end_s)
    yield {"did": "proposed"} | await relating.propose(choices, body)


async def _say(choices: session.Choices, what: str, given: list[str]) -> Rows:
    there = table(choices.home)
    one = there.agreement(given[0])
    if what == "yes":
        there.check_yes(one)
    elif what == "no":
        there.check_no(one)
    body = mark.make(one.ref, WORDS[what], " ".join(given[1:]))
    await relating.write(choices, mark.NAME, body)
    yield {"did": what, "ref": ids.to_text(one.ref)}
