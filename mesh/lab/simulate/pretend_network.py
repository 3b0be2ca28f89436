"""Simulated network: reachability, loss, delay and duplication of datagrams."""

import hashlib
import random
from typing import Protocol

from mesh.core.node import COAP, GROUP, MDNS
from mesh.lab.simulate.scenario import Weather
from mesh.lab.simulate.timeline import Log, Timeline

Address = tuple[str, int]
GROUPS = {("224.0.1.187", 5683): GROUP, ("224.0.0.251", 5353): MDNS}
SEEN = 256  # datagrams that an eavesdropper remembers


class Station(Protocol):
    """Something on the network. Different `side`s are partitioned; `subnets`: where it is."""

    label: str
    address: Address
    subnets: frozenset[int]
    side: int
    up: bool
    deaf: bool
    sent: int
    sent_bytes: int

    def arrived(self, channel: int, source: Address, data: bytes) -> None:
        """Handle a datagram."""


class Network:
    """Carries datagrams between stations."""

    def __init__(
        self, timeline: Timeline, log: Log, draw: random.Random, weather: Weather
    ) -> None:
        self.weather = weather
        self.stations: dict[Address, Station] = {}
        self.tapped = False
        self.seen: list[tuple[Address, Address, bytes]] = []  # what eavesdroppers have
        self._timeline = timeline
        self._log = log
        self._draw = draw

    def join(self, station: Station) -> None:
        """Add a station at its address."""
        self.stations[station.address] = station

    def leave(self, address: Address) -> None:
        """Remove the station at an address."""
        self.stations.pop(address, None)

    @staticmethod
    def reaches(one: Station, other: Station) -> bool:
        """Whether datagrams get from one station to another."""
        return (
            other.up
            and not other.deaf
            and one.side == other.side
            and not one.subnets.isdisjoint(other.subnets)
        )

    def send(self, sender: Station, channel: int, target: Address, data: bytes) -> None:
        """Send a station's datagram to an address or a group."""
        sender.sent += 1
        sender.sent_bytes += len(data)
        source = sender.address
        if target in GROUPS:
            if self.weather.multicast:
                for address in list(self.stations):
                    if address != source:
                        self._carry(sender, source, address, GROUPS[target], data)
        elif channel == COAP:
            self._carry(sender, source, target, COAP, data)

    def spoof(self, sender: Station, source: Address, target: Address, data: bytes) -> None:
        """Send a datagram with a forged source."""
        self._carry(sender, source, target, COAP, data)

    def _carry(
        self, sender: Station, source: Address, target: Address, channel: int, data: bytes
    ) -> None:
        station = self.stations.get(target)
        if station is None or not self.reaches(sender, station):
            return
        weather, draw = self.weather, self._draw
        if self.tapped and draw.random() < weather.overheard:
            self._overhear(source, target, data)
        if weather.loss and draw.random() < weather.loss:
            return
        when = self._timeline.now + weather.delay_ms
        if weather.jitter_ms:
            when += draw.randrange(weather.jitter_ms + 1)
        if weather.reordering and draw.random() < weather.reordering:
            when += draw.randrange(weather.late_ms)
        self._timeline.at(when, self._arrive, sender, station, channel, source, data)
        if weather.duplicates and draw.random() < weather.duplicates:
            when += draw.randrange(weather.late_ms)
            self._timeline.at(when, self._arrive, sender, station, channel, source, data)

    def _overhear(self, source: Address, target: Address, data: bytes) -> None:
        if len(self.seen) < SEEN:
            self.seen.append((source, target, data))
        else:
            self.seen[self._draw.randrange(SEEN)] = (source, target, data)

    def _arrive(
        self, sender: Station, station: Station, channel: int, source: Address, data: bytes
    ) -> None:
        if not self.reaches(sender, station):
            return
        if self._log.wanted:
            what = hashlib.blake2b(data, digest_size=6).hexdigest()
            self._log.add(
                f"{self._timeline.now} {station.label} gets {len(data)} {what} from {source[0]}"
            )
        station.arrived(channel, source, data)
