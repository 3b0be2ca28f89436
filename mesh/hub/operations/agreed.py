"""What agreements change at a peer, as it tells at /peer, in plain words."""

from collections.abc import Callable, Iterator
from typing import Any

from mesh.core import peer_id as ids
from mesh.core.errors import RemoteError
from mesh.core.relations import terms
from mesh.core.relations.terms import is_id
from mesh.hub.operations import answers, term_words

Row = dict[str, Any]
MOST = 32  # that are shown, whatever a peer tells


def rows(about: object, label: Callable[[bytes], str]) -> list[Row]:
    """A row for each term of an agreement that acts at a peer: "ref", "term", "words"; and while
    somebody has set an actuator by it "by", "value" and for how long it stays, "left_s". `about`:
    /peer as decoded; what is malformed there is left out.
    """
    told = about if isinstance(about, dict) else {}
    uptime = told.get("uptime")
    now_s = uptime if isinstance(uptime, int) else 0
    found = []
    for ref, term, loan in _checked(told.get("agreed")):
        row = {
            "ref": ids.to_text(ref),
            "term": answers.plain(term),
            "words": term_words.words(term, label),
        }
        if loan is not None:
            by, value, until_s = loan
            left_s = max(0, until_s - now_s)
            row |= {"by": label(by), "value": answers.plain(value), "left_s": left_s}
        found.append(row)
    return found


def _checked(told: object) -> Iterator[tuple[bytes, list[Any], list[Any] | None]]:
    for one in told[:MOST] if isinstance(told, list) else ():
        if not isinstance(one, list) or len(one) < 3 or not is_id(one[0]):  # noqa: PLR2004
            continue
        try:
            (term,) = terms.check([one[1]])
        except RemoteError:
            continue
        loan = one[2]
        good = isinstance(loan, list) and len(loan) == 3 and is_id(loan[0])  # noqa: PLR2004
        yield one[0], term, loan if good and isinstance(loan[2], int) else None
