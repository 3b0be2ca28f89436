"""Terms of agreements and promises in plain words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mesh.core.relations.terms import EVERY
from mesh.hub.show import units
from mesh.hub.show.words import named

Term = Sequence[Any]
Label = Callable[[bytes], str]
MOST_NAMES = 8  # of a list that are shown


def words(term: Term, label: Label) -> str:
    """A term, checked, as people say it. `label` gives the name of a peer."""
    name = str(term[0])
    return SAID[name](term, label) if name in SAID else f"{named(name)} (not understood here)"


def listed(names: Sequence[str]) -> str:
    """Some names: the first ones, and how many more."""
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def value(what: object) -> str:
    """A number with the digits that a float of 32 bits has, a bool, or a text."""
    if isinstance(what, bool | None):
        return units.word(what)
    if isinstance(what, float):
        return f"{what:.7g}"
    return str(what) if isinstance(what, int) else named(str(what))


def _every(term: Term, _: Label) -> str:
    slack = f" (or {term[3]} % later)" if term[3] else ""
    return f"a reading of {named(term[1])} at least every {_span(term[2])}{slack}"


def _keep(term: Term, label: Label) -> str:
    return f"to keep what {label(term[1])} says for {term[2]} {'day' if term[2] == 1 else 'days'}"


def _act(term: Term, _: Label) -> str:
    actuator, low, high = named(term[1]), value(term[2]), value(term[3])
    bounds = f"to {low}" if term[2] == term[3] else f"from {low} to {high}"
    return f"to let {actuator} be set {bounds}, for at most {_span(term[4])} a time"


def _answer(term: Term, _: Label) -> str:
    return f"an answer within {_span(term[1])}"


def _when(term: Term, label: Label) -> str:
    peer, sensor, side, bound, actuator, wish, other = term[1:8]
    whose = f"the {named(sensor)} of {label(peer)}" if peer else f"one's own {named(sensor)}"
    otherwise = "" if other is None else f", else {value(other)}"
    rule = f"when {whose} is {side} {value(bound)}"
    return f"{rule}, set {named(actuator)} to {value(wish)}{otherwise}"


def _span(seconds: int) -> str:
    return units.quantity(seconds, "s")


SAID: Mapping[str, Callable[[Term, Label], str]] = {
    EVERY: _every,
    "keep": _keep,
    "act": _act,
    "answer": _answer,
    "when": _when,
}
