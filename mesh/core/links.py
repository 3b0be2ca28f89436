"""Which peers this one observes: all while they are few, else a few at random (ARCHITECTURE.md).

A random graph in which everybody chooses k others and is chosen back is connected, almost surely,
from k = 2 on (Fenner and Frieze 1982); its links are few, and nobody can foresee them. A link goes
on until its peer is lost; now and then one is exchanged, and who comes back is linked to by some,
so that parts which were cut off from each other grow together again.
"""

from mesh.core.contacts import UP
from mesh.core.primitives import nothing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.contacts import Contact, Contacts
    from mesh.core.crowding import Crowding
    from mesh.core.feeds import Feeds
    from mesh.core.interest import Interest
    from mesh.core.limits import Limits
    from mesh.core.mixing import Mixing
    from mesh.core.replicating import Replicating
    from mesh.core.rounds import Rounds

IDLE_CHECKS = 3  # an observation that was silent for so many check intervals is asked for anew
# of what is asked of a link
NAMED = 64  # authors named to a board, or asked for at once: they fit its body
BEFORE = 64  # entries that are asked for before a contradiction, to see where it began
AGAIN_MS = 1000


class Link:
    """One neighbour. Times in ms; `number` is that of the observation, -1 without one."""

    number = -1
    ended = False
    until_ms = 0  # an ended one is left alone until then
    asked_ms = 0  # when it was last registered
    heard_ms = 0
    cursor = 0  # how far it told us what others wrote
    stale = False  # it is to be told anew what we want
    fetching = filling = proving = False  # a question is under way
    lies = 0
    doubts = 0  # notifications that did not hold, of this observation

    def __init__(self, contact: "Contact", at_random: bool) -> None:
        self.peer = contact.peer
        self.where = contact.address, contact.boots
        self.keeps = contact.keeps
        self.is_board = contact.kind == "board"
        self.at_random = at_random
        self.named: set[bytes] = set()  # whose runs it sends at once


