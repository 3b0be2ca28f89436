"""Terms of agreements and promises, as they are typed."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mesh.core.codec.cbor import Decimal
from mesh.core.errors import LocalError, RemoteError
from mesh.core.relations import terms
from mesh.core.relations.terms import ABOVE, BELOW, EVERY, MOST
from mesh.hub.failure import USAGE, Failure
from mesh.hub.home import naming
from mesh.hub.operations import answers, oneself, relating

Term = list[Any]
RULE = "PEER/SENSOR above 28 set ACTUATOR to 1 else 0"
SLACK = 10  # percent of `every`
# what stands at each place of a rule; None: whatever is typed
PLACES = (None, None, None, "set", None, "to", None, "else", None)
LEAST = 7  # words, without an else
MEANT = "self/SENSOR is each one's own; else comes last, and may be left out"


def made(
    home: Path | None,
    when: Sequence[str],
    every: Sequence[Sequence[str]],
    act: Sequence[Sequence[str]],
) -> list[Term]:
    """The terms of these options, checked. Failure with code USAGE."""
    found = [term(home, "when", [one]) for one in when]
    found += [term(home, EVERY, one) for one in every]
    found += [term(home, "act", one) for one in act]
    if len(found) > MOST:
        raise Failure(f"{len(found)} terms: there are {MOST} at most", "nothing was said", USAGE)
    return found


def term(home: Path | None, name: str, words: Sequence[str], slack: int = SLACK) -> Term:
    """One term of this name, of as many words as FORMS says. Failure with code USAGE."""
    if name == "when":
        found = _rule(home, words[0])
    elif name == "keep":
        found = [name, relating.peer_of(home, words[0]), relating.whole(words[1])]
    elif name == "act":
        low, high = map(relating.number, words[1:3])
        if low > high:
            what = f"'{words[1]}' is more than '{words[2]}'"
            raise Failure(what, "the lower bound comes first: ACTUATOR LOW HIGH SECONDS", USAGE)
        found = [name, words[0], low, high, relating.some_seconds(words[3])]
    elif name == "answer":
        found = [name, relating.some_seconds(words[0])]
    else:
        found = [name, words[0], relating.some_seconds(words[1]), slack]
    try:
        terms.check([found])
    except (LocalError, RemoteError) as error:
        raise Failure(f"'{' '.join(words)}': {error.detail}", "nothing was said", USAGE) from error
    return found


FORMS = {
    EVERY: ("SENSOR", "SECONDS"),
    "keep": ("PEER", "DAYS"),
    "act": ("ACTUATOR", "LOW", "HIGH", "SECONDS"),
    "answer": ("SECONDS",),
    "when": (f"'{RULE}'",),
}


def _rule(home: Path | None, text: str) -> Term:
    """["when", peer, sensor, side, number, actuator, value, else] of a rule as it is typed."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise _misfit(text, f"it is not closed: {error}") from error
    for word, place in zip(words, PLACES, strict=False):
        if place is not None and word != place:
            raise _misfit(text, f"'{word}' stands where '{place}' has to be")
    if len(words) not in (LEAST, len(PLACES)):
        last = words[min(len(words), len(PLACES)) - 1] if words else ""
        what = "something lacks" if len(words) < len(PLACES) else "there is too much"
        raise _misfit(text, f"{what} after '{last}'")
    target, side, bound, _, actuator, _, wish = words[:LEAST]
    peer, sensor = naming.split(target)
    if not sensor:
        raise _misfit(text, f"'{target}' is no PEER/SENSOR")
    if side not in (ABOVE, BELOW):
        raise _misfit(text, f"'{side}' is neither {ABOVE} nor {BELOW}")
    who = None if peer == oneself.SELF else relating.peer_of(home, peer)
    other = _value(words[-1]) if len(words) > LEAST else None
    number = relating.number(bound)
    return ["when", who, sensor, side, number, actuator, _value(wish), other]


def _value(word: str) -> object:
    """What an actuator is set to; of a fraction the nearest one that boards have."""
    found = answers.wish(word)
    return relating.number(word) if isinstance(found, Decimal | float) else found


def _misfit(text: str, why: str) -> Failure:
    return Failure(f"'{text}' is no rule: {why}", f"write '{RULE}'. {MEANT}", USAGE)
