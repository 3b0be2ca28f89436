"""mesh trial: agreements that end by themselves."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import typer

from mesh.cli import forms
from mesh.cli.kept import now_ms
from mesh.cli.options import HomeFolder, Interface, Json, Reply
from mesh.cli.term_options import Act, Every, Peers, When
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations import dealing, relating, session, term_forms, trials
from mesh.hub.operations.dealing import Wish, table
from mesh.hub.operations.relating import SPANS

EXAMPLE = "mesh trial propose 'the seedlings live' 'no fan at night' --for 7d; mesh trial"
FORMS = {
    "list": ((0, 1), "list [CIRCLE]"),
    "propose": (
        (0, 2),
        "propose CIRCLE [TEXT] --for SPAN, or propose --with PEER [TEXT] --for SPAN",
    ),
    "yes": ((1, 1), "yes REF"),
    "no": ((1, 2), "no REF [REASON]"),
    "leave": ((1, 1), "leave REF"),
}
Rows = AsyncGenerator[Any, None]


def command(  # noqa: PLR0913, PLR0917 - each is an option
    what: Annotated[str, typer.Argument(metavar="|".join(FORMS), help="What is done.")] = "list",
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="CIRCLE, REF, TEXT.")
    ] = None,
    span: Annotated[
        str | None, typer.Option("--for", metavar="SPAN", help=f"How long it runs: {SPANS}.")
    ] = None,
    peers: Peers = None,
    when: When = None,
    every: Every = None,
    act: Act = None,
    home: HomeFolder = None,
    interface: Interface = None,
    json: Json = False,
) -> Reply:
    """List trials, propose one, say yes or no, or leave one.

    A trial is an agreement that ends by itself, for each peer by its own clock. Several run at the
    same time, none takes the place of another, and leaving one ends it for ourselves at once.
    """
    given = words or []
    forms.check(FORMS, what, given, "trials")
    choices = session.Choices(home, interface)
    if what == "list":
        return Reply("trials", _list(choices, given), json)
    if what != "propose":
        return Reply("stated", _say(choices, what, given), json)
    circle, text = dealing.subject(given, peers or [])
    if span is None:
        raise Failure("a trial ends: for how long is it?", f"add --for SPAN, as in {SPANS}", USAGE)
    terms = term_forms.made(home, when or [], every or [], act or [])
    wish = Wish(circle, peers or [], text, terms, end_s=relating.seconds(span))
    return Reply("stated", _propose(choices, wish), json)


async def _list(choices: session.Choices, given: list[str]) -> Rows:
    there = table(choices.home)
    circle = there.circle(given[0]).ref if given else None
    yield trials.rows_of(choices.home, there, now_ms(), circle)


async def _propose(choices: session.Choices, wish: Wish) -> Rows:
    yield {"did": "proposed"} | await dealing.propose(choices, wish)


async def _say(choices: session.Choices, what: str, given: list[str]) -> Rows:
    yield await dealing.say(choices, what, given, trial=True)
