"""Proposes agreements and trials, and answers them, without saying what would be a proven lie."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mesh.core import peer_id as ids
from mesh.core.relations import mark, pact
from mesh.core.relations.mark import LEAVE, NO, OBJECT, SAY, YES
from mesh.core.relations.pact import MEMBERS, RULE, SIDE, WITH
from mesh.hub.failure import SETUP, USAGE, Failure
from mesh.hub.home.home import Home
from mesh.hub.operations import relating, term_words
from mesh.hub.operations.circles import Table
from mesh.hub.operations.session import Choices
from mesh.hub.store.statements import Statement

Row = dict[str, Any]
WORDS = {"yes": YES, "no": NO, "say": SAY, "object": OBJECT, "leave": LEAVE}
NOTHING = "nothing was said"


class Wish(NamedTuple):
    """What is to be agreed: in a circle, or with single peers if there are any, by their names."""

    circle: str | None
    peers: Sequence[str]
    text: str
    terms: list[list[Any]]
    instead: str | None = None  # the ref of the agreement whose place it takes
    end_s: int | None = None  # of a trial


def table(home: Path | None) -> Table:
    """What a home's store holds of circles and agreements, as its peer sees it. Failure."""
    me = Home(home).peer_id()
    if me is None:
        raise Failure("this peer has no identity yet", "`mesh id` makes one", SETUP)
    found, former = relating.held_by(home, me)
    return Table(found, me, relating.labels(home), former)


def subject(words: Sequence[str], peers: Sequence[str]) -> tuple[str | None, str]:
    """The circle and the text out of the words that were typed: the circle comes first, unless
    there are single peers. Failure.
    """
    if not (words or peers):
        help = "name a CIRCLE, or single peers by --with"
        raise Failure("between whom is it to be?", help, USAGE)
    circle, texts = (None, words) if peers else (words[0], words[1:])
    if len(texts) > 1:
        what = f"'{texts[0]}' is one text too many, as --with names single peers and no circle"
        raise Failure(what, "an agreement is in one circle, or with single peers", USAGE)
    return circle, texts[0] if texts else ""


async def propose(choices: Choices, wish: Wish) -> Row:
    """Propose an agreement, which is a yes of our own. Gives its seq and ref. Failure."""
    there = table(choices.home)
    return await relating.propose(choices, body_of(choices.home, there, wish))


def body_of(home: Path | None, there: Table, wish: Wish) -> dict[int, object]:
    """The body of an agreement. Failure."""
    if not (wish.text or wish.terms):
        raise Failure("it says nothing", "write a TEXT, or a term: --when, --every, --act", USAGE)
    if (size := len(wish.text.encode("utf-8", "replace"))) > mark.LONGEST_TEXT:
        what = f"the text has {size} bytes, and {mark.LONGEST_TEXT} are the most"
        raise Failure(what, "say it in fewer words", USAGE)
    before = there.agreement(wish.instead) if wish.instead is not None else None
    if wish.circle is not None:
        return there.proposal(there.circle(wish.circle), wish.text, before, wish.end_s, wish.terms)
    parties = _parties(home, there, wish.peers)
    if before is not None:
        _check_same(there, before, {there.me, *parties})
    return pact.make(
        after=before.ref if before is not None else None,
        text=wish.text,
        terms=wish.terms,
        span=[0, wish.end_s] if wish.end_s else None,
        parties=parties,
    )


def _parties(home: Path | None, there: Table, words: Sequence[str]) -> list[bytes]:
    """The ids of the peers that are named. Failure if that is us, somebody twice, or too many."""
    named = [name.strip() for word in words for name in word.split(",")]
    found = [relating.peer_of(home, name) for name in named if name]
    if there.me in found:
        raise Failure("we are in it already, as who proposes it", "name the others alone", USAGE)
    if len(set(found)) < len(found):
        raise Failure("somebody is named twice", NOTHING, USAGE)
    if not 0 < len(found) <= MEMBERS:
        raise Failure(f"an agreement is with 1 to {MEMBERS} others", NOTHING, USAGE)
    return found


def _check_same(there: Table, before: Statement, members: set[bytes]) -> None:
    """Failure if an agreement cannot be replaced by one between these."""
    now = there.found.agreements.members(before.ref) or []
    if before.pact.judged != WITH or set(now) != members:
        names = term_words.listed(sorted(map(there.label, now)))
        what = f"{ids.short(before.ref)} is between others: {names}"
        raise Failure(what, "what takes its place is between the same peers", USAGE)


async def say(choices: Choices, what: str, words: Sequence[str], trial: bool = False) -> Row:
    """Say one of WORDS of an agreement, or of a trial: its ref, and perhaps a reason. Failure."""
    there = table(choices.home)
    one = there.trial(words[0]) if trial else there.agreement(words[0])
    if what == "yes":
        there.check_yes(one)
        _check_stays(there, one)
    elif what == "no":
        there.check_no(one)
    elif what == "leave":
        check_leave(there, one)
    body = mark.make(one.ref, WORDS[what], " ".join(words[1:]))
    await relating.write(choices, mark.NAME, body)
    did = "let" if what == "leave" else what
    return {"did": did, "ref": ids.to_text(one.ref)}


def check_leave(there: Table, one: Statement) -> None:
    """Failure if an agreement cannot be left: it does not bind us, or is a change of a circle."""
    if one.pact.judged == RULE:
        raise Failure(
            "it is a change of a circle", "`mesh circle leave CIRCLE` leaves that", USAGE
        )
    _check_stays(there, one)
    is_ours = there.us([one.author, *there.found.agreements.said(one.ref, YES)])
    if not is_ours:
        raise Failure("we said no yes to it, so it does not bind us", NOTHING, USAGE)


def _check_stays(there: Table, one: Statement) -> None:
    if one.pact.judged in (SIDE, WITH) and there.us(there.found.agreements.said(one.ref, LEAVE)):
        raise Failure("we left it already, and a word stays", NOTHING, USAGE)
