"""mesh promise: state, or end, a promise of one's own."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import typer

from mesh.cli.options import HomeFolder, Interface, Json, Reply
from mesh.core.relations import pact
from mesh.hub.failure import USAGE, Failure
from mesh.hub.operations import relating, session, term_forms
from mesh.hub.operations.relating import SPANS

EXAMPLE = "mesh promise every temperature 60; mesh promise end 4f6a"
UNKNOWN_OPTIONS = True  # so that -5 is a value
FORMS = {**term_forms.FORMS, "end": ("REF",)}


def command(  # noqa: PLR0913, PLR0917 - each is an option
    what: Annotated[str, typer.Argument(metavar="|".join(FORMS), help="What is promised.")],
    words: Annotated[
        list[str], typer.Argument(metavar="WORD...", help="SENSOR SECONDS, PEER DAYS, ...")
    ],
    slack: Annotated[
        int, typer.Option("--slack", metavar="PERCENT", min=0, max=1000, help="Of every.")
    ] = term_forms.SLACK,
    span: Annotated[
        str | None, typer.Option("--for", metavar="SPAN", help=f"Until it ends: {SPANS}.")
    ] = None,
    text: Annotated[str, typer.Option("--text", help="What to say of it.")] = "",
    home: HomeFolder = None,
    interface: Interface = None,
    json: Json = False,
) -> Reply:
    """Promise something of our own, or end a promise.

    Whoever keeps our feed can see it, and whether it is kept. Nobody can promise for another.
    """
    if what not in FORMS or len(words) != len(FORMS[what]):
        forms = "; ".join(" ".join((name, *form)) for name, form in FORMS.items())
        raise Failure(f"'{' '.join((what, *words))}' is no promise", f"write {forms}", USAGE)
    choices = session.Choices(home, interface)
    if what == "end":
        return Reply("stated", _end(choices, words[0]), json)
    term = term_forms.term(home, what, words, slack)
    end_s = relating.seconds(span) if span else None
    body = pact.make(terms=[term], text=text, span=[0, end_s] if end_s else None)
    return Reply("stated", _promise(choices, body), json)


async def _promise(choices: session.Choices, body: dict[int, Any]) -> AsyncGenerator[Any, None]:
    yield {"did": "promised"} | await relating.write(choices, pact.NAME, body)


async def _end(choices: session.Choices, word: str) -> AsyncGenerator[Any, None]:
    yield {"did": "ended"} | await relating.end_promise(choices, word)
