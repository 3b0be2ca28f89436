"""Entries in words, by kind. Bodies of other kinds are shown as JSON. What is said of agreements,
and of keys, is told by who can look it up (mesh/hub/operations/wording.py).
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from mesh.core.full.witnessing import KINDS
from mesh.core.kinds.accepting import PRIVATE
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


# kind -> function that gives the words for a body, or None if it is malformed
WORDS: Mapping[str, Callable[[Any], str | None]] = {
    "reading": _records,
}
