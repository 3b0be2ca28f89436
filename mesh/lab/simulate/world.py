"""One run of a scenario: peers, faults, attackers, and the outcome."""

from dataclasses import dataclass, field
from typing import Any, TextIO

from mesh.core.coap import message as coap
from mesh.core.discovery.contact import UP
from mesh.core.errors import LocalError
from mesh.core.peer_id import to_text
from mesh.core.security.signed_client import request_for
from mesh.lab.simulate import liars, past, tongues
from mesh.lab.simulate.accord import Accord
from mesh.lab.simulate.checks import Checks
from mesh.lab.simulate.host import LAMP, UNIX_MS, Ground, Host
from mesh.lab.simulate.keys import Keys, dice
from mesh.lab.simulate.later import LaterHost
from mesh.lab.simulate.ledger import Ledger
from mesh.lab.simulate.minds import Mind
from mesh.lab.simulate.past import Past
from mesh.lab.simulate.pretend_network import Network
from mesh.lab.simulate.scenario import START_MS, Scenario
from mesh.lab.simulate.timeline import Broken, Log, Timeline
from mesh.lab.simulate.troubles import Troubles

LOOK_MS = 1700  # between checks for agreement at the end; 2000 kept step with what desktops write
LATE_MS = 33_000  # least time before a newcomer starts
GIVEN = 2  # addresses given to each peer without multicast


@dataclass(frozen=True)
class Outcome:
    """The outcome of a seed. `rule` is "" if all invariants held."""

    scenario: Scenario
    digest: str
    steps: int
    end_ms: int
    agreed_ms: int  # from the end of the faults until all agreed
    accepted: int  # entries accepted
    answered: int
    slowest_ms: int
    datagrams: int
    rule: str = ""
    detail: str = ""
    last: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


def _scarce(peers: int) -> dict[str, int]:
    """Limits with room for the honest peers, and a few more."""
    return {
        "peers": peers + 2,
        "candidates": 4,
        "remotes": 2 * peers + 4,
        "observers": peers + 2,
        "senders": peers + 2,
    }


