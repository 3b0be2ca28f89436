"""Whose feeds a peer keeps besides those that it follows: the setting `keep`."""

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# who: ids, or None for all; the rest is for the store: kinds of entries, or None; 0: no limit
Keep = namedtuple("Keep", ("who", "kinds", "days", "bytes"))

SCHEMA = [
    {
        "who": (object, ""),
        "kinds": [(str, "a text", 1, 32)],
        "days": (int, "a whole number", 1, 36_500),
        "bytes": (int, "a whole number", 1, 1 << 40),
    }
]


def read(
    rules: "list[Any] | None", kind: str, ids: "Callable[[Any, str], list[bytes]]"
) -> list[Keep]:
    """The rules of a checked setting. ids(value, path) reads a list of peers.

    If there are none, a desktop keeps what all write, and a board the end of what it follows.
    """
    if rules is None:
        return [] if kind == "board" else [Keep(None, None, 0, 0)]
    found = []
    for i, rule in enumerate(rules):
        who = rule.get("who", "*")
        who = None if who == "*" else ids(who, f"keep[{i}].who")
        found.append(Keep(who, rule.get("kinds"), rule.get("days", 0), rule.get("bytes", 0)))
    return found
