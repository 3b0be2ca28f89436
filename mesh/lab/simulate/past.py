"""An invariant: what two desktops had seen of a feed before its key was stolen stays."""

from collections.abc import Sequence
from typing import Any, Protocol, cast

from mesh.core.full.agreeing import agreed
from mesh.core.full.witnessed import Witnessed
from mesh.core.node import Node
from mesh.lab.simulate.pretend_archive import Archive

RULE = "the past stays"
EVERY, EVERY_MS = 4, 2000  # entries, and ms, after which desktops say again what they have seen


class Host(Protocol):
    """What is used of mesh.lab.simulate.host.Host."""

    label: str
    honest: bool
    up: bool
    public: bytes
    archive: Archive | None

    @property
    def node(self) -> Node:
        """The running node."""
        ...


class Past:
    """The feeds whose keys were stolen, with how far they had been seen by then."""

    def __init__(self) -> None:
        self._seen: dict[bytes, tuple[int, bytes]] = {}

    def stolen(self, public: bytes, hosts: Sequence[Host]) -> None:
        """Record what was seen of a feed that a thief is about to begin anew."""
        said = []
        for host in hosts:
            if host.honest and host.archive is not None:
                own = host.archive.seen(public, host.public)
                said += [(host.public, seq, link) for _, seq, link in own]
        points = agreed(said, 1)
        if points:
            self._seen[public] = points[0][:2]

    def lost(self, hosts: Sequence[Host]) -> str:
        """Describe which desktop that is up lacks some of it, or ends elsewhere than another one;
        nothing if none does, or if no one heard of the thief.
        """
        keepers = [h for h in hosts if h.honest and h.up and h.archive is not None]
        for public, (seq, link) in self._seen.items():
            ends = set()
            for host in keepers:
                feeds, archive = (
                    cast("Witnessed", host.node.peer.feeds),
                    cast("Archive", host.archive),
                )
                feed = feeds.foreign.get(public)
                if feed is not None and feed.fork:
                    ends.add(feeds.next_seq(public))
                    if archive.trace(public, seq, link)[0] >= feed.fork[0]:
                        return f"{host.label} lacks what was seen of a feed up to {seq}"
            if len(ends) > 1 or (ends and min(ends) <= seq):
                return f"a feed that was seen up to {seq} goes on at {sorted(ends)}"
        return ""


def end(feeds: Any, public: bytes, fork: int) -> int:  # noqa: ANN401 - with what is private to it
    """Give the seq from which on nothing of a forked feed is accepted: it may be witnessed."""
    trails = [getattr(feeds, name, {}).get(public) for name in ("_held", "_seeking")]
    tops: list[int] = [trail.top for trail in trails if trail is not None]
    return max([fork, *[top + 1 for top in tops]])
