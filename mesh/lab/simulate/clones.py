"""Byzantine peers of which two have one key: a copy from the start, and a thief who comes late."""

from mesh.lab.simulate.lying_host import LyingHost
from mesh.lab.simulate.scenario import FIRST_MS

THEFT_MS = (28_000, 36_000)  # when a key is stolen


class Clone(LyingHost):
    """A cloned key: two peers have it, and each continues the feed by itself."""

    twin: "Clone | None" = None

    def _key(self) -> object:
        return "clone"

    def plan(self, until_ms: int) -> None:
        """Start the second one, too."""
        super().plan(until_ms)
        if not self.is_clone and self.twin is None:  # repeated
            twin = self.twin = type(self)(self.ground, self.number + 100, self.hosts, self.draw)
            twin.is_clone = True
            twin.disk.boots = self.disk.boots
            self.ground.timeline.at(self.twin_ms(), twin.boot)
            twin.plan(until_ms)

    def twin_ms(self) -> int:
        """Draw when the second one starts."""
        return self.draw.randrange(FIRST_MS)


class Victim(Clone):
    """An author whose key is stolen: its twin, the thief, begins the feed anew when much of it
    was seen by others.
    """

    def _key(self) -> object:
        return "stolen"

    def twin_ms(self) -> int:
        """Draw a late time, at which what was seen until then is recorded."""
        at_ms = self.draw.randrange(*THEFT_MS)
        self.ground.timeline.at(at_ms, self.ground.past.stolen, self.public, self.hosts)
        return at_ms

    def twist(self) -> None:
        """Have the thief ignore what others hold of the feed."""
        if self.is_clone:
            newest = self.node.newest
            newest.told = lambda *_: None  # type: ignore[method-assign]

    def push(self, now_ms: int) -> None:
        """Have the thief hand over what it wrote."""
        run = self.node.peer.feeds.run(self.public, 1) if self.is_clone else None
        if run is not None:
            self.hand(now_ms, self.draw.choice(self.hosts), [run])
