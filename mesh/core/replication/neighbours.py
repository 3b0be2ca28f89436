"""Chooses which peers this one observes: all while they are few, else a random few
(ARCHITECTURE.md).

A random graph in which everybody chooses k others, and is chosen back, is connected almost surely
from k = 2 on (Fenner and Frieze 1982). It has few links, and nobody can foresee them. A link lasts
until its peer is lost. Now and then one is exchanged, and some link to a peer that comes back, so
that partitions heal.
"""

from mesh.core.discovery.contact import UP
from mesh.core.kit import nothing
from mesh.core.replication.peer_link import IDLE_CHECKS, LONGEST_MS, Link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.discovery.contact import Contact
    from mesh.core.discovery.contacts import Contacts
    from mesh.core.feed.feeds import Feeds
    from mesh.core.limits import Limits
    from mesh.core.policy.retention import Interest
    from mesh.core.replication.crowding import LinkLimit
    from mesh.core.replication.peer_link import Replicator
    from mesh.core.replication.round_robin import RoundRobin
    from mesh.core.replication.sampling import RandomLinks


class Links:
    """The table of links by peer. Replicator sets dropped(now_ms, link), called for each removed
    one.
    """

    crowded = False  # more peers are followed than there is room for links

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
        self.waiting: list[Contact] = []  # wanted peers that are up and have no link
        self.table: dict[bytes, Link] = {}
        self._most = limits.outgoing * 5 // 8  # leaves room for other requests
        self._mix_ms = 0
        self._mixing: RandomLinks | None = None  # created when links are first chosen at random
        self._crowding: LinkLimit | None = None  # created when first needed
        self._rounds: RoundRobin | None = None  # created when first a peer has no link
        # peers that lied: (length of the last pause, until when)
        self._shunned: dict[bytes, tuple[int, int]] = {}
        self.came: list[bytes] = []  # peers found since the last choose()
        self._salt = self.number(65_536)

    def number(self, most: int) -> int:
        """A random number from 0 to most - 1."""
        return int.from_bytes(self._random(4), "big") % most

    def live(self) -> "list[Link]":
        """Links in use, ordered by peer."""
        return [self.table[p] for p in sorted(self.table) if not self.table[p].ended]

    def choose(self, now_ms: int) -> None:
        """Drop links to peers that are gone, and add those that are needed."""
        up = [c for c in self.contacts.proven() if c.state == UP]
        self._drop_gone(now_ms, up)
        up = [c for c in up if not self.shuns(now_ms, c.peer)]
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
        """If more peers are followed than there is room for links: link to some that keep all
        feeds, and name to them those that we lack, as they announce each feed only once.
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
                from mesh.core.replication.crowding import LinkLimit  # noqa: PLC0415 - heap only where used

                self._crowding = LinkLimit(self, self._limits.links, self._most)
            self._crowding.choose(now_ms, mine, up)

    def _at_random(self) -> "RandomLinks":
        if self._mixing is None:
            from mesh.core.replication.sampling import RandomLinks  # noqa: PLC0415 - heap only where it is used

            self._mixing = RandomLinks(self, self._limits, self.keeps)
        return self._mixing

    def turn(self, now_ms: int, replicating: "Replicator", feeds: "Feeds") -> None:
        """Poll the next peer without a link."""
        if self.waiting:
            if self._rounds is None:
                from mesh.core.replication.round_robin import RoundRobin  # noqa: PLC0415 - heap only where it is used

                self._rounds = RoundRobin(replicating, feeds, self._limits)
            self._rounds.tick(now_ms, self.waiting)

    def _is_due(self, contact: "Contact", keepers: int) -> bool:
        """Whether a link to a peer is needed: it is followed, or only itself has its feed."""
        if self._needs(contact.peer):
            return True
        if not self.keeps or contact.keeps:
            return False
        # many keepers share this: each links to some of the peers that keep no feeds of others
        lot = int.from_bytes(contact.peer[8:10], "big") ^ self._salt
        few = lot * keepers < self._limits.links * 2 * 65_536
        return few or contact.peer in self.table or not self._next_seq(contact.peer)

    def names(self, contact: "Contact") -> bool:
        """Whether a peer's feed is requested by name of those that keep all feeds, even before
        they announce it: when crowded, that peer may have no link of its own.
        """
        return contact.pinned or (self.crowded and contact.address is not None)

    def _lacks(self, up: "list[Contact]") -> bool:
        """Whether a pinned peer is not up, so that others may have newer entries of it."""
        here = [c.peer for c in up]
        return False in [c.peer in here for c in self.contacts.listed() if c.pinned]

    def add(self, contact: "Contact", *, at_random: bool) -> bool:
        """Add a link to a peer, if there is room and none yet. Whether it was added."""
        if contact.peer in self.table or len(self.table) >= self._most:
            return False
        self.table[contact.peer] = Link(contact, at_random)
        self.contacts.link(contact, True)
        return True

    def _drop_gone(self, now_ms: int, up: "list[Contact]") -> None:
        # a peer that lied has no link until its pause is over
        here = {c.peer: (c.address, c.boots) for c in up if not self.shuns(now_ms, c.peer)}
        for peer in sorted(self.table):
            link = self.table[peer]
            if here.get(peer) != link.where or (link.ended and now_ms >= link.until_ms):
                self.drop(now_ms, peer)

    def elsewhere(self, peer: bytes) -> bool:
        """Whether a peer answered last at another address than that of its link. Then it has to be
        observed there at once: of two peers with one key each has to be heard, in turn, for
        either to notice.
        """
        link, contact = self.table.get(peer), self.contacts.get(peer)
        return link is not None and contact is not None and link.where[0] != contact.address

    def drop(self, now_ms: int, peer: bytes) -> None:
        """Remove a link."""
        link = self.table.pop(peer, None)
        if link is not None:
            contact = self.contacts.get(peer)
            if contact is not None:
                self.contacts.link(contact, False)
            self.dropped(now_ms, link)

    def shuns(self, now_ms: int, peer: bytes) -> bool:
        """Whether a peer is not linked to for now, as it lied."""
        return peer in self._shunned and now_ms < self._shunned[peer][1]

    def shun(self, now_ms: int, link: Link) -> None:
        """Do not link to a peer that lied, each time for twice as long, unless it behaved well for
        LONGEST_MS since.

        Peers that are forgotten are removed here too: they could come back under any key.
        """
        known, shunned = self.contacts.table, self._shunned
        self._shunned = {peer: shunned[peer] for peer in shunned if peer in known}
        pause_ms, until_ms = self._shunned.get(link.peer, (0, 0))
        if now_ms > until_ms + LONGEST_MS or not pause_ms:
            pause_ms = self._limits.check_ms * IDLE_CHECKS // 2
        pause_ms = min(pause_ms * 2, LONGEST_MS)
        self._shunned[link.peer] = pause_ms, now_ms + pause_ms
        self.end(now_ms, link, pause_ms)

    def end(self, now_ms: int, link: Link, pause_ms: int) -> None:
        """Mark a link as ended, not to be used for `pause_ms`."""
        link.ended = True
        link.number = -1
        link.until_ms = now_ms + pause_ms
