"""Random sampling of links among peers that keep others' feeds (see neighbours.py)."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.discovery.contact import Contact
    from mesh.core.limits import Limits
    from mesh.core.replication.peer_link import Link, Links

USUAL, MOST = 2, 3  # times limits.links: the usual and the highest number, as others choose us too
REST_CHECKS = 3  # times limits.check_ms: pause before a dropped peer is linked to again


class RandomLinks:
    """Random links, besides those that are needed. `keeps`: whether this peer keeps all feeds."""

    def __init__(self, links: "Links", limits: "Limits", keeps: bool) -> None:
        self._links = links
        self._limits = limits
        self._keeps = keeps

    def met(self, now_ms: int, contact: "Contact", keepers: int) -> None:
        """Consider a peer that has just come up: of all that keep feeds, only a few link to it."""
        links, few = self._links, self._limits.links
        if links.number(keepers + 1) < few:
            if len(self._ones()) >= USUAL * few:
                links.drop(now_ms, self._spare().peer)
            links.add(contact, at_random=True)

    def choose(self, others: "list[Contact]") -> None:
        """Link to peers that link to us, and to further random ones until there are enough."""
        links, few = self._links, self._limits.links
        most = MOST * few
        count = len(self._ones())
        here = [c for c in others if self._keeps and links.listens(c.peer)]
        for contact in here:
            if count < most:
                count += links.add(contact, at_random=True)
        heard_by = len([1 for link in links.live() if links.listens(link.peer)])
        if self._keeps and count >= few and heard_by < few and count < most:
            few = count + 1  # too few link to us: one more link may be returned
        others = [c for c in others if c.peer not in links.table]
        while others and count < few:
            count += links.add(others.pop(links.number(len(others))), at_random=True)

    def mix(self, now_ms: int, others: "list[Contact]") -> None:
        """Exchange one random link, or drop one if there are more than needed."""
        links, few = self._links, self._limits.links
        fresh = [c for c in others if c.peer not in links.table]
        count = len(self._ones())
        if fresh and count >= few:
            spare = self._spare()
            links.dropped(now_ms, spare)
            # not linked back to at once, else links would grow in number
            links.end(now_ms, spare, self._limits.check_ms * REST_CHECKS)
            if count <= USUAL * few:
                links.add(fresh[links.number(len(fresh))], at_random=True)

    def _ones(self) -> "list[Link]":
        return [link for link in self._links.live() if link.at_random]

    def _spare(self) -> "Link":
        """A random link to drop, preferably to a peer that does not link to us."""
        ones = self._ones()
        free = [link for link in ones if not self._links.listens(link.peer)] or ones
        return free[self._links.number(len(free))]
