"""Links chosen at random among many who keep what others write (mesh/core/links.py says why)."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.contacts import Contact
    from mesh.core.limits import Limits
    from mesh.core.links import Link, Links

USUAL, MOST = 2, 3  # times limits.links: so many, as others choose us too
REST_CHECKS = 3  # times limits.check_ms: so long one that was let go is not linked back to


class Mixing:
    """Chooses among those whom a peer need not link to. `keeps`: it keeps all feeds itself."""

    def __init__(self, links: "Links", limits: "Limits", keeps: bool) -> None:
        self._links = links
        self._limits = limits
        self._keeps = keeps

    def met(self, now_ms: int, contact: "Contact", keepers: int) -> None:
        """Somebody is here, anew or again: perhaps only some of us link to who is there."""
        links, few = self._links, self._limits.links
        if links.number(keepers + 1) < few:
            if len(self._ones()) >= USUAL * few:
                links.drop(now_ms, self._spare().peer)
            links.add(contact, at_random=True)

    def choose(self, others: "list[Contact]") -> None:
        """Link to those who link to us, and to so many that there are enough."""
        links, few = self._links, self._limits.links
        most = MOST * few
        count = len(self._ones())
        here = [c for c in others if self._keeps and links.listens(c.peer)]
        for contact in here:
            if count < most:
                count += links.add(contact, at_random=True)
        heard_by = len([1 for link in links.live() if links.listens(link.peer)])
        if self._keeps and count >= few and heard_by < few and count < most:
            few = count + 1  # too few link to us: ask one more to do so
        others = [c for c in others if c.peer not in links.table]
        while others and count < few:
            count += links.add(others.pop(links.number(len(others))), at_random=True)

    def mix(self, now_ms: int, others: "list[Contact]") -> None:
        """Exchange a link, or let one go if there are more than are needed."""
        links, few = self._links, self._limits.links
        fresh = [c for c in others if c.peer not in links.table]
        count = len(self._ones())
        if fresh and count >= few:
            spare = self._spare()
            links.dropped(now_ms, spare)
            # not linked back to at once, else there would be more and more of them
            links.end(now_ms, spare, self._limits.check_ms * REST_CHECKS)
            if count <= USUAL * few:
                links.add(fresh[links.number(len(fresh))], at_random=True)

    def _ones(self) -> "list[Link]":
        return [link for link in self._links.live() if link.at_random]

    def _spare(self) -> "Link":
        """One that may go, of those to whom we matter less if there are such."""
        ones = self._ones()
        free = [link for link in ones if not self._links.listens(link.peer)] or ones
        return free[self._links.number(len(free))]
