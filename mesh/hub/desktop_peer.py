"""A running desktop peer: the shared node over real sockets, and the methods that programs use."""

import asyncio
import logging
import time
import weakref
from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING

from mesh.core import peer_id as ids
from mesh.core.clock import NTP, PEERS
from mesh.core.discovery.contact import UP
from mesh.core.errors import LocalError
from mesh.core.events import Answer, PeerFound
from mesh.core.full.witnessing import KINDS
from mesh.core.kit import Identity
from mesh.core.limits import Limits
from mesh.core.policy.section_table import Sensor
from mesh.core.policy.settings import Profile
from mesh.hub import forming, lending, machine_clock
from mesh.hub.aside import to_the_end
from mesh.hub.asking import Questions
from mesh.hub.desktop_errors import Unanswered
from mesh.hub.desktop_kit import make_kit
from mesh.hub.desktop_limits import DESKTOP
from mesh.hub.desktop_node import DesktopNode
from mesh.hub.driver import Driver
from mesh.hub.guard import Faults
from mesh.hub.home import successors
from mesh.hub.home.home import Home
from mesh.hub.home.reached import Reached
from mesh.hub.home.successors import Successors
from mesh.hub.large_reads import Aside
from mesh.hub.net.browser import Layer
from mesh.hub.net.finding import Finding, sorted_out
from mesh.hub.net.interfaces import Address, reachable
from mesh.hub.offers import Offers
from mesh.hub.own import sensors
from mesh.hub.own.actuators import Device
from mesh.hub.own.doing import Doing
from mesh.hub.own.polling import Sampling
from mesh.hub.store.projecting import BUILT_IN as PROJECTIONS
from mesh.hub.store.projecting import Table as Projections
from mesh.hub.store.record import Record
from mesh.hub.store.schema import NAME as STORE
from mesh.hub.streams import Stream

if TYPE_CHECKING:
    from mesh.core.kinds.accepting import Kind
    from mesh.core.relations.partaking import Relating
    from mesh.hub.net.announcer import Shared

SUBSCRIBED = 1024  # events queued for one subscriber
CLOCK_S = 60.0

log = logging.getLogger(__name__)


