"""What a peer says to an agreement by itself, as its holder wrote down in the setting `consent`.

No state is kept here: a pact and the rows of that setting give an answer, each time the same.
"""

from collections import namedtuple

from mesh.core.policy.consent_rows import (
    ACT,
    AFTER,
    AT_ONCE,
    HOLDER,
    MEMBERS,
    NEVER,
    TEXT,
    allowing,
    trusts,
)
from mesh.core.relations import pact as pacts
from mesh.core.relations.mark import NO, YES
from mesh.core.relations.pact import RULE, WITH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Any

    from mesh.core.policy.consent_rows import Row
    from mesh.core.relations.pact import Pact

ALONE = "only its holder can agree to this"

# word: YES, NO, or None for no word by itself; after_s: how long to wait for objections before;
# counter: the terms and the end in seconds of what to offer instead, or None
Decision = namedtuple("Decision", ("word", "reason", "after_s", "counter"))


def decide(  # noqa: PLR0913, PLR0917 - all that an answer depends on
    rows: "list[Row]",
    me: bytes,
    author: bytes,
    members: "list[bytes]",
    pact: "Pact",
    actuators: "Container[str]",
    alone: bool,
) -> Decision:
    """What `me` says to a pact of another peer by itself. Each part of it needs a row that trusts
    its author (for `act`, all others whom it is between); the weakest answer counts.

    members: whom it is between. actuators: those of this peer, by name. `alone`: whether nobody
    is there who could answer instead, as at a board: then a request always gets an answer, not
    only if something else can be offered.
    """
    others = [peer for peer in members if peer != me]
    answer, after_s = AT_ONCE, pact.wait_s
    for part in _parts(pact):
        row = allowing(rows, others if part[0] == ACT else [author], part, pact.end_s)
        given = HOLDER if row is None else row.answer
        answer = min(answer, given)
        if row is not None:
            after_s = max(after_s, row.after_s)
    if answer == NEVER:
        return Decision(NO, "its holder does not let it agree to this", 0, None)
    if answer != HOLDER:
        return Decision(YES, "", after_s if answer == AFTER else 0, None)
    if pact.judged == WITH and pact.parties == [me]:
        refused = _refused(rows, author, pact, actuators)
        if alone or refused.counter is not None:
            return refused
    return Decision(None, "", 0, None)


def _parts(pact: "Pact") -> "list[list[Any]]":
    """What of a pact needs a row: its terms, that it changes members or rule, or, if it has
    nothing else, its text.
    """
    found: list[Any] = [[MEMBERS]] if pact.judged == RULE else []
    return found + pact.terms or [[TEXT]]


def _refused(
    rows: "list[Row]", author: bytes, pact: "Pact", actuators: "Container[str]"
) -> Decision:
    """A no to a request, with its reason, and what to offer instead if a row has bounds for it."""
    term = pact.terms[0] if len(pact.terms) == 1 else [""]
    if term[0] != ACT:
        return Decision(NO, ALONE, 0, None)
    name = term[1]
    if name not in actuators:
        return Decision(NO, "there is no such actuator", 0, None)
    for row in rows:
        if row.term == ACT and row.on in (None, name) and trusts(row, [author]):
            if row.answer not in (AFTER, AT_ONCE):
                return Decision(NO, ALONE, 0, None)
            low, high = [min(max(value, row.low), row.high) for value in term[2:4]]
            seconds = min(term[4], row.seconds)
            reason = f"only {row.low} to {row.high}, for {row.seconds} s at most"
            counter = [[ACT, name, low, high, seconds]], min(pact.end_s or seconds, seconds)
            return Decision(NO, reason, 0, counter)
    return Decision(NO, "its holder lets others set this", 0, None)


def offer(author: bytes, request: bytes, counter: "tuple[list[Any], int]") -> "dict[int, object]":
    """The body of a pact that offers something else to who asked, toward the ref of its
    request.
    """
    terms, end_s = counter
    return pacts.make(terms=terms, span=[0, end_s], parties=[author], toward=request)