class Links:
    """The links by peer. dropped(now_ms, link) is called for each that goes, and set by
    Replicating, which is made of these links.
    """

    crowded = False  # we follow more than we can link to

    def __init__(
        self,
        contacts: "Contacts",
        limits: "Limits",
        random: "Callable[[int], bytes]",
        interest: "Interest",
        feeds: "Feeds",
    ) -> None:
        self.contacts = contacts
        self.listens = contacts.listens
        self._next_seq = feeds.next_seq
        self.dropped: Callable[[int, Link], None] = nothing
        self._limits = limits
        self._random = random
        self.keeps = interest.keeps
        self._needs, self._wants = interest.needs, interest.wants
        self.waiting: list[Contact] = []  # who has no link, and is here
        self.table: dict[bytes, Link] = {}
        self._most = limits.outgoing * 5 // 8  # so that there is room for other questions
        self._mix_ms = 0
        self._mixing: Mixing | None = None  # once some are chosen at random
        self._crowding: Crowding | None = None  # once we are crowded
        self._rounds: Rounds | None = None  # once some have no link
        self.came: list[bytes] = []  # since the last choice
        self._salt = self.number(65_536)

    def number(self, most: int) -> int:
        """A random number below `most`."""
        return int.from_bytes(self._random(4), "big") % most

    def live(self) -> "list[Link]":
        """Links that are in use, ordered by peer."""
        return [self.table[p] for p in sorted(self.table) if not self.table[p].ended]

    def choose(self, now_ms: int) -> None:
        """Let go whoever is gone, and link to whom we should."""
        up = [c for c in self.contacts.proven() if c.state == UP]
        self._drop_gone(now_ms, up)
        up = [c for c in up if c.shun_until_ms <= now_ms]
        keepers = len([1 for c in up if c.keeps])
        came, self.came = self.came, []
        for found in [c for c in up if self.keeps and c.keeps and c.peer in came]:
            self._at_random().met(now_ms, found, keepers)
        mine = [c for c in up if self._is_due(c, keepers)]
        self._crowd(now_ms, mine, up, came)
        for contact in sorted(mine, key=lambda c: (not c.pinned, c.peer)):
            self.add(contact, at_random=False)
        others = [c for c in up if c.keeps and c.peer not in self.table and c not in mine]
        if others and (self.keeps or self._lacks(up)):
            self._at_random().choose(others)
        if now_ms >= self._mix_ms:
            spread = self._limits.check_ms * IDLE_CHECKS
            if self._mix_ms and self.keeps:
                self._at_random().mix(now_ms, others)
            self._mix_ms = now_ms + spread + self.number(spread)
        self.waiting = [c for c in up if c.peer not in self.table and self._wants(c.peer)]

    def _crowd(
        self, now_ms: int, mine: "list[Contact]", up: "list[Contact]", came: "list[bytes]"
    ) -> None:
        """Where there is no room for a link to each whom we follow: some that keep all are told
        whom we lack, as they tell of each feed but once.
        """
        crowded = not self.keeps and len(mine) > self._most
        if crowded != self.crowded or (crowded and 0 in [self._next_seq(p) for p in came]):
            for link in self.live():
                link.stale |= link.keeps
        self.crowded = crowded
        here = self.table
        named = len(here) >= self._most and [c for c in mine if c.pinned and c.peer not in here]
        if crowded or named:
            if self._crowding is None:
                from mesh.core.crowding import Crowding  # noqa: PLC0415 - heap only where used

                self._crowding = Crowding(self, self._limits.links, self._most)
            self._crowding.choose(now_ms, mine, up)

    def _at_random(self) -> "Mixing":
        if self._mixing is None:
            from mesh.core.mixing import Mixing  # noqa: PLC0415 - heap only where it is used

            self._mixing = Mixing(self, self._limits, self.keeps)
        return self._mixing

    def turn(self, now_ms: int, replicating: "Replicating", feeds: "Feeds") -> None:
        """Have one of those who have no link asked itself."""
        if self.waiting:
            if self._rounds is None:
                from mesh.core.rounds import Rounds  # noqa: PLC0415 - heap only where it is used

                self._rounds = Rounds(replicating, feeds, self._limits)
            self._rounds.tick(now_ms, self.waiting)

    def _is_due(self, contact: "Contact", keepers: int) -> bool:
        """Whether a link to that peer is needed: it is followed, or only tells of itself."""
        if self._needs(contact.peer):
            return True
        if not self.keeps or contact.keeps:
            return False
        # of many who keep feeds, each links to some of those who keep none
        lot = int.from_bytes(contact.peer[8:10], "big") ^ self._salt
        few = lot * keepers < self._limits.links * 2 * 65_536
        return few or contact.peer in self.table or not self._next_seq(contact.peer)

    def names(self, contact: "Contact") -> bool:
        """Whether those who keep all are asked for its feed by name, also before they tell of it:
        where we are crowded it may have no link of its own.
        """
        return contact.pinned or (self.crowded and contact.address is not None)

    def _lacks(self, up: "list[Contact]") -> bool:
        """Whether somebody whom we follow is not here, so that others may know more."""
        here = [c.peer for c in up]
        return False in [c.peer in here for c in self.contacts.listed() if c.pinned]

    def add(self, contact: "Contact", *, at_random: bool) -> bool:
        """Link to a peer, if there is room and no link yet."""
        if contact.peer in self.table or len(self.table) >= self._most:
            return False
        self.table[contact.peer] = Link(contact, at_random)
        contact.linked = True
        return True

    def _drop_gone(self, now_ms: int, up: "list[Contact]") -> None:
        # the link of a liar takes no place until it is let in again: its contact remembers that
        here = {c.peer: (c.address, c.boots) for c in up if c.shun_until_ms <= now_ms}
        for peer in sorted(self.table):
            link = self.table[peer]
            if here.get(peer) != link.where or (link.ended and now_ms >= link.until_ms):
                self.drop(now_ms, peer)

    def drop(self, now_ms: int, peer: bytes) -> None:
        """Give up a link."""
        link = self.table.pop(peer, None)
        if link is not None:
            contact = self.contacts.get(peer)
            if contact is not None:
                contact.linked = False
            self.dropped(now_ms, link)

    def end(self, now_ms: int, link: Link, pause_ms: int) -> None:
        """Its observation ended, or it lies: leave it alone for a time."""
        link.ended = True
        link.number = -1
        link.until_ms = now_ms + pause_ms
