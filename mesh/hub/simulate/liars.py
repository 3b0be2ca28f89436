"""Peers that lie: each does what one kind of attacker with a key can do."""

import random
from collections.abc import Sequence
from typing import Any

from mesh.core import coap
from mesh.core.asks import request_for
from mesh.core.errors import LocalError
from mesh.hub import cbor
from mesh.hub.simulate.host import LAMP, SENSOR, Ground, Host
from mesh.hub.simulate.keys import dice, sha256
from mesh.hub.simulate.noise import NOISES, Noise
from mesh.hub.simulate.scenario import FIRST_MS, Scenario

PUSH_MS = 1500
LIAR = 60_000  # what liars' numbers begin with
FAR = 1 << 40
FALSE_MS = -6 * 31_536_000_000  # what a false clock is wrong by
SYBILS = 9  # more keys of one liar


def plan(
    ground: Ground, hosts: Sequence[Host], kind: str, index: int, scenario: Scenario
) -> list[Any]:
    """Put a liar of a kind into the mesh; the stations that it has."""
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


class LyingHost(Host):
    """A peer that takes part in all, and lies where it can."""

    honest = False

    def __init__(
        self, ground: Ground, number: int, hosts: Sequence[Host], draw: random.Random
    ) -> None:
        self.hosts = hosts
        self.draw = draw
        super().__init__(ground, number, "liar", {"follow": "*"}, self._key())
        self.subnets = frozenset((0, 1))
        if not ground.network.weather.multicast:
            self.known = [(host.public, host.address) for host in hosts]

    def _key(self) -> object:
        return None

    def boot(self) -> None:
        """Start, and have the tongue turned."""
        super().boot()
        self.twist()

    def twist(self) -> None:
        """Change what the node says."""

    def plan(self, until_ms: int) -> None:
        """Measure now and then, and try what else there is."""
        timeline = self.ground.timeline
        if timeline.now + PUSH_MS < until_ms:
            timeline.at(timeline.now + PUSH_MS, self.plan, until_ms)
        if self.up:
            self.measure(self.draw.randrange(100))
            self.do(self.push)
            self.do(self._meddle)

    def _meddle(self, now_ms: int) -> None:
        """Wish what only another may wish."""
        host = self.draw.choice(self.hosts)
        payload = cbor.encode(-self.draw.randrange(1000))
        message = request_for(coap.PUT, ["actuators", LAMP])
        try:
            self.questions.ask(now_ms, host.public, message, 60, payload)
        except LocalError:
            return  # as below

    def push(self, now_ms: int) -> None:
        """What is tried again and again."""

    def hand(self, now_ms: int, host: Host, runs: list[Any]) -> None:
        """Hand runs to a peer, signed as one's own wish."""
        try:
            payload = cbor.encode(runs)
            message = request_for(coap.POST, ["feeds"])
            self.questions.ask(now_ms, host.public, message, 60, payload)
        except LocalError:
            return  # nothing is known of that one yet


class Clone(LyingHost):
    """A key that two have: each goes on with the feed as if there were no other."""

    twin: "Clone | None" = None

    def _key(self) -> object:
        return "clone"

    def plan(self, until_ms: int) -> None:
        """There are two of it."""
        super().plan(until_ms)
        if not self.is_clone and self.twin is None:  # this comes again and again
            twin = self.twin = Clone(self.ground, self.number + 100, self.hosts, self.draw)
            twin.is_clone = True
            twin.disk.boots = self.disk.boots
            self.ground.timeline.at(self.draw.randrange(FIRST_MS), twin.boot)
            twin.plan(until_ms)


