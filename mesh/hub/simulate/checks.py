"""The invariants, checked at every step, each only where something has just changed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mesh.core.events import Answer, Forked
from mesh.hub.simulate import tables
from mesh.hub.simulate.ledger import Author, Ledger, Value
from mesh.hub.simulate.timeline import Broken, Timeline

if TYPE_CHECKING:
    from mesh.hub.simulate.host import Host

LOOK = 16  # steps from one look at clocks, and at who is left alone, to the next
AUDIT = 2048  # steps from one look at everything to the next
SETTLE_MS = 12_000  # after a trouble: what was under way then has ended one way or the other
ANSWER_MS = 2000  # on top of the way there and back, where nothing is lost
SPARE = 3  # questions that may fail where much is lost, and this share of them:
SHARE = 0.05
NEVER = 1 << 62
WRONG_MS = 60_000  # that an honest clock may be wrong: some run 3% too fast or too slow
TIME = "strangers set nobody's clock"
FRIENDS = "the honest are not left alone"
SPEED = "the honest go on at the speed they had"


class Checks:
    """Is told of everything; Broken as soon as something does not hold. `gentle`: the network
    loses nothing, so that every question has to be answered. `every`: so many steps from one look
    at a host's tables to the next. `unix_ms`: the Unix time at pretend time 0, 0 if some of the
    honest have a wrong one.
    """

    every = 1

    def __init__(
        self, timeline: Timeline, ledger: Ledger, gentle: bool, round_trip: int, unix_ms: int = 0
    ) -> None:
        self.unix_ms = unix_ms
        self.answered = self.failed = self.slowest_ms = 0
        self.accepts = 0
        self.wishes: dict[int, Host] = {}  # number of a wish: whose lamp
        self.done: set[tuple[int, int]] = set()  # a wish, and in which life
        self.forks: dict[str, dict[bytes, int]] = {}  # host: author: where
        self._timeline = timeline
        self._ledger = ledger
        self._gentle = gentle
        self._soon_ms = ANSWER_MS + 2 * round_trip
        self._asked: dict[tuple[str, int, int], tuple[int, Host]] = {}
        self._troubled: dict[str, int] = {}  # until when a host is not itself
        self._steps = 0

    def troubled(self, hosts: "Sequence[Host]", until_ms: int) -> None:
        """Something befalls these: until then, and a little longer, less is asked of them."""
        for host in hosts:
            self._troubled[host.label] = max(self._troubled.get(host.label, 0), until_ms)

    def _calm_since(self, host: "Host") -> int:
        return self._troubled.get(host.label, 0) + SETTLE_MS

    def started(self, host: "Host") -> None:
        """A host begins a life: it knows nothing of what it knew."""
        self.forks[host.label] = {}
        self.troubled([host], self._timeline.now)

    def stopped(self, host: "Host") -> None:
        """A host has lost its power."""
        self.troubled([host], self._timeline.now)

    def step(self, host: "Host") -> None:
        """A host has just done something."""
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
        """Nobody who is honest is left alone as a liar."""
        for peer, contact in host.node.contacts.table.items():
            author = self._ledger.authors.get(peer)
            if contact.shun_until_ms > host.now() and author is not None and author.honest:
                raise Broken(FRIENDS, f"{host.label} leaves {author.label} alone as a liar")

    def _check_clock(self, host: "Host") -> None:
        """Whoever has a time has about the right one."""
        unix_ms = host.node.clock.stamp(host.now())[3]
        if unix_ms is not None:
            wrong_ms = unix_ms - self.unix_ms - self._timeline.now
            if abs(wrong_ms) > WRONG_MS:
                raise Broken(TIME, f"the clock of {host.label} is wrong by {wrong_ms} ms")

    def accepted(self, host: "Host", public: bytes, values: list[Value]) -> None:
        """A host took entries of somebody."""
        if not host.honest:
            return
        seqs = self._ledger.check_accepted(host.label, public, values)
        self.accepts += len(seqs)
        feed = host.node.peer.feeds.foreign.get(public)
        if feed is not None and feed.head is not None:
            self._ledger.check_head(host.label, public, feed.head)
        if max(seqs) >= self.forks[host.label].get(public, NEVER):
            raise Broken("a fork ends a feed", f"{host.label} took more of a feed that has forked")
        if host.told is not None:
            host.told(host, public, seqs)

    def event(self, host: "Host", event: object) -> None:
        """A node told something."""
        if isinstance(event, Answer) and host.honest:
            self._answer(host, event)
        elif isinstance(event, Forked) and host.honest:
            author = self._ledger.authors.get(event.peer)
            if author is None or author.honest:
                name = author.label if author else "nobody"
                raise Broken("the honest are not accused", f"{host.label} says {name} has forked")
            self.forks[host.label][event.peer] = event.seq

    def lamp(self, host: "Host", value: object) -> None:
        """A lamp is set: it has to be wished by who may, and once only; unless the answer was lost
        by a crash: then the one who wished asks again.
        """
        assert isinstance(value, int)  # noqa: S101
        if not host.honest:
            return
        if self.wishes.get(value) is not host:
            raise Broken("only who may sets a lamp", f"{host.label} set it as nobody wished")
        if (value, host.life) in self.done:
            raise Broken("a wish is done once", f"{host.label} did wish {value} again")
        self.done.add((value, host.life))

    def asked(self, host: "Host", number: int, target: "Host") -> None:
        """A host put a question to another, which is up as far as it knows."""
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
        """All is over: what can only be told now."""
        allowed = SPARE + int(SHARE * (self.answered + self.failed))
        if self.failed > allowed:
            raise Broken(SPEED, f"{self.failed} questions of {self.answered + self.failed} failed")
        for host in hosts:
            if host.honest and host.up:
                tables.audit(host.label, host.node)
                self._check_own(host)

    def _check_own(self, host: "Host") -> None:
        """Nothing that an author's head vouched for is missing from what it holds."""
        own = host.node.peer.feeds.own
        author: Author = host.author
        rule = "nothing acknowledged is lost"
        if own.next_seq <= author.signed:
            raise Broken(rule, f"{host.label} has forgotten the end of its own feed")
        for at, entry in enumerate(own._entries):
            known = author.entries.get(own.first_seq + at)
            if known is not None and entry not in known:
                raise Broken(rule, f"{host.label} holds another entry than it signed")
