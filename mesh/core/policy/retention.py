"""Which feeds a peer keeps: those that it follows, and those of the setting `keep`."""

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Wishes(Protocol):
        """The fields of a Profile that are used here."""

        introduced_by: bytes | None
        follow: list[bytes | str]
        keep: list["Keep"]
        relations: list[bytes]
        peers: list[tuple[bytes | None, tuple[str, int]]]

    class Met(Protocol):
        """The fields of a contact that are used here."""

        address: tuple[str, int] | None
        how: str


# who: ids, or None for all. For the store: kinds of entries, None: all; days and bytes, 0: no
# limit
Keep = namedtuple("Keep", ("who", "kinds", "days", "bytes"))


class Interest:
    """Which feeds the settings ask for. contact(id): the known peer with that id, or None."""

    def __init__(self, profile: "Wishes", contact: "Callable[[bytes], Met | None]") -> None:
        self._contact = contact
        self.followed = [who for who in profile.follow if isinstance(who, bytes)]
        kept = [who for rule in profile.keep if rule.who for who in rule.who]
        self._kept = kept + profile.relations
        self._profile = profile
        # whether the feeds of all are kept
        self.keeps = None in [rule.who for rule in profile.keep]
        self.any = bool(profile.follow or profile.keep or profile.relations)

    def wants(self, author: bytes) -> int:
        """The retention priority of a feed: 3 followed, 2 of a known peer, 1 of anybody else, 0
        not kept.
        """
        if author in self.followed:
            return 3
        contact = self._contact(author)
        keeps = self.keeps or author in self._kept
        is_peer = contact is not None and contact.address is not None
        if is_peer and (keeps or "*" in self._profile.follow):
            return 2
        return int(keeps)

    def follows(self, author: bytes) -> bool:
        """Whether the readings of an author are used here, and not only kept for others."""
        return author in self.followed or "*" in self._profile.follow

    def vouched(self, peer: bytes) -> bool:
        """Whether a person chose this peer, so that its vote on the time counts."""
        profile, contact = self._profile, self._contact(peer)
        return (
            peer == profile.introduced_by
            or peer in self.followed
            or peer in self._kept
            or peer in [who for who, _ in profile.peers]
            or (contact is not None and contact.how == "given")
        )

    def needs(self, peer: bytes) -> bool:
        """Whether a link to this very peer is needed."""
        return peer in self.followed or (not self.keeps and self.wants(peer) > 0)