class HubPeer:
    """A desktop peer in an open home. All methods are for the thread of its event loop.

    `interfaces`: IP addresses to use, all if None. `port`: UDP; a free one if it is taken.
    `sensed`: own sensors by name; None for those of the settings, or the default ones. `stays`:
    false for the short-lived peer of a command. `zeroconf`: an instance of the program, which is
    used and not closed. Where nothing is given the settings decide. `kinds`: entry kinds, and
    `projections`: their rows in the store's tables, by name of the kind (ARCHITECTURE.md, "A new
    entry kind").
    """

    def __init__(  # noqa: PLR0913 - the last four by name
        self,
        home: Home,
        profile: Profile | None = None,
        limits: Limits | None = None,
        interfaces: Sequence[str] | None = None,
        port: int | None = None,
        sensed: Mapping[str, Sensor] | None = None,
        *,
        stays: bool = True,
        zeroconf: "Shared | None" = None,
        kinds: Mapping[str, "Kind"] = KINDS,
        projections: Projections = PROJECTIONS,
    ) -> None:
        self.home = home
        profile, names = sorted_out(profile or home.profile())
        self.profile = profile
        self.limits = limits or Limits(**(DESKTOP | profile.limits))
        self._interfaces = interfaces or ([profile.interface] if profile.interface else None)
        self._port = profile.port if port is None else port
        self.stays = stays
        self._sensed = sensed if sensed is not None else (profile.sensors or sensors.default_set())
        self.broken = ""  # why this peer has to be restarted, or ""
        self.faults = Faults(self._break)
        self._kit = make_kit(guard=self.faults)
        self.node = DesktopNode(
            self._kit, home.identity, profile, self.limits, home.boots, kinds=kinds
        )
        self._finding = Finding(self.node, names, self._kit, self.faults, zeroconf)
        self.record = Record(home, profile, self.node, self.faults.report, projections)
        self.offers = Offers(self._kit, home.identity)
        self.node.peer.provide(offered=self.offers.answer)
        self._driver: Driver | None = None
        self._aside: Aside | None = None
        self.doing: Doing | None = None
        self.relating: Relating | None = None  # its part in agreements, once it is started
        self._questions = Questions(self.node, lambda: self.driver)
        self.ask = self._questions.ask
        self.get = self._questions.get
        self.observe = self._questions.observe
        self._sampled: dict[str, Sampling] = {}
        self._streams: weakref.WeakSet[Stream[object]] = weakref.WeakSet()
        self._tasks: set[asyncio.Task[object]] = set()
        self.reached = Reached(home)
        self.gone: Successors = successors.load(home.path)

    @property
    def identity(self) -> Identity:
        """The key pair of this peer."""
        return self.home.identity

    @property
    def driver(self) -> Driver:
        """The driver of the running node. LocalError while the peer is not started."""
        if self._driver is None:
            raise LocalError("this peer is not started")
        return self._driver

    @property
    def addresses(self) -> list[Address]:
        """Where this peer can be reached; loopback only if there is nothing else."""
        udp = self.driver.udp
        return [(host, udp.port) for host in reachable(udp.locals)]

    @property
    def address(self) -> Address:
        """The first of `addresses`."""
        return self.addresses[0]

    @property
    def taken(self) -> int:
        """The port that was wanted and is taken by another program; else 0."""
        return self._port if self._port not in (0, self.driver.udp.port) else 0

    @property
    def layers(self) -> list[Layer]:
        """The ways in which this peer finds others, with the reasons why some do not work."""
        return self._finding.layers(self.profile.layers, self.driver.udp.group_error)

    async def start(self) -> None:
        """Open the sockets and begin discovery. LocalError if settings or interfaces are wrong."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        readers = {name: sensors.make(sensor) for name, sensor in self._sensed.items()}
        self.faults.begin()
        self._driver = driver = Driver(
            self.node, self._on_event, self._finding.changed, self._interfaces
        )
        await self.record.open(self.limits.tail)  # before requests can come
        self.relating = await to_the_end(lambda: forming.begin(self.node, self.home.path / STORE))
        reached = await to_the_end(self.reached.load)
        driver.udp.open(self._port)
        self._aside = Aside(driver, self.faults)
        self.doing = Doing(driver, self.faults, self.profile.actuators)
        self.faults.restarts("datagram", driver.udp.reopen)
        now_ms = driver.now()
        self._set_clock(now_ms)
        await self._finding.start(driver, self.profile.layers)
        for peer, addresses in reached.items():
            for address in addresses:
                self.node.candidate(now_ms, peer, address, "last")
        if self.relating is not None:
            lending.begin(self.node, self.relating, self.pace, self.home.path, now_ms)
        self.node.start(now_ms, "group" in self.profile.layers)
        driver.settle()
        for name, reader in readers.items():
            self.sense(name, reader, self._sensed[name].every_ms)
        self._spawn(self.faults.keep("house", self._keep_house))

    async def stop(self) -> None:
        """Say goodbye, close the sockets and save last known addresses. Open requests fail."""
        if self._driver is None:
            return
        driver, self._driver = self._driver, None
        if self._aside is not None:
            self._aside.close()
        if self.doing is not None:
            self.doing.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._finding.stop()
        self.node.stop(driver.now())
        driver.close()
        self._questions.end("this peer was stopped")
        for stream in list(self._streams):
            stream.close()
        await self.record.close()
        await self.reached.save(self.node.contacts)
        self.faults.end()

    def sense(self, name: str, reader: sensors.Reader, every_ms: int) -> None:
        """Add a sensor, read every `every_ms` until this peer stops."""
        told = self.node, self.driver, self.faults, self._on_event
        self._sampled[name] = sampling = Sampling(*told, every_ms / 1000)
        self.node.add_sensor(name, reader.UNIT, every_ms)
        self._spawn(self.faults.awaited("sensor", sampling.run, name, reader))

    def pace(self, _: int, paces: Mapping[str, int]) -> None:
        """Set how often sensors are read, in ms; those that are not there, as they were set."""
        for name, sampling in self._sampled.items():
            every_ms = paces.get(name)
            sampling.pace(None if every_ms is None else every_ms / 1000)

    def act(self, name: str, device: Device, allow: Sequence[bytes] | None) -> None:
        """Add an actuator. `allow`: who may set it; None: only who introduced this peer."""
        if allow is not None:
            self.profile.allow[name] = list(allow)
        if self.doing is not None:
            self.doing.add(name, device)

    async def __aenter__(self) -> "HubPeer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _break(self, reason: str) -> None:
        self.broken = reason  # subscribers learn of it as their events end
        for stream in list(self._streams):
            stream.close()

    def _spawn(self, work: Coroutine[object, object, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(CLOCK_S)
            self._set_clock(self.now())
            self.record.look()
            await self.reached.keep(self.now(), self.node.contacts)

    def _set_clock(self, now_ms: int) -> None:
        if self.profile.machine_clock:
            kept_right = machine_clock.is_synchronised() is not False
            self.node.clock.set(now_ms, time.time_ns() // 1_000_000, NTP if kept_right else PEERS)

    def now(self) -> int:
        """Milliseconds since the start: the node's time."""
        return self.driver.now()

    def write(self, kind: str, body: object) -> int:
        """Add an entry to the own feed, as Node.write(), and announce it. Gives its seq.
        LocalError.
        """
        seq, _ = self.node.write(self.now(), kind, body)
        self.driver.settle()
        return seq

    def went_on(self, gone: "Successors") -> None:
        """Take who goes on for whom, as worked out anew from the store."""
        self.gone = gone

    def events(self, size: int = SUBSCRIBED) -> Stream[object]:
        """Subscribe to the node's events (mesh.core.events), except answers to requests.

        If a subscriber falls `size` events behind, the oldest are dropped and counted.
        """
        stream: Stream[object] = Stream(size)
        self._streams.add(stream)
        return stream

    async def wait_for_peer(self, peer_id: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait until a peer is up, with a signed answer. Unanswered after the timeout."""
        with self.events() as events:
            try:
                async with asyncio.timeout(timeout):
                    contact = self.node.contacts.get
                    while (found := contact(peer_id)) is None or found.state != UP:
                        await anext(events)
            except TimeoutError as error:
                raise Unanswered(
                    f"peer {ids.short(peer_id)} was not found in {timeout} s"
                ) from error

    def _on_event(self, event: object) -> None:
        if isinstance(event, Answer):
            self._questions.answered(event)
            return
        if isinstance(event, PeerFound):
            self.record.meet(event.peer, event.address[0])
        for stream in list(self._streams):
            stream.put(event)
