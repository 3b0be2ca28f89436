"""`mark`: a peer's word about an entry, {1: ref, 2: word, 3: reason, 4: X25519 key}.

A ref is the 32-byte link of an entry. Words: 0 no, 1 yes, 2 say, 3 object, 4 leave, 5 take,
6 done, 7 drop; those up to 255 are of later versions. Keys that are not known are passed over.
"""

from collections import namedtuple

from mesh.core.codec.utf8 import octets
from mesh.core.errors import RemoteError
from mesh.core.kit import nothing
from mesh.core.ranges import is_count
from mesh.core.relations.terms import is_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "mark"
LONGEST_TEXT = 160  # bytes of a reason
NO, YES, SAY, OBJECT, LEAVE = 0, 1, 2, 3, 4
WORDS = ("no", "yes", "say", "object", "leave", "take", "done", "drop")
MOST_WORD = 255

Mark = namedtuple("Mark", ("ref", "word", "reason", "key"))


def check(body: "Any") -> Mark:  # noqa: ANN401 - from outside
    """Validate a body. RemoteError says which field is wrong."""
    if not isinstance(body, dict):
        raise RemoteError("a mark is a map")
    ref, word, reason, key = body.get(1), body.get(2), body.get(3, ""), body.get(4)
    if not is_id(ref):
        raise RemoteError("mark: 1 is no ref of 32 bytes")
    if not is_count(word, MOST_WORD + 1):
        raise RemoteError("mark: 2 is no word of 0 to 255")
    if 3 in body and not is_text(reason):
        raise RemoteError("mark: 3 is no reason of 1 to 160 bytes")
    if word in (SAY, OBJECT) and not reason:
        raise RemoteError("mark: who says or objects gives a text")
    if 4 in body and not is_id(key):
        raise RemoteError("mark: 4 is no key of 32 bytes")
    return Mark(ref, word, reason, key)


def make(ref: bytes, word: int, reason: str = "") -> "dict[int, object]":
    """The body of a mark."""
    body: dict[int, object] = {1: ref, 2: word}
    if reason:
        body[3] = reason
    return body


def is_text(value: object) -> bool:
    """Whether a value is a text of 1 to 160 bytes."""
    return isinstance(value, str) and 0 < len(octets(value)) <= LONGEST_TEXT


wants = accept = nothing  # who computes with marks takes them out of what it keeps