class Forger(LyingHost):
    """Hands on feeds of others, altered: entries, heads, order, authors."""

    def twist(self) -> None:
        """Every run of others that it is asked for is false, and half of its own."""
        feeds = self.node.peer.feeds
        truly = feeds.run

        def run(author: bytes, first: int, *more: Any) -> Any:  # noqa: ANN401
            return self.forged(truly(author, first, *more))

        feeds.run = run  # type: ignore[method-assign]

    def push(self, now_ms: int) -> None:
        """Hand somebody a false run of somebody."""
        feeds = self.node.peer.feeds
        authors = sorted(feeds.foreign)
        if not authors:
            return
        author = self.draw.choice(authors)
        run = type(feeds).run(feeds, author, 0)
        if run is not None:
            self.hand(now_ms, self.draw.choice(self.hosts), [self.forged(run)])

    def forged(self, run: Any) -> Any:  # noqa: ANN401
        """That run, with something wrong."""
        if run is None:
            return None
        author, first, before, entries, head = run
        lie = self.draw.randrange(6)
        if lie == 0:  # another entry, and the head that was signed for the true one
            entries = [*entries[:-1], self._entry(first + len(entries) - 1)]
        elif lie == 1:  # more than was signed
            entries = [*entries, self._entry(first + len(entries))]
        elif lie == 2:  # noqa: PLR2004 - the kinds of lies are numbers
            head = head[:-64] + self.draw.randbytes(64)
        elif lie == 3:  # noqa: PLR2004 - its own feed under another's name
            author = self.draw.choice(self.hosts).public
        elif lie == 4:  # noqa: PLR2004 - far in the future, on a link made up, under a head made up
            first, before = first + FAR, self.draw.randbytes(32)
            entries = [self._entry(first)]
            head = self._head(author, first, before, entries[0])
        else:  # the next one, under a head that is right in all but its signature
            first = first + len(entries)
            before = _link(before, entries)
            entries = [self._entry(first)]
            head = self._head(author, first, before, entries[0])
        return [author, first, before, entries, head]

    def _entry(self, seq: int) -> bytes:
        body = [{0: SENSOR, 1: "Cel", 2: self.draw.randrange(1 << 20)}]
        return cbor.encode([seq, [0, 1, 1000, None], "reading", body])

    def _head(self, author: bytes, seq: int, before: bytes, entry: bytes) -> bytes:
        protected = b"\xa2\x01\x32\x04\x58\x20" + author
        payload = cbor.encode([seq, _link(before, [entry])])
        return cbor.encode([protected, {}, payload, self.draw.randbytes(64)])


def _link(link: bytes, entries: Sequence[bytes]) -> bytes:
    for entry in entries:
        link = sha256(link + entry)
    return link


class Endless(LyingHost):
    """Has always more to tell: whoever asks for its feed gets new entries, and never the end."""

    def twist(self) -> None:
        """Each question for the feed makes it longer."""
        feeds = self.node.peer.feeds
        truly = feeds.run

        def run(author: bytes, first: int, *more: Any) -> Any:  # noqa: ANN401
            if author == self.public:
                for _ in range(4):
                    feeds.own.append([0, 1, 1, None], "note", "x" * self.draw.randrange(300))
            return truly(author, first, *more)

        feeds.run = run  # type: ignore[method-assign]


class Slanderer(Forger):
    """Says that the honest have lied, with proofs that prove nothing."""

    def push(self, now_ms: int) -> None:
        """Hand on proofs in every shape: two of the same, of two authors, forged."""
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
    """Says that it is six years ago, and that its clock is a good one."""

    def boot(self) -> None:
        """As ever, with that time."""
        self.clock_ms = FALSE_MS
        super().boot()


class Sybils(LyingHost):
    """One that is many: each of them a peer by all that can be seen, which says that it keeps what
    all write, and tells of nobody. As they are one, they have nothing to ask each other: only the
    honest meet them.
    """

    def __init__(
        self, ground: Ground, number: int, hosts: Sequence[Host], draw: random.Random
    ) -> None:
        super().__init__(ground, number, hosts, draw)
        self.selves = {self.public}

    def plan(self, until_ms: int) -> None:
        """There are more of them."""
        super().plan(until_ms)
        for n in range(SYBILS if len(self.selves) == 1 else 0):
            one = Sybils(self.ground, self.number + 200 + n, self.hosts, self.draw)
            self.selves.add(one.public)
            one.selves = self.selves
            self.ground.timeline.at(self.draw.randrange(FIRST_MS), one.boot)
            one.plan(until_ms)

    def twist(self) -> None:
        """Know none of its own, and hold back what others wrote."""
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
    "forger": Forger,
    "endless": Endless,
    "slanderer": Slanderer,
    "false clock": FalseClock,
    "sybils": Sybils,
}
