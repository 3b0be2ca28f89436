"""Chooses links when more peers are followed than there is room for: some that keep all feeds
stand for the rest, and peers that a person named come first.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mesh.core.discovery.contact import Contact
    from mesh.core.replication.peer_link import Links


class LinkLimit:
    """Makes room for links: `most` in all, `few` of them to peers that keep all feeds."""

    def __init__(self, links: "Links", few: int, most: int) -> None:
        self._links = links
        self._few = few
        self._most = most

    def choose(self, now_ms: int, mine: "list[Contact]", up: "list[Contact]") -> None:
        """Link to some peers that keep all feeds, and to followed ones that were named."""
        links = self._links
        held = len([1 for link in links.live() if link.keeps])
        keepers = [c for c in up if c.keeps and c.peer not in links.table]
        if keepers and held < self._few:
            self._exchange(now_ms, keepers, self._spare(held))
        named = [c for c in mine if c.pinned and c.peer not in links.table]
        if named and len(links.table) >= self._most:
            self._exchange(now_ms, named, [c for c in self._spare(held) if not c.pinned])

    def _spare(self, held: int) -> "list[Contact]":
        """The peers whose links may be dropped, without losing those that keep all feeds."""
        links = self._links
        here = [c for c in links.contacts.proven() if c.peer in links.table]
        few = held <= self._few
        return [c for c in here if links.table[c.peer].ended or not (few and c.keeps)]

    def _exchange(self, now_ms: int, come: "list[Contact]", go: "list[Contact]") -> None:
        """Replace a random link of `go` by one to a random peer of `come`, if there is no room."""
        links = self._links
        if len(links.table) >= self._most:
            if not go:
                return
            links.drop(now_ms, go[links.number(len(go))].peer)
        links.add(come[links.number(len(come))], at_random=False)
