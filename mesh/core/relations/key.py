"""`key`: what a peer says of its keys, so that it can go on under another one. A map:

{1: SHA-256 of its next public key, 2: guardians [ids], 3: how many of them are needed,
4: X25519 key, 5: same [ids], 6: [old id, seq, link]}

1 to 3 are its commitment, repeated unchanged now and then; 5: the ids of other feeds of the same
peer; 6, in the first entry of a feed: whose feed goes on here, and where that one ends. What is
null or not there is none. Keys that are not known are passed over.
"""

from collections import namedtuple

from mesh.core.errors import RemoteError
from mesh.core.kit import nothing
from mesh.core.ranges import is_count
from mesh.core.relations.terms import is_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "key"
GUARDIANS = 8  # most of one peer: with all else they fit an entry
SAME = 8
MOST_SEQ = 1 << 53
OLD = 3  # items of 6

# `commitment`: (next, guardians in ascending order, need), or None; `old`: (id, seq, link)
Key = namedtuple("Key", ("commitment", "box", "same", "old"))


def check(body: "Any") -> Key:  # noqa: ANN401 - from outside
    """Validate a body. RemoteError says which field is wrong."""
    if not isinstance(body, dict):
        raise RemoteError("a key is a map")
    following, box = body.get(1), body.get(4)
    for number, value in ((1, following), (4, box)):
        if value is not None and not is_id(value):
            raise RemoteError(f"key: {number} is not 32 bytes")
    guardians, same = _ids(body, 2, GUARDIANS), _ids(body, 5, SAME)
    need = body.get(3)
    if guardians and (not is_count(need, len(guardians) + 1) or need == 0):
        raise RemoteError("key: 3 is no number of 1 to all of its guardians")
    if not guardians and need is not None:
        raise RemoteError("key: 3 is of guardians, and there are none")
    old = _old(body.get(6))
    if following is None and not guardians:
        commitment = None
        if box is None and old is None and not same:
            raise RemoteError("key: it says nothing")
    else:
        commitment = following, tuple(guardians), need or 0
    return Key(commitment, box, same, old)


def make(
    following: "bytes | None" = None,
    guardians: "list[bytes] | None" = None,
    need: int = 0,
    old: "tuple[bytes, int, bytes] | None" = None,
    same: "list[bytes] | None" = None,
) -> "dict[int, object]":
    """The body of an entry; what is not given is left out. `following`: SHA-256 of the next
    public key.
    """
    body: dict[int, object] = {}
    if following is not None:
        body[1] = following
    if guardians:
        body[2], body[3] = sorted(guardians), need
    if same:
        body[5] = sorted(same)
    if old is not None:
        body[6] = list(old)
    return body


def _ids(body: "Any", key: int, most: int) -> "list[bytes]":  # noqa: ANN401
    """Different ids, in ascending order; empty if it is not there."""
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise RemoteError(f"key: {key} is no list of 1 to {most} peer ids")
    if False in [is_id(one) for one in value] or len(set(value)) < len(value):
        raise RemoteError(f"key: {key} is no list of different peer ids")
    return sorted(value)


def _old(value: "Any") -> "tuple[bytes, int, bytes] | None":  # noqa: ANN401
    if value is None:
        return None
    if not isinstance(value, list) or len(value) < OLD:
        raise RemoteError("key: 6 is no [id, seq, link]")
    old, seq, link = value[:OLD]
    if not (is_id(old) and is_id(link) and is_count(seq, MOST_SEQ) and seq != 0):
        raise RemoteError("key: 6 is no [id, seq, link]")
    return old, seq, link


wants = accept = nothing  # who computes with keys takes them out of what it keeps
