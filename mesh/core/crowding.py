"""Who follows more than it can link to: some that keep all tell of all, and whom somebody named
comes before all others.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.contacts import Contact
    from mesh.core.links import Links


class Crowding:
    """Makes room for links among `most`, of which `few` are to peers that keep all."""

    def __init__(self, links: "Links", few: int, most: int) -> None:
        self._links = links
        self._few = few
        self._most = most

    def choose(self, now_ms: int, mine: "list[Contact]", up: "list[Contact]") -> None:
        """Link to some that keep all, and to whom we were told to follow by its name."""
        links = self._links
        held = len([1 for link in links.live() if link.keeps])
        keepers = [c for c in up if c.keeps and c.peer not in links.table]
        if keepers and held < self._few:
            self._exchange(now_ms, keepers, self._spare(held))
        named = [c for c in mine if c.pinned and c.peer not in links.table]
        if named and len(links.table) >= self._most:
            self._exchange(now_ms, named, [c for c in self._spare(held) if not c.pinned])

    def _spare(self, held: int) -> "list[Contact]":
        """Who has a link that is not needed to hear of all."""
        links = self._links
        here = [c for c in links.contacts.proven() if c.peer in links.table]
        few = held <= self._few
        return [c for c in here if links.table[c.peer].ended or not (few and c.keeps)]

    def _exchange(self, now_ms: int, come: "list[Contact]", go: "list[Contact]") -> None:
        """One that is to come takes the place of one that may go, each by chance."""
        links = self._links
        if len(links.table) >= self._most:
            if not go:
                return
            links.drop(now_ms, go[links.number(len(go))].peer)
        links.add(come[links.number(len(come))], at_random=False)
