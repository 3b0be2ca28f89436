"""Byzantine peers: each is one kind of attacker with a valid key."""

import random
from collections.abc import Sequence
from typing import Any

from mesh.core.feed.chain import head_parts
from mesh.hub import fast_cbor
from mesh.lab.simulate.clones import Clone, Victim
from mesh.lab.simulate.host import SENSOR, Ground, Host
from mesh.lab.simulate.keys import dice, sha256
from mesh.lab.simulate.lying_host import LyingHost
from mesh.lab.simulate.noise import NOISES, Noise
from mesh.lab.simulate.scenario import FIRST_MS, THIEF, Scenario

LIAR = 60_000  # first number of liars
FAR = 1 << 40
FALSE_MS = -6 * 31_536_000_000  # error of a false clock
SYBILS = 9  # further keys of a Sybil attacker


def plan(
    ground: Ground, hosts: Sequence[Host], kind: str, index: int, scenario: Scenario
) -> list[Any]:
    """Add a liar of a kind to the mesh. Gives its stations."""
    draw = dice(scenario.seed, "liar", index)
    number = LIAR + index
    if kind in LYING_PEERS:
        liar = LYING_PEERS[kind](ground, number, hosts, draw)
        ground.timeline.at(draw.randrange(FIRST_MS), liar.boot)
        liar.plan(scenario.troubled_ms)
        return [liar]
    noise = Noise(ground, number, hosts, draw)
    noise.plan(NOISES[kind], scenario.troubled_ms)
    return [noise]


class Forger(LyingHost):
    """Alters others' feeds: entries, heads, order, authors."""

    def twist(self) -> None:
        """Serve false runs of others, and for half of its own."""
        feeds = self.node.peer.feeds
        truly = feeds.run

        def run(author: bytes, first: int, *more: Any) -> Any:  # noqa: ANN401
            return self.forged(truly(author, first, *more))

        feeds.run = run  # type: ignore[method-assign]

    def push(self, now_ms: int) -> None:
        """Offer a false run."""
        feeds = self.node.peer.feeds
        authors = sorted(feeds.foreign)
        if not authors:
            return
        author = self.draw.choice(authors)
        run = type(feeds).run(feeds, author, 0)
        if run is not None:
            self.hand(now_ms, self.draw.choice(self.hosts), [self.forged(run)])

    def forged(self, run: Any) -> Any:  # noqa: ANN401
        """The run, with something wrong."""
        if run is None:
            return None
        author, first, before, entries, head = run
        lie = self.draw.randrange(6)
        if lie == 0:  # another entry under the true head
            entries = [*entries[:-1], self._entry(first + len(entries) - 1)]
        elif lie == 1:  # more entries than were signed
            entries = [*entries, self._entry(first + len(entries))]
        elif lie == 2:  # noqa: PLR2004 - the kinds of lies are numbers
            head = head[:-64] + self.draw.randbytes(64)
        elif lie == 3:  # noqa: PLR2004 - its own feed under another's name
            author = self.draw.choice(self.hosts).public
        elif lie == 4:  # noqa: PLR2004 - far in the future, on a link made up, under a head made up
            first, before = first + FAR, self.draw.randbytes(32)
            entries = [self._entry(first)]
            head = self._head(author, first, before, entries[0])
        else:  # the next entry, under a head with a wrong signature
            first = first + len(entries)
            before = _link(before, entries)
            entries = [self._entry(first)]
            head = self._head(author, first, before, entries[0])
        return [author, first, before, entries, head]

    def _entry(self, seq: int) -> bytes:
        body = [{0: SENSOR, 1: "Cel", 2: self.draw.randrange(1 << 20)}]
        return fast_cbor.encode([seq, [0, 1, 1000, None], "reading", body])

    def _head(self, author: bytes, seq: int, before: bytes, entry: bytes) -> bytes:
        protected, payload = head_parts(author, seq, _link(before, [entry]))
        return fast_cbor.encode([protected, {}, payload, self.draw.randbytes(64)])


def _link(link: bytes, entries: Sequence[bytes]) -> bytes:
    for entry in entries:
        link = sha256(link + entry)
    return link


class Endless(LyingHost):
    """Writes an endless feed: each request for it gets new entries, and never the end."""

    def twist(self) -> None:
        """Make the feed longer with each request."""
        feeds = self.node.peer.feeds
        truly = feeds.run

        def run(author: bytes, first: int, *more: Any) -> Any:  # noqa: ANN401
            if author == self.public:
                for _ in range(4):
                    feeds.own.append([0, 1, 1, None], "note", "x" * self.draw.randrange(300))
            return truly(author, first, *more)

        feeds.run = run  # type: ignore[method-assign]


class Slanderer(Forger):
    """Accuses honest peers of forks, with invalid proofs."""

    def push(self, now_ms: int) -> None:
        """Offer invalid proofs: the same twice, of two authors, forged."""
        feeds = self.node.peer.feeds
        authors = sorted(feeds.foreign)
        if not authors:
            return
        author = self.draw.choice(authors)
        run = type(feeds).run(feeds, author, 0)
        if run is None:
            return
        false = self.forged(run)
        other = self.draw.choice(authors)
        pairs: list[Any] = [[run, run], [run, false], [run[4], false[4]], [false, false]]
        proof = {other if self.draw.random() < 0.3 else author: self.draw.choice(pairs)}  # noqa: PLR2004
        self.hand(now_ms, self.draw.choice(self.hosts), [proof])


class FalseClock(LyingHost):
    """Says that it is six years ago, with the best quality."""

    def boot(self) -> None:
        """Start, with that time."""
        self.clock_ms = FALSE_MS
        super().boot()


class Sybils(LyingHost):
    """A Sybil attack: one attacker as many peers, which claim to keep all feeds, and tell of none.
    They ignore each other.
    """

    def __init__(
        self, ground: Ground, number: int, hosts: Sequence[Host], draw: random.Random
    ) -> None:
        super().__init__(ground, number, hosts, draw)
        self.selves = {self.public}

    def plan(self, until_ms: int) -> None:
        """Start its further peers."""
        super().plan(until_ms)
        for n in range(SYBILS if len(self.selves) == 1 else 0):
            one = Sybils(self.ground, self.number + 200 + n, self.hosts, self.draw)
            self.selves.add(one.public)
            one.selves = self.selves
            self.ground.timeline.at(self.draw.randrange(FIRST_MS), one.boot)
            one.plan(until_ms)

    def twist(self) -> None:
        """Ignore its own peers, and withhold what others wrote."""
        contacts = self.node.contacts
        note = contacts.add

        def add(now_ms: int, peer: bytes, *more: Any) -> None:  # noqa: ANN401
            if peer not in self.selves:
                note(now_ms, peer, *more)

        contacts.add = add  # type: ignore[method-assign,assignment]
        feeds = self.node.peer.feeds
        run, head = feeds.run, feeds.head
        feeds.run = lambda author, *more: (  # type: ignore[method-assign]
            run(author, *more) if author == self.public else None
        )
        feeds.head = lambda author: (  # type: ignore[method-assign]
            head(author) if author == self.public else None
        )


LYING_PEERS: dict[str, type[LyingHost]] = {
    "clone": Clone,
    THIEF: Victim,
    "forger": Forger,
    "endless": Endless,
    "slanderer": Slanderer,
    "false clock": FalseClock,
    "sybils": Sybils,
}
