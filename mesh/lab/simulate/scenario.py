"""Scenarios of the simulation: drawn from the seed, and described in words."""

import random
from dataclasses import asdict, dataclass, replace
from typing import Any

from mesh.lab.simulate.keys import dice

TROUBLES = ("cut", "deaf", "crash", "wipe", "move", "full", "torn", "sleep", "clock")
RESTORED = "restored"  # only if others can be reached, which know what was signed
LIARS = (
    "clone", "forger", "endless", "replayer", "flooder", "stranger", "spoofer", "slanderer",
    "notifier", "false clock", "sybils",
)  # fmt: skip
# who lies about agreements, in scenarios that have any
TONGUES = ("two-tongued", "forked tongue", "proposer", "babbler")
THIEF = "thief"  # in scenarios of its own, in which desktops witness
START_MS = 8000  # time within which all start
FIRST_MS = 12_000  # when faults begin
FEW = 10  # number of peers that a board can follow each by a link
CROWD = 0.04  # share of scenarios with many peers
RELATING = 0.12  # share of scenarios in which peers make agreements
AGREED_MS = 120_000  # when faults and readings end in those, as agreeing takes its time
THEFTS = 0.06  # share of scenarios with a thief
LATER = 0.15  # share of peers with a later version


@dataclass(frozen=True)
class Weather:
    """What the network does to datagrams: probabilities, and ms."""

    multicast: bool = True
    loss: float = 0.0
    delay_ms: int = 2
    jitter_ms: int = 0
    duplicates: float = 0.0
    reordering: float = 0.0
    late_ms: int = 400
    overheard: float = 0.05  # by a liar on the network

    @property
    def gentle(self) -> bool:
        """Whether nothing is lost, duplicated or delayed."""
        return not (self.loss or self.reordering or self.duplicates)


@dataclass(frozen=True)
class Trouble:
    """A fault of some peers (by number), from one time to another (ms)."""

    kind: str
    who: tuple[int, ...]
    at_ms: int
    until_ms: int
    size: int = 0  # error of a clock in ms


