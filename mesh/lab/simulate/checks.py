"""The invariants of a simulation, checked after every step that may change something."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from mesh.core.events import Answer, Forked
from mesh.core.node import Node
from mesh.lab.simulate import past, tables
from mesh.lab.simulate.ledger import Author, Ledger, Value
from mesh.lab.simulate.timeline import Broken, Timeline

LOOK = 16  # steps between checks of clocks, and of peers shunned as liars
AUDIT = 2048  # steps between audits of everything
SETTLE_MS = 12_000  # time after a fault for exchanges under way to end
ANSWER_MS = 2000  # time for an answer, besides the round trip, if nothing is lost
SPARE = 3  # requests that may fail under loss, plus this share of them:
SHARE = 0.05
NEVER = 1 << 62
WRONG_MS = 60_000  # permitted error of an honest clock: some are 3% too fast or too slow
TIME = "strangers set nobody's clock"
FRIENDS = "the honest are not left alone"
SPEED = "the honest go on at the speed they had"


class Host(Protocol):
    """Interface of what is checked: see mesh.lab.simulate.host.Host."""

    label: str
    honest: bool
    up: bool
    life: int
    author: Author
    caps: tables.Caps
    told: Callable[[Any, bytes, list[int]], None] | None

    @property
    def node(self) -> Node:
        """The node that runs."""
        ...

    def now(self) -> int:
        """Milliseconds since its start."""
        ...


class Checks:
    """Gets all events, and raises Broken when an invariant is violated.

    `gentle`: the network loses nothing, so every request has to be answered. `every`: steps
    between checks of a host's tables. `unix_ms`: Unix time at virtual time 0, 0 if honest peers
    have wrong ones.
    """

    every = 1

    def __init__(
        self, timeline: Timeline, ledger: Ledger, gentle: bool, round_trip: int, unix_ms: int = 0
    ) -> None:
        self.unix_ms = unix_ms
        self.answered = self.failed = self.slowest_ms = 0
        self.accepts = 0
        self.wishes: dict[int, Host] = {}  # number of a request to set a lamp -> whose lamp
        self.done: set[tuple[int, int]] = set()  # (request, life) that was carried out
        # (host, life) -> the last request that was carried out
        self._latest: dict[tuple[str, int], int] = {}
        self.forks: dict[str, dict[bytes, int]] = {}  # host -> author -> seq of the fork
        self._timeline = timeline
        self._ledger = ledger
        self._gentle = gentle
        self._soon_ms = ANSWER_MS + 2 * round_trip
        self._asked: dict[tuple[str, int, int], tuple[int, Host]] = {}
        self._troubled: dict[str, int] = {}  # host -> until when it is affected by a fault
        self._steps = 0

    def troubled(self, hosts: "Sequence[Host]", until_ms: int) -> None:
        """Record a fault of these hosts: until its end, and a little longer, checks are weaker."""
        for host in hosts:
            self._troubled[host.label] = max(self._troubled.get(host.label, 0), until_ms)

    def _calm_since(self, host: "Host") -> int:
        return self._troubled.get(host.label, 0) + SETTLE_MS

    def started(self, host: "Host") -> None:
        """Record that a host starts, without any memory."""
        self.forks[host.label] = {}
        self.troubled([host], self._timeline.now)

    def stopped(self, host: "Host") -> None:
        """Record that a host lost its power."""
        self.troubled([host], self._timeline.now)

    def step(self, host: "Host") -> None:
        """Check a host after it did something."""
        self._steps += 1
        if not self._steps % self.every:
            host.caps.check(host.label, host.node)
        if host.honest and host.up and not self._steps % LOOK:
            self._check_shunned(host)
            if self.unix_ms:
                self._check_clock(host)
        if not self._steps % AUDIT:
            tables.audit(host.label, host.node)

    def _check_shunned(self, host: "Host") -> None:
        """Check that no honest peer is shunned as a liar."""
        replicating: Any = host.node.replicating
        for peer in host.node.contacts.table if replicating is not None else ():
            author = self._ledger.authors.get(peer)
            shunned = replicating.links.shuns(host.now(), peer)
            if shunned and author is not None and author.honest:
                raise Broken(FRIENDS, f"{host.label} leaves {author.label} alone as a liar")

    def _check_clock(self, host: "Host") -> None:
        """Check that a time, if a host has one, is about right."""
        unix_ms = host.node.clock.stamp(host.now())[3]
        if unix_ms is not None:
            wrong_ms = unix_ms - self.unix_ms - self._timeline.now
            if abs(wrong_ms) > WRONG_MS:
                raise Broken(TIME, f"the clock of {host.label} is wrong by {wrong_ms} ms")

    def accepted(self, host: "Host", public: bytes, values: list[Value]) -> None:
        """Check entries that a host accepted."""
        if not host.honest:
            return
        seqs = self._ledger.check_accepted(host.label, public, values)
        self.accepts += len(seqs)
        feed = host.node.peer.feeds.foreign.get(public)
        if feed is not None and feed.head is not None:
            self._ledger.check_head(host.label, public, feed.head)
        fork = self.forks[host.label].get(public, NEVER)
        if max(seqs) >= past.end(host.node.peer.feeds, public, fork):
            raise Broken("a fork ends a feed", f"{host.label} took more of a feed that has forked")
        if host.told is not None:
            host.told(host, public, seqs)

    def event(self, host: "Host", event: object) -> None:
        """Check an event of a node."""
        if isinstance(event, Answer) and host.honest:
            self._answer(host, event)
        elif isinstance(event, Forked) and host.honest:
            author = self._ledger.authors.get(event.peer)
            if author is None or author.honest:
                name = author.label if author else "nobody"
                raise Broken("the honest are not accused", f"{host.label} says {name} has forked")
            self.forks[host.label][event.peer] = event.seq

    def lamp(self, host: "Host", value: object) -> None:
        """Check that a lamp is set by whom it may be, and only once per request; unless the answer
        was lost by a crash, after which the request is repeated.
        """
        assert isinstance(value, int)  # noqa: S101
        if not host.honest:
            return
        if self.wishes.get(value) is not host:
            raise Broken("only who may sets a lamp", f"{host.label} set it as nobody wished")
        if (value, host.life) in self.done:
            raise Broken("a wish is done once", f"{host.label} did wish {value} again")
        if value < self._latest.get((host.label, host.life), 0):
            raise Broken("wishes are done in their order", f"{host.label} did wish {value} late")
        self.done.add((value, host.life))
        self._latest[host.label, host.life] = value

    def asked(self, host: "Host", number: int, target: "Host") -> None:
        """Record a request to a peer that is up, as far as the requester knows."""
        self._asked[host.label, host.life, number] = (self._timeline.now, target)

    def _answer(self, host: "Host", answer: Answer) -> None:
        asked = self._asked.pop((host.label, host.life, answer.number), None)
        if asked is None:
            return
        at_ms, target = asked
        if at_ms < max(self._calm_since(host), self._calm_since(target)):
            return
        took_ms = self._timeline.now - at_ms
        if answer.signed:
            self.answered += 1
            self.slowest_ms = max(self.slowest_ms, took_ms)
        else:
            self.failed += 1
        if self._gentle and (not answer.signed or took_ms > self._soon_ms):
            what = f"took {took_ms} ms" if answer.signed else f"failed: {answer.error}"
            raise Broken(SPEED, f"a question of {host.label} to {target.label} {what}")

    def end(self, hosts: "Sequence[Host]") -> None:
        """Check what can only be checked at the end."""
        allowed = SPARE + int(SHARE * (self.answered + self.failed))
        if self.failed > allowed:
            raise Broken(SPEED, f"{self.failed} questions of {self.answered + self.failed} failed")
        for host in hosts:
            if host.honest and host.up:
                tables.audit(host.label, host.node)
                self._check_own(host)

    def _check_own(self, host: "Host") -> None:
        """Check that a host has all its own entries that are covered by a head."""
        own = host.node.peer.feeds.own
        author: Author = host.author
        rule = "nothing acknowledged is lost"
        if own.next_seq <= author.signed:
            raise Broken(rule, f"{host.label} has forgotten the end of its own feed")
        for at, entry in enumerate(own._entries):
            known = author.entries.get(own.first_seq + at)
            if known is not None and entry not in known:
                raise Broken(rule, f"{host.label} holds another entry than it signed")
