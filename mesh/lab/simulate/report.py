"""Measures a simulated mesh without faults: how fast entries spread, and at what cost."""

import gc
import time
from collections.abc import Iterator
from typing import Any

import psutil

from mesh.lab.simulate.host import Host
from mesh.lab.simulate.scenario import Scenario, Weather
from mesh.lab.simulate.world import World

MEET_MS = 40_000  # time for discovery
UP_MS = 10_000  # time within which all are switched on
PAUSE_MS = 1000  # interval of new entries
ENTRIES = 20
LOOK_MS = 30_000  # time after the last entry
SELDOM = 64  # steps between checks of caps, rare as there is no attacker here
WEATHER = Weather(multicast=False, delay_ms=2, jitter_ms=6)


class Spread(World):
    """Peers that each know a few others, and new entries by some: when does each peer have
    them?
    """

    def __init__(self, peers: int, seed: int) -> None:
        gc.collect()
        self._before = psutil.Process().memory_info().rss
        super().__init__(Scenario(seed, peers, topology="unicast", weather=WEATHER))
        self.checks.every = SELDOM
        self.log.wanted = False
        self._by_author: dict[bytes, list[tuple[int, int]]] = {}  # seq, when it was written
        self._took: list[int] = []

    def measured(self) -> dict[str, Any]:
        """Run it, and measure."""
        wall = time.perf_counter()
        at = self.timeline.at
        for host in self.hosts:
            host.told = self._told
            self._give(host)
            at(self.draw.randrange(UP_MS), host.boot)
        self.timeline.run(MEET_MS)
        met = self._sent()
        authors = [self.draw.choice(self.hosts) for _ in range(ENTRIES)]
        for number, host in enumerate(authors):
            at(MEET_MS + number * PAUSE_MS, self._write, host, number)
        self.timeline.run(MEET_MS + ENTRIES * PAUSE_MS + LOOK_MS)
        datagrams, size = (new - old for new, old in zip(self._sent(), met, strict=True))
        seconds = (self.timeline.now - MEET_MS) / 1000
        peers = len(self.hosts)
        memory = psutil.Process().memory_info().rss - self._before
        took = sorted(self._took)
        return {
            "peers": peers,
            "known_share": len(took) / (ENTRIES * (peers - 1)),
            "median_ms": _at(took, 0.5),
            "p95_ms": _at(took, 0.95),
            "worst_ms": _at(took, 1),
            "datagrams_per_peer_s": datagrams / peers / seconds,
            "bytes_per_peer_s": size / peers / seconds,
            "bytes_per_peer_meeting": met[1] / peers,
            "memory_per_peer": memory / peers,
            "steps": self.timeline.steps,
            "pretend_s": self.timeline.now / 1000,
            "wall_s": time.perf_counter() - wall,
        }

    def _write(self, host: Host, number: int) -> None:
        host.measure(number)
        seq = host.node.peer.feeds.own.next_seq - 1
        self._by_author.setdefault(host.public, []).append((seq, self.timeline.now))

    def _told(self, _: Host, author: bytes, seqs: list[int]) -> None:
        for seq, when in self._by_author.get(author, ()):
            if seq in seqs:
                self._took.append(self.timeline.now - when)

    def _sent(self) -> tuple[int, int]:
        return sum(h.sent for h in self.hosts), sum(h.sent_bytes for h in self.hosts)


def _at(values: list[int], share: float) -> int | None:
    return values[min(len(values) - 1, int(len(values) * share))] if values else None


def measure(peers: int, seed: int) -> dict[str, Any]:
    """A row of the report, for a mesh of `peers` peers."""
    return Spread(peers, seed).measured()


def sizes(text: str) -> Iterator[int]:
    """Parse "10,100"; ValueError if it is invalid."""
    for word in text.split(","):
        number = int(word)
        if not 2 <= number <= 65_535:  # noqa: PLR2004 - addresses are numbered
            raise ValueError(word)
        yield number
