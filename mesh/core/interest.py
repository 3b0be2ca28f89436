"""Whose feeds a peer keeps: those that it follows, and those of the setting `keep`."""

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mesh.core.contacts import Contact
    from mesh.core.settings import Profile

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


class Interest:
    """What these settings want of whom. contact(id): what is known of a peer, or None."""

    def __init__(self, profile: "Profile", contact: "Callable[[bytes], Contact | None]") -> None:
        self._contact, self._profile = contact, profile
        self.followed = [who for who in profile.follow if isinstance(who, bytes)]
        self._kept = [who for rule in profile.keep if rule.who for who in rule.who]
        self._profile = profile
        self.keeps = None in [rule.who for rule in profile.keep]  # the feeds of all
        self.any = bool(profile.follow or profile.keep)

    def wants(self, author: bytes) -> int:
        """Whether to keep a feed, and how dear it is: followed, of a peer, of anybody."""
        if author in self.followed:
            return 3
        contact = self._contact(author)
        keeps = self.keeps or author in self._kept
        is_peer = contact is not None and contact.address is not None
        if is_peer and (keeps or "*" in self._profile.follow):
            return 2
        return int(keeps)

    def follows(self, author: bytes) -> bool:
        """Whether the readings of an author are of interest here, and not only kept."""
        return author in self.followed or "*" in self._profile.follow

    def vouched(self, peer: bytes) -> bool:
        """Whether somebody here chose that very peer: its word on the time counts."""
        profile, contact = self._profile, self._contact(peer)
        return (
            peer == profile.introduced_by
            or peer in self.followed
            or peer in self._kept
            or peer in [who for who, _ in profile.peers]
            or (contact is not None and contact.how == "given")
        )

    def needs(self, peer: bytes) -> bool:
        """Whether a link to that very peer is needed."""
        return peer in self.followed or (not self.keeps and self.wants(peer) > 0)
