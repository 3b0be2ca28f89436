"""`pact`: an agreement between peers, or a peer's own promise. A map with integer keys:

{1: in, 2: after, 3: add [ids], 4: drop [seats], 5: need, 6: text, 7: terms, 8: [wait s, end s],
9: SHA-256 of the resulting state, 10: with [ids], 11: voids [refs], 12: toward, 13: private}

`in` is the version of a circle by whose rule it is judged, `after` the agreement that it
replaces. What is null, false or not there is none. Keys that are not known are passed over.
"""

from collections import namedtuple

from mesh.core.errors import RemoteError
from mesh.core.kit import nothing
from mesh.core.ranges import is_count
from mesh.core.relations import terms as terms_of
from mesh.core.relations.mark import is_text
from mesh.core.relations.terms import LONGEST_S, is_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "pact"
MEMBERS = 32  # most of a circle
MOST_VOIDS = 8
# how one is judged: by nobody, as it founds a circle or is one's own promise; by all who are
# named; by the rule of a circle, and then whether it changes members or rule
FOUNDING, PROMISE, WITH, RULE, SIDE = 0, 1, 2, 3, 4
KEYS = {
    "within": 1,
    "after": 2,
    "add": 3,
    "drop": 4,
    "need": 5,
    "text": 6,
    "terms": 7,
    "span": 8,
    "state": 9,
    "parties": 10,
    "voids": 11,
    "toward": 12,
    "private": 13,
}

Pact = namedtuple(
    "Pact",
    (
        "judged",
        "within",
        "after",
        "add",
        "drop",
        "need",
        "text",
        "terms",
        "wait_s",
        "end_s",
        "state",
        "parties",
        "voids",
        "toward",
        "private",
    ),
)


def make(**fields: object) -> "dict[int, object]":
    """The body of a pact with these fields of KEYS; None, and what is empty, is left out."""
    return {
        KEYS[name]: value
        for name, value in fields.items()
        # nothing is compared: MicroPython warns where bytes and text are
        if value is not False and (value or isinstance(value, int))
    }


def check(body: "Any") -> Pact:  # noqa: ANN401 - from outside
    """Validate a body. RemoteError says which field is wrong, or what does not go together."""
    if not isinstance(body, dict):
        raise RemoteError("a pact is a map")
    refs = [_one(body, key, is_id, "ref of 32 bytes") for key in (1, 2, 9, 12)]
    need = _one(body, 5, _is_need, "number of 1 to 32")
    text = _one(body, 6, is_text, "text of 1 to 160 bytes") or ""
    private = _one(body, 13, lambda value: isinstance(value, bool), "true or false") or False
    add = _several(body, 3, MEMBERS, is_id, "peer ids")
    drop = _several(body, 4, MEMBERS, lambda value: is_count(value, MEMBERS), "seats")
    if drop != sorted(drop):
        raise RemoteError("pact: 4 is not in ascending order")
    parties = _several(body, 10, MEMBERS, is_id, "peer ids")
    voids = _several(body, 11, MOST_VOIDS, is_id, "refs")
    terms = terms_of.check(body[7]) if body.get(7) is not None else []
    wait_s, end_s = _span(body.get(8))
    within, after, state, toward = refs
    rest = (add, drop, need, text, terms, wait_s, end_s, state, parties, voids, toward, private)
    judged = _judged(Pact(0, within, after, *rest))
    return Pact(judged, within, after, *rest)


def _judged(pact: Pact) -> int:
    """How a pact is judged. RemoteError if its fields do not go together."""
    changes = pact.add or pact.drop or pact.need is not None or pact.state is not None
    if pact.within is not None:
        judged, why = _in_circle(pact, bool(changes))
    elif pact.parties:
        judged, why = WITH, "members and rule are those of a circle" if changes else ""
    elif changes:
        judged = FOUNDING
        alone = not (pact.add or pact.drop or pact.after or pact.state)
        why = "" if alone and pact.need == 1 else "a circle is founded by one, whose yes is enough"
    else:
        judged, why = PROMISE, "" if pact.terms else "a promise has terms"
    if not (pact.text or pact.terms or judged == RULE):
        why = why or "it says nothing"
    if pact.voids and judged != RULE:
        why = why or "only a change of members or rule voids others"
    if why:
        raise RemoteError("pact: " + why)
    return judged


def _in_circle(pact: Pact, changes: bool) -> "tuple[int, str]":
    """How a pact in a circle is judged, and what does not go together, or ""."""
    if pact.parties:
        return SIDE, "what is in a circle names no parties"
    if not changes:
        replaces = pact.after == pact.within
        return SIDE, "what takes the place of a circle's version gives 5 and 9" if replaces else ""
    whole = pact.need is not None and pact.state is not None and pact.after == pact.within
    return RULE, "" if whole else "who changes members or rule gives 2 as 1, and 5 and 9"


def _one(body: "Any", key: int, good: "Any", what: str) -> "Any":  # noqa: ANN401
    value = body.get(key)
    if value is not None and not good(value):
        raise RemoteError(f"pact: {key} is no {what}")
    return value


def _several(body: "Any", key: int, most: int, good: "Any", what: str) -> "list[Any]":  # noqa: ANN401
    """A list without repetition, empty if it is not there."""
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise RemoteError(f"pact: {key} is no list of 1 to {most} {what}")
    if False in [good(one) for one in value] or len(set(value)) < len(value):
        raise RemoteError(f"pact: {key} is no list of different {what}")
    return value


def _is_need(value: object) -> bool:
    return is_count(value, MEMBERS + 1) and value != 0


def _span(value: "Any") -> "tuple[int, int | None]":  # noqa: ANN401 - from outside
    """How long a silent member waits, and after how long all ends, in seconds. None: it stays."""
    if value is None:
        return 0, None
    good = isinstance(value, list) and 0 < len(value) < 3
    if not good or False in [is_count(one, LONGEST_S + 1) for one in value]:
        raise RemoteError("pact: 8 is no [wait s, end s]")
    end = value[1] if len(value) > 1 else None
    if end == 0:
        raise RemoteError("pact: 8 ends before it begins")
    return value[0], end


wants = accept = nothing  # who computes with pacts takes them out of what it keeps