class World:
    """One run of a scenario. `log` gets every step, a line each."""

    def __init__(self, scenario: Scenario, real: bool = False, log: TextIO | None = None) -> None:
        self.scenario = scenario
        self.timeline = Timeline()
        self.log = Log(log)
        self.keys = Keys(scenario.seed, real)
        weather = scenario.weather
        self.network = Network(self.timeline, self.log, dice(scenario.seed, "network"), weather)
        self.ledger = Ledger(self.keys.kit("ledger"))
        round_trip = 2 * (weather.delay_ms + weather.jitter_ms)
        unix_ms = 0 if "clock" in [t.kind for t in scenario.troubles] else UNIX_MS
        self.checks = Checks(self.timeline, self.ledger, weather.gentle, round_trip, unix_ms)
        self.ground = Ground(
            self.timeline, self.network, self.log, self.keys, self.ledger, self.checks, Past()
        )
        if scenario.relating:
            kit = self.keys.kit("accord")
            self.ground.accord = Accord(kit, self.ledger, dice(scenario.seed, "accord"))
        self.draw = dice(scenario.seed, "world")
        self.hosts = [self._host(number) for number in range(1, scenario.peers + 1)]
        self.stations: list[Any] = list(self.hosts)
        self._by_id = {host.public: host for host in self.hosts}
        self._readings = 0
        self._wishes = 0

    def _host(self, number: int) -> Host:
        scenario = self.scenario
        kind = "desktop" if number <= scenario.desktops else "board"
        holder = self.keys.identity(1, lambda: 0).public
        settings: dict[str, Any] = {"follow": "*", "introduced_by": to_text(holder)}
        if scenario.keeping:
            settings["keep"] = [{"who": "*"}]
        if scenario.newcomer:
            numbers = range(1, scenario.desktops + 1)
            chosen = [to_text(self.keys.identity(n, lambda: 0).public) for n in numbers]
            settings["keep"] = [{"who": "*"}, {"who": chosen}]
            settings["limits"] = {"seen_entries": past.EVERY, "seen_ms": past.EVERY_MS}
        if scenario.scarce:
            everybody = range(1, scenario.peers + 1)
            followed = [self.keys.identity(n, lambda: 0).public for n in everybody if n != number]
            settings["follow"] = [to_text(public) for public in followed]
            settings["limits"] = _scarce(scenario.peers)
        made = LaterHost if number in scenario.later else Host
        host = made(self.ground, number, kind, settings)
        if scenario.rates:
            host.rate = scenario.rates[number - 1]
        host.disk.has_journal = number not in scenario.forgetful
        host.group = scenario.weather.multicast
        if scenario.topology == "bridge":  # the first peer is on both networks
            host.subnets = frozenset((0, 1)) if number == 1 else frozenset((number % 2,))
        return host

    def run(self) -> Outcome:
        """Run all of it."""
        rule = detail = ""
        try:
            self._begin()
            self.timeline.run(self.scenario.troubled_ms)
            self._calm()
            self.checks.end(self.hosts)
            if self.ground.accord is not None:
                self.ground.accord.end(self.hosts, self.timeline.now)
        except Broken as broken:
            rule, detail = broken.rule, broken.detail
        return Outcome(
            self.scenario,
            self.log.digest,
            self.timeline.steps,
            self.timeline.now,
            max(0, self.timeline.now - self.scenario.troubled_ms),
            self.checks.accepts,
            self.checks.answered,
            self.checks.slowest_ms,
            sum(station.sent for station in self.stations),
            rule,
            detail,
            tuple(self.log.last),
        )

    def _begin(self) -> None:
        at, draw, scenario = self.timeline.at, self.draw, self.scenario
        for host in self.hosts:
            if not scenario.weather.multicast:
                self._give(host)
            late_ms = LATE_MS if host.number == scenario.newcomer else 0
            at(late_ms + draw.randrange(START_MS), self._come, host)
            at(draw.randrange(START_MS), self._measure, host)
            at(START_MS + draw.randrange(scenario.ask_ms), self._ask, host)
        troubles = Troubles(self.ground, self.hosts)
        for trouble in scenario.troubles:
            troubles.plan(trouble)
        for index, kind in enumerate(scenario.liars):
            self.stations += liars.plan(self.ground, self.hosts, kind, index, scenario)
        if self.ground.accord is not None:
            self._relate(self.ground.accord)

    def _relate(self, accord: Accord) -> None:
        """Have the peers make agreements, with each other and with liars."""
        scenario = self.scenario
        lying = [
            tongues.plan(self.ground, self.hosts, kind, index, scenario)
            for index, kind in enumerate(scenario.tongues)
        ]
        self.stations += lying
        accord.peers += sorted({one.public for one in [*self.hosts, *lying]})
        accord.reach = self._reached
        for host in self.hosts:
            draw = dice(scenario.seed, "mind", host.number)
            Mind(host, self.timeline, draw, accord.peers).plan(
                scenario.troubled_ms, scenario.write_ms
            )

    def _reached(self, host: Host) -> list[Host]:
        """The honest peers that a peer can ask: those that it knows, as far as they are there."""
        if not host.up:
            return []
        there = {contact.peer for contact in host.node.contacts.proven() if contact.state == UP}
        others = [one for one in self.hosts if one.public in there and one.up]
        return [one for one in others if self.network.reaches(host, one)]

    @staticmethod
    def _come(host: Host) -> None:
        """Start a host, unless a fault has ended with its start."""
        if not host.up:
            host.boot()

    def _give(self, host: Host) -> None:
        """Give addresses to a peer without multicast: that of the one before it, and some
        others.
        """
        others = [one for one in self.hosts if one is not host]
        given = self.draw.sample(others, min(GIVEN, len(others)))
        host.given = [(one.public, one.address) for one in given]
        before = self.hosts[self.hosts.index(host) - 1]
        host.given.append((before.public, before.address))

    def _measure(self, host: Host) -> None:
        self._readings += 1
        host.measure(self._readings)
        if self.timeline.now + self.scenario.write_ms < self.scenario.troubled_ms:
            self.timeline.at(self.timeline.now + self.scenario.write_ms, self._measure, host)

    def _ask(self, host: Host) -> None:
        """Send a request to a peer that is up; sometimes to set its holder's lamp."""
        if host.up:
            contacts = host.node.contacts.proven()
            there = [c.peer for c in contacts if c.state == UP and c.peer in self._by_id]
            if there:
                target = self._by_id[self.draw.choice(there)]
                host.do(self._put, host, target)
        if self.timeline.now + self.scenario.ask_ms < self.scenario.troubled_ms:
            self.timeline.at(self.timeline.now + self.scenario.ask_ms, self._ask, host)

    def _put(self, now_ms: int, host: Host, target: Host) -> None:
        ask = host.questions.ask
        try:
            if host.number == 1:
                self._wishes += 1
                self.checks.wishes[self._wishes] = target
                message = request_for(coap.PUT, ["actuators", LAMP])
                payload = host.node.peer.kit.encode(self._wishes)
                number = ask(now_ms, target.public, message, 60, payload)
            else:
                number = ask(now_ms, target.public, request_for(coap.FETCH, ["peer"]))
        except LocalError:
            return  # all exchanges are in use
        self.checks.asked(host, number, target)

    def _calm(self) -> None:
        """Run without faults until all agree."""
        end = self.scenario.troubled_ms + self.scenario.calm_ms
        while (apart := self.apart()) or (lost := self.ground.past.lost(self.hosts)):
            if self.timeline.now >= end:
                raise Broken("the honest agree in the end" if apart else past.RULE, apart or lost)
            self.timeline.run(self.timeline.now + LOOK_MS)

    def apart(self) -> str:
        """Which honest peer lacks what of whom, or ""."""
        for host in self.hosts:
            for other in self.hosts:
                if host is other or not self._connected(host, other):
                    continue
                have = host.node.peer.feeds.next_seq(other.public)
                own = other.node.peer.feeds.own
                if own.newest is not None and have != own.next_seq:
                    return (
                        f"{host.label} has {other.label} up to {have - 1}, not {own.next_seq - 1}"
                    )
        return self._apart_on_liars()

    def _apart_on_liars(self) -> str:
        """Which honest peers disagree on where a forked feed ends, or ""."""
        found: dict[bytes, tuple[Host, int]] = {}
        for host in self.hosts:
            for author, feed in host.node.peer.feeds.foreign.items() if host.up else ():
                if feed.fork is None:
                    continue
                first, seq = found.setdefault(author, (host, feed.fork[0]))
                if seq != feed.fork[0]:
                    return f"{host.label} and {first.label} see a feed fork at different places"
        for host in self.hosts:
            for author, (first, seq) in found.items() if host.up else ():
                held = host.node.peer.feeds.foreign.get(author)
                if held is not None and held.fork is None and self._connected(host, first):
                    return (
                        f"{host.label} does not know of the fork that {first.label} saw at {seq}"
                    )
        return ""

    def _connected(self, one: Host, other: Host) -> bool:
        """Whether one peer's entries should reach another: directly, or by peers that keep
        them.
        """
        if not (one.up and other.up):
            return False
        return self.scenario.keeping or self.network.reaches(other, one)
