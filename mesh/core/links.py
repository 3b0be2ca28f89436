"""Which peers this one observes: all while they are few, else a few at random (ARCHITECTURE.md).

A random graph in which everybody chooses k others and is chosen back is connected, almost surely,
from k = 2 on (Fenner and Frieze 1982); its links are few, and nobody can foresee them. A link goes
on until its peer is lost; now and then one is exchanged, and who comes back is linked to by some,
so that parts which were cut off from each other grow together again.
"""

from mesh.core.contacts import UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mesh.core.contacts import Contact, Contacts
    from mesh.core.limits import Limits

USUAL, MOST = 2, 3  # times limits.links: so many, as others choose us too
IDLE_CHECKS = 3  # an observation that was silent for so many check intervals is asked for anew


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

    def __init__(self, contact: "Contact", at_random: bool) -> None:
        self.peer = contact.peer
        self.where = contact.address, contact.boots
        self.keeps = contact.keeps
        self.is_board = contact.kind == "board"
        self.at_random = at_random
        self.named: set[bytes] = set()  # whose runs it sends at once


class Links:
    """The links by peer. To be set: listens(peer), whether a peer has made us its link;
    unheard(peer), whether nothing is held of what it writes;
    dropped(now_ms, link) is called for each that goes.
    """

    listens: "Callable[[bytes], bool]"
    unheard: "Callable[[bytes], bool]"
    dropped: "Callable[[int, Link], None]"
    crowded = False  # we follow more than we can link to

    def __init__(
        self,
        contacts: "Contacts",
        limits: "Limits",
        random: "Callable[[int], bytes]",
        keeps: bool,
        follows: "Callable[[bytes], bool]",
    ) -> None:
        self._contacts = contacts
        self._limits = limits
        self._random = random
        self._keeps = keeps
        self._follows = follows
        self.table: dict[bytes, Link] = {}
        self._most = limits.outgoing * 5 // 8  # so that there is room for other questions
        self._mix_ms = 0
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
        up = [c for c in self._contacts.proven() if c.state == UP]
        self._drop_gone(now_ms, up)
        keepers = len([1 for c in up if c.keeps])
        came, self.came = self.came, []
        for peer in came:
            found = self._contacts.get(peer)
            if found is not None and found.state == UP:
                self._met(now_ms, found)
        mine = [c for c in up if self._is_due(c, keepers)]
        self._crowd(now_ms, mine, up)
        for contact in mine:
            self._add(contact, at_random=False)
        others = [c for c in up if c.keeps and c.peer not in self.table and c not in mine]
        if self._keeps or self._lacks(up):
            self._choose(others)
        if now_ms >= self._mix_ms:
            spread = self._limits.check_ms * IDLE_CHECKS
            if self._mix_ms and self._keeps:
                self._mix(now_ms, others)
            self._mix_ms = now_ms + spread + self.number(spread)

    def _crowd(self, now_ms: int, mine: "list[Contact]", up: "list[Contact]") -> None:
        """Where there is no room for a link to each whom we follow, some that keep all do it."""
        keepers = [c for c in up if c.keeps and c.peer not in self.table]
        held = [link for link in self.live() if link.keeps]
        crowded = not self._keeps and len(mine) > self._most
        if crowded != self.crowded:
            self.crowded = crowded
            for link in held:
                link.stale = True
        if crowded and keepers and len(held) < self._limits.links:
            if len(self.table) >= self._most:
                others = [p for p in sorted(self.table) if not self.table[p].keeps]
                self.drop(now_ms, others[self.number(len(others))])
            self._add(keepers[self.number(len(keepers))], at_random=False)

    def _met(self, now_ms: int, contact: "Contact") -> None:
        """Somebody is here, anew or again: perhaps only some of us link to who is there."""
        up = [c for c in self._contacts.proven() if c.state == UP and c.keeps]
        if self._keeps and contact.keeps and self.number(len(up) + 1) < self._limits.links:
            if len(self._random_ones()) >= USUAL * self._limits.links:
                self.drop(now_ms, self._spare().peer)
            self._add(contact, at_random=True)

    def _random_ones(self) -> "list[Link]":
        return [link for link in self.live() if link.at_random]

    def _choose(self, others: "list[Contact]") -> None:
        few = self._limits.links
        count = len(self._random_ones())
        here = [c for c in others if self._keeps and self.listens(c.peer)]
        for contact in here:
            if count < MOST * few:
                count += self._add(contact, at_random=True)
        heard_by = len([1 for link in self.live() if self.listens(link.peer)])
        if self._keeps and count >= few and heard_by < few and count < MOST * few:
            few = count + 1  # too few link to us: ask one more to do so
        others = [c for c in others if c.peer not in self.table]
        while others and count < few:
            count += self._add(others.pop(self.number(len(others))), at_random=True)

    def _spare(self) -> Link:
        """One that may go, of those to whom we matter less if there are such."""
        ones = self._random_ones()
        free = [link for link in ones if not self.listens(link.peer)] or ones
        return free[self.number(len(free))]

    def _mix(self, now_ms: int, others: "list[Contact]") -> None:
        """Exchange a link, or let one go if there are more than are needed."""
        fresh = [c for c in others if c.peer not in self.table]
        count = len(self._random_ones())
        if fresh and count >= self._limits.links:
            spare = self._spare()
            self.dropped(now_ms, spare)
            # not linked back to at once, else there would be more and more of them
            self.end(now_ms, spare, self._limits.check_ms * IDLE_CHECKS)
            if count <= USUAL * self._limits.links:
                self._add(fresh[self.number(len(fresh))], at_random=True)

    def _is_due(self, contact: "Contact", keepers: int) -> bool:
        """Whether a link to that peer is needed: it is followed, or only tells of itself."""
        if self._follows(contact.peer):
            return True
        if not self._keeps or contact.keeps:
            return False
        # of many who keep feeds, each links to some of those who keep none
        lot = int.from_bytes(contact.peer[8:10], "big") ^ self._salt
        few = lot * keepers < self._limits.links * 2 * 65_536
        return few or contact.peer in self.table or self.unheard(contact.peer)

    def _lacks(self, up: "list[Contact]") -> bool:
        """Whether somebody whom we follow is not here, so that others may know more."""
        here = [c.peer for c in up]
        return False in [c.peer in here for c in self._contacts.listed() if c.pinned]

    def _add(self, contact: "Contact", *, at_random: bool) -> bool:
        if contact.peer in self.table or len(self.table) >= self._most:
            return False
        self.table[contact.peer] = Link(contact, at_random)
        contact.linked = True
        return True

    def _drop_gone(self, now_ms: int, up: "list[Contact]") -> None:
        here = {c.peer: (c.address, c.boots) for c in up}
        for peer in sorted(self.table):
            link = self.table[peer]
            if here.get(peer) != link.where or (link.ended and now_ms >= link.until_ms):
                self.drop(now_ms, peer)

    def drop(self, now_ms: int, peer: bytes) -> None:
        """Give up a link."""
        link = self.table.pop(peer, None)
        if link is not None:
            contact = self._contacts.get(peer)
            if contact is not None:
                contact.linked = False
            self.dropped(now_ms, link)

    def end(self, now_ms: int, link: Link, pause_ms: int) -> None:
        """Its observation ended, or it lies: leave it alone for a time."""
        link.ended = True
        link.number = -1
        link.until_ms = now_ms + pause_ms
