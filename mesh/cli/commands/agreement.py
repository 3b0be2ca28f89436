"""mesh agreement: propose, say yes or no, and see what is in force."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import typer

from mesh.cli import forms
from mesh.cli.kept import now_ms
from mesh.cli.options import HomeFolder, Interface, Json, Reply
from mesh.cli.term_options import Act, Every, Peers, When
from mesh.hub.operations import dealing, relating, session, term_forms, trials
from mesh.hub.operations.dealing import Wish, table
from mesh.hub.operations.relating import SPANS

EXAMPLE = (
    "mesh agreement propose 'the seedlings live' 'the fan runs from 28 degrees'"
    " --when 'door/temperature above 28 set fan to 1 else 0'"
)
FORMS = {
    "list": ((0, 1), "list [CIRCLE]"),
    "show": ((1, 1), "show REF"),
    "propose": ((0, 2), "propose CIRCLE [TEXT], or propose --with PEER [TEXT]"),
    "yes": ((1, 1), "yes REF"),
    "no": ((1, 2), "no REF [REASON]"),
    "say": ((2, 2), "say REF TEXT"),
    "object": ((2, 2), "object REF TEXT"),
    "leave": ((1, 1), "leave REF"),
}
Rows = AsyncGenerator[Any, None]


def command(  # noqa: PLR0913, PLR0917 - each is an option
    what: Annotated[str, typer.Argument(metavar="|".join(FORMS), help="What is done.")] = "list",
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="CIRCLE, REF, TEXT.")
    ] = None,
    peers: Peers = None,
    when: When = None,
    every: Every = None,
    act: Act = None,
    instead: Annotated[
        str | None,
        typer.Option("--instead", metavar="REF", help="Which one it takes the place of."),
    ] = None,
    span: Annotated[
        str | None, typer.Option("--for", metavar="SPAN", help=f"A trial that ends: {SPANS}.")
    ] = None,
    over: Annotated[bool, typer.Option("--all", "-a", help="Also what is over.")] = False,
    home: HomeFolder = None,
    interface: Interface = None,
    json: Json = False,
) -> Reply:
    """List agreements, propose one, or say yes or no to one.

    It is in force when as many members said yes as their circle asks for, or, outside of one, all
    who are named; every peer computes that from the same entries. Who is silent does not consent.
    A word stays: yes and no to one agreement would be a proven lie. `leave` ends it for ourselves.
    """
    given = words or []
    forms.check(FORMS, what, given, "agreements")
    choices = session.Choices(home, interface)
    if what == "list":
        return Reply("agreements", _list(choices, given, over), json)
    if what == "show":
        return Reply("agreement", _show(choices, given[0]), json)
    if what != "propose":
        return Reply("stated", _say(choices, what, given), json)
    circle, text = dealing.subject(given, peers or [])
    terms = term_forms.made(home, when or [], every or [], act or [])
    end_s = relating.seconds(span) if span else None
    return Reply(
        "stated", _propose(choices, Wish(circle, peers or [], text, terms, instead, end_s)), json
    )


async def _list(choices: session.Choices, given: list[str], over: bool) -> Rows:
    there = table(choices.home)
    circle = there.circle(given[0]).ref if given else None
    rows = there.agreements(circle, over)
    trials.add_times(choices.home, there, rows, now_ms())
    yield [row for row in rows if over or row["state"] != trials.OVER]


async def _show(choices: session.Choices, word: str) -> Rows:
    there = table(choices.home)
    row = there.row(there.agreement(word))
    trials.add_times(choices.home, there, [row], now_ms())
    yield row


async def _propose(choices: session.Choices, wish: Wish) -> Rows:
    yield {"did": "proposed"} | await dealing.propose(choices, wish)


async def _say(choices: session.Choices, what: str, given: list[str]) -> Rows:
    yield await dealing.say(choices, what, given)
