"""Entries in words, by kind. Bodies of other kinds are shown as JSON."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from mesh.core.full.witnessing import KINDS
from mesh.core.kinds.accepting import PRIVATE
from mesh.core.relations.mark import WORDS as MARKS
from mesh.hub.show import units

NOT_UNDERSTOOD = "not understood: "
BODY = 400  # characters of a body that are shown


def text(kind: str, body: Any) -> str:  # noqa: ANN401 - whatever an entry holds
    """The body of an entry (plain data) on one line."""
    said = WORDS[kind](body) if kind in WORDS else None
    if said is None:
        said = json.dumps(body, ensure_ascii=False)
        said = said if len(said) <= BODY else said[:BODY] + " ..."
        said = said if kind in KINDS or kind.startswith(PRIVATE) else NOT_UNDERSTOOD + said
    return said


def _records(body: Any) -> str | None:  # noqa: ANN401 - whatever an entry holds
    """The records of a SenML pack in plain data, whose labels are texts; None if it is none."""
    if not isinstance(body, list) or not all(isinstance(one, Mapping) for one in body):
        return None
    return "  ".join(map(_record, body))


def _record(fields: Mapping[str, Any]) -> str:
    value = next((fields[label] for label in ("2", "3", "4") if label in fields), None)
    return f"{fields.get('0', '')} {units.quantity(value, fields.get('1'))}"


def _mark(body: Any) -> str | None:  # noqa: ANN401 - whatever an entry holds
    """A word about an agreement, in plain data: refs are texts there."""
    if not isinstance(body, Mapping) or not isinstance(body.get("1"), str):
        return None
    word = body.get("2")
    if type(word) is not int or not 0 <= word < len(MARKS):
        return None
    reason = f": {body['3']}" if isinstance(body.get("3"), str) else ""
    return f"{MARKS[word]}, of {body['1'][:REF]}{reason}"


def _pact(body: Any) -> str | None:  # noqa: ANN401 - whatever an entry holds
    """An agreement or a promise: its text and its terms."""
    if not isinstance(body, Mapping):
        return None
    terms = body.get("7")
    rows = [term for term in terms if isinstance(term, list)] if isinstance(terms, list) else []
    said = [str(body["6"])] if isinstance(body.get("6"), str) else []
    said += [" ".join(str(item) for item in term) for term in rows]
    what = next((name for key, name in SHAPES if body.get(key) is not None), "promise")
    return f"{what}: {', '.join(said)}" if said else what


SHAPES = (("9", "change of a circle"), ("1", "agreement"), ("10", "agreement"), ("5", "circle"))
REF = 8  # characters that people are shown
# kind -> function that gives the words for a body, or None if it is malformed
WORDS: Mapping[str, Callable[[Any], str | None]] = {
    "reading": _records,
    "mark": _mark,
    "pact": _pact,
}