@dataclass(frozen=True)
class Scenario:
    """All that a seed decides. Peers are numbered from 1; the first `desktops` ones are
    desktops.
    """

    seed: int
    peers: int
    desktops: int = 0
    topology: str = "lan"  # or "unicast": no multicast, some addresses given by hand; "bridge"
    weather: Weather = Weather()
    keeping: bool = True  # whether boards keep others' feeds, too; desktops always do
    write_ms: int = 3000  # interval of readings
    ask_ms: int = 4000  # interval of requests
    troubled_ms: int = 45_000  # when faults and readings end
    calm_ms: int = 400_000  # time by which all have to agree
    troubles: tuple[Trouble, ...] = ()
    liars: tuple[str, ...] = ()
    rates: tuple[int, ...] = ()  # speed of each clock, in millionths
    forgetful: tuple[int, ...] = ()  # peers without a journal
    later: tuple[int, ...] = ()  # peers with a later version of the protocol
    newcomer: int = 0  # a peer that comes after a thief
    relating: bool = False  # whether they make agreements
    tongues: tuple[str, ...] = ()  # who lies about them
    scarce: bool = (
        False  # tables have room for the honest and a few more, who are followed by name
    )

    def told(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def words(self) -> list[str]:
        """In words, one line each."""
        weather = self.weather
        keepers = "all keep all" if self.keeping else "only desktops keep what others write"
        lines = [
            f"{self.peers} peers, {self.desktops} of them desktops, {self.topology}; {keepers}",
            f"delay {weather.delay_ms}-{weather.delay_ms + weather.jitter_ms} ms,"
            f" loss {weather.loss:.0%}, duplicates {weather.duplicates:.0%},"
            f" out of order {weather.reordering:.0%}",
            f"a reading every {self.write_ms} ms, a question every {self.ask_ms} ms,"
            f" until {self.troubled_ms} ms",
        ]
        for one in self.troubles:
            who = " ".join(map(str, one.who))
            lines.append(f"{one.kind} of {who}, {one.at_ms} to {one.until_ms} ms")
        if self.later:
            lines.append("of a later version: " + " ".join(map(str, self.later)))
        if self.scarce:
            lines.append("tables have little room; the honest follow each other by name")
        if self.newcomer:
            lines.append(f"{self.newcomer} comes late; the desktops chose each other")
        if self.relating:
            lines.append(
                "they make agreements; who lies about them: "
                + (", ".join(self.tongues) or "nobody")
            )
        if self.liars:
            lines.append("liars: " + ", ".join(self.liars))
        return lines


def draw(seed: int) -> Scenario:
    """The scenario of a seed."""
    dices = dice("scenario", seed)
    peers = dices.randint(3, 6)
    if dices.random() < CROWD:
        peers = dices.randint(8, 16)
    topology = dices.choice(("lan", "lan", "lan", "unicast", "bridge"))
    desktops = dices.randint(0, peers // 2)
    crowd = peers > FEW and not desktops  # else nobody would keep all that each follows
    scenario = Scenario(
        seed,
        peers,
        desktops=desktops,
        topology=topology,
        weather=_weather(dices, topology),
        keeping=topology == "bridge" or crowd or dices.random() < 0.6,  # noqa: PLR2004
        write_ms=dices.choice((1000, 3000, 6000)),
        ask_ms=dices.choice((2000, 5000)),
        rates=_rates(dices, peers),
        forgetful=tuple(n for n in range(1, peers + 1) if dices.random() < 0.1),  # noqa: PLR2004
    )
    troubles = tuple(_trouble(dices, scenario) for _ in range(dices.choice((0, 1, 2, 3, 4))))
    liars = tuple(dices.choice(LIARS) for _ in range(dices.choice((0, 0, 1, 1, 2))))
    if not troubles and scenario.weather.gentle and dices.random() < 0.5:  # noqa: PLR2004
        troubles = (_restored(dices, scenario),)
    scarce = peers <= FEW and dices.random() < 0.2  # noqa: PLR2004
    later = dice("later", seed)  # a separate stream, so that older seeds are unchanged
    others = tuple(n for n in range(1, peers + 1) if later.random() < LATER)
    made = replace(scenario, troubles=troubles, liars=liars, scarce=scarce, later=others)
    if dice("thief", seed).random() < THEFTS:
        return _with_thief(made)
    return _with_relations(made)


def _with_relations(scenario: Scenario) -> Scenario:
    """Have the peers of some scenarios make agreements."""
    few = scenario.peers <= FEW and dice("relations", scenario.seed).random() < RELATING
    return agreeing(scenario) if few else scenario


def agreeing(scenario: Scenario) -> Scenario:
    """The same scenario, in which the peers make agreements, and some lie about them."""
    dices = dice("relations", scenario.seed)
    dices.random()  # whether they do, if nobody asks for it
    tongues = tuple(dices.choice(TONGUES) for _ in range(dices.choice((0, 1, 1, 2))))
    return replace(scenario, relating=True, tongues=tongues, troubled_ms=AGREED_MS)


def _with_thief(scenario: Scenario) -> Scenario:
    """Change a scenario to one with a thief and three desktops, the last of which comes late."""
    peers = max(scenario.peers, 4)
    troubles = [t for t in scenario.troubles if t.kind != RESTORED]
    liars = [liar for liar in scenario.liars if liar != "sybils"]  # they hide all from a newcomer
    return replace(
        scenario,
        peers=peers,
        desktops=3,
        newcomer=3,
        keeping=True,
        scarce=False,
        rates=(scenario.rates * 2)[:peers],
        troubles=tuple(troubles),
        liars=(*liars, THIEF),
    )


def _weather(dices: random.Random, topology: str) -> Weather:
    multicast = topology != "unicast"
    kind = dices.choice(("fine", "fine", "lossy", "wild"))
    if kind == "fine":
        return Weather(multicast, delay_ms=dices.choice((1, 3, 10)))
    if kind == "lossy":
        return Weather(multicast, loss=dices.choice((0.01, 0.05, 0.2)), delay_ms=5, jitter_ms=20)
    return Weather(
        multicast,
        loss=dices.choice((0.0, 0.05, 0.1)),
        delay_ms=dices.choice((5, 50)),
        jitter_ms=dices.choice((0, 50)),
        duplicates=dices.choice((0.0, 0.1, 0.3)),
        reordering=dices.choice((0.05, 0.2)),
    )


def _rates(dices: random.Random, peers: int) -> tuple[int, ...]:
    """Speeds of clocks: a quartz is good to some hundred millionths; the oscillator of a sleeping
    board is not.
    """
    if dices.random() < 0.7:  # noqa: PLR2004 - mostly nothing is wrong with clocks
        return ()
    return tuple(dices.choice((1_000_000, 1_000_100, 970_000, 1_030_000)) for _ in range(peers))


def _trouble(dices: random.Random, scenario: Scenario) -> Trouble:
    kind = dices.choice(TROUBLES)
    everybody = range(1, scenario.peers + 1)
    count = dices.randint(1, scenario.peers - 1) if kind == "cut" else dices.choice((1, 1, 2))
    who = tuple(sorted(dices.sample(everybody, count)))
    at_ms = dices.randrange(FIRST_MS, scenario.troubled_ms - 5000)
    until_ms = min(scenario.troubled_ms, at_ms + dices.choice((500, 5000, 15_000, 40_000)))
    size = dices.choice((-3_600_000, 3_600_000, 10 * 31_536_000_000))
    return Trouble(kind, who, at_ms, until_ms, size)


def _restored(dices: random.Random, scenario: Scenario) -> Trouble:
    """A peer's disk is copied, and later put back whole."""
    at_ms = dices.randrange(FIRST_MS, scenario.troubled_ms - 20_000)
    until_ms = dices.randrange(at_ms + 8000, scenario.troubled_ms - 5000)
    return Trouble(RESTORED, (dices.randint(1, scenario.peers),), at_ms, until_ms)
