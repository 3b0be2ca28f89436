"""Terms: what a peer promises of its own behaviour, as lists that begin with a name.

["every", sensor, seconds, slack in percent], ["keep", peer id, days],
["act", actuator, low, high, seconds], ["answer", seconds], ["when", peer id, sensor,
"above" or "below", number, actuator, value, else]. Terms of other names are kept and passed on;
who does not know one cannot promise it.
"""

from mesh.core.codec.utf8 import octets
from mesh.core.errors import RemoteError
from mesh.core.ranges import is_count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST = 4  # in one agreement
LONGEST_NAME = 64  # bytes
LONGEST_S = 31_622_400  # a year
LONGEST_DAYS = 36_525
MOST_SLACK = 1000  # percent
LONGEST_VALUE = 64  # characters of a text to which an actuator is set
EVERY = "every"
ABOVE, BELOW = "above", "below"


def check(terms: "Any") -> "list[list[Any]]":  # noqa: ANN401 - from outside
    """Validate terms. RemoteError says which one is wrong, and how."""
    if not isinstance(terms, list) or not 0 < len(terms) <= MOST:
        raise RemoteError(f"terms are a list of 1 to {MOST}")
    for term in terms:
        if not isinstance(term, list) or not term or not is_name(term[0]):
            raise RemoteError("a term is a list that begins with its name")
        why = _fault(term)
        if why:
            raise RemoteError(f"term '{term[0]}': {why}")
    return terms


def is_name(value: object) -> bool:
    """Whether a value is a text of 1 to 64 bytes."""
    return isinstance(value, str) and 0 < len(octets(value)) <= LONGEST_NAME


def _fault(term: "list[Any]") -> str:
    """What is wrong with a term of a known name; "" if nothing is. Further items are passed over,
    as a later version may have added them.
    """
    if term[0] not in KNOWN:
        return ""
    items, good, form = KNOWN[term[0]]
    return "" if len(term) >= items and good(term) else "it is " + form


def is_id(value: object) -> bool:
    """Whether a value has the form of a peer id or a ref, which are 32 bytes."""
    return isinstance(value, bytes) and len(value) == 32


def _is_span(value: object, most: int) -> bool:
    return is_count(value, most + 1) and value != 0


def _is_number(value: object) -> bool:
    return type(value) is int or isinstance(value, float)


def _is_every(term: "list[Any]") -> bool:
    return is_name(term[1]) and _is_span(term[2], LONGEST_S) and is_count(term[3], MOST_SLACK + 1)


def _is_keep(term: "list[Any]") -> bool:
    return is_id(term[1]) and _is_span(term[2], LONGEST_DAYS)


def _is_act(term: "list[Any]") -> bool:
    low, high = term[2], term[3]
    numbers = is_name(term[1]) and _is_number(low) and _is_number(high)
    return numbers and low <= high and _is_span(term[4], LONGEST_S)


def _is_value(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_VALUE
    return isinstance(value, bool) or _is_number(value)


def _is_when(term: "list[Any]") -> bool:
    peer, sensor, side, number, actuator, value, other = term[1:8]
    names = (peer is None or is_id(peer)) and is_name(sensor) and is_name(actuator)
    bound = side in (ABOVE, BELOW) and _is_number(number)
    return names and bound and _is_value(value) and (other is None or _is_value(other))


def _is_answer(term: "list[Any]") -> bool:
    return _is_span(term[1], LONGEST_S)


# name: how many items, whether they are right, and what they are
KNOWN = {
    EVERY: (4, _is_every, "[name, sensor, seconds, percent]"),
    "keep": (3, _is_keep, "[name, peer id, days]"),
    "act": (5, _is_act, "[name, actuator, low, high, seconds]"),
    "answer": (2, _is_answer, "[name, seconds]"),
    "when": (
        8,
        _is_when,
        "[name, peer id or null, sensor, above or below, number, actuator, value, else or null]",
    ),
}
