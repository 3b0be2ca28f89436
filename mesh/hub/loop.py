"""A desktop peer at work: the shared node over real sockets, and what a program may ask of it."""

import asyncio
import logging
import time
import weakref
from collections.abc import Coroutine, Mapping, Sequence

from mesh.core import coap, ids
from mesh.core.asks import request_for
from mesh.core.clock import NTP, PEERS
from mesh.core.contacts import UP
from mesh.core.errors import LocalError
from mesh.core.events import Answer, PeerFound
from mesh.core.limits import Limits
from mesh.core.primitives import Identity
from mesh.core.settings import Profile, Sensor
from mesh.hub import machine_clock, sensors
from mesh.hub.aside import Aside, AsideNode
from mesh.hub.desktop import DESKTOP
from mesh.hub.discovery import Layer
from mesh.hub.doing import Doing
from mesh.hub.driver import Driver
from mesh.hub.errors import NoAnswer
from mesh.hub.faults import Faults
from mesh.hub.finding import Finding, sorted_out
from mesh.hub.home import Home
from mesh.hub.interfaces import Address, reachable
from mesh.hub.primitives import make_kit
from mesh.hub.questions import Questions
from mesh.hub.reached import Reached
from mesh.hub.sampling import Sampling
from mesh.hub.store.record import Record
from mesh.hub.streams import Stream
from mesh.hub.updates import Offers

SUBSCRIBED = 1024  # events that may wait for one listener
CLOCK_S = 60.0

log = logging.getLogger(__name__)


class HubPeer:
    """One desktop peer in an open home. All methods are for the thread of its event loop.

    `interfaces`: IP addresses to use, all if None. `port`: UDP; any free one if it is taken.
    `sensed`: the own sensors by name; None for those of the settings, or the default ones.
    Settings decide where nothing is given.
    """

    def __init__(
        self,
        home: Home,
        profile: Profile | None = None,
        limits: Limits | None = None,
        interfaces: Sequence[str] | None = None,
        port: int | None = None,
        sensed: Mapping[str, Sensor] | None = None,
    ) -> None:
        self.home = home
        profile, names = sorted_out(profile or home.profile())
        self.profile = profile
        self.limits = limits or Limits(**(DESKTOP | profile.limits))
        self._interfaces = interfaces or ([profile.interface] if profile.interface else None)
        self._port = profile.port if port is None else port
        self._sensed = sensed if sensed is not None else (profile.sensors or sensors.default_set())
        self._acting = profile.actuators if sensed is None else {}
        self.broken = ""  # why this one is to be stopped, and another started
        self.faults = Faults(self._break)
        self._kit = make_kit(guard=self.faults)
        self.node = AsideNode(self._kit, home.identity, profile, self.limits, home.boots)
        self.node.peer.kind = profile.kind
        self._finding = Finding(self.node, names, self._kit, self.faults)
        self.record = Record(home, profile, self.node, self.faults.report)
        self.offers = Offers(self._kit, home.identity)
        self.node.peer.offered = self.offers.answer
        self._driver: Driver | None = None
        self._aside: Aside | None = None
        self.doing: Doing | None = None
        self._questions = Questions(self.node, lambda: self.driver)
        self.ask = self._questions.ask
        self.get = self._questions.get
        self.observe = self._questions.observe
        self._streams: weakref.WeakSet[Stream[object]] = weakref.WeakSet()
        self._tasks: set[asyncio.Task[object]] = set()
        self.reached = Reached(home)

    @property
    def identity(self) -> Identity:
        """The key pair that signs for this peer."""
        return self.home.identity

    @property
    def measures(self) -> bool:
        """Whether this peer has sensors: one that a command runs for a moment has none."""
        return bool(self._sensed)

    @property
    def driver(self) -> Driver:
        """The running node's sockets and time. LocalError while the peer is not started."""
        if self._driver is None:
            raise LocalError("this peer is not started")
        return self._driver

    @property
    def addresses(self) -> list[Address]:
        """Where this peer can be reached: by loopback only if there is nothing else."""
        udp = self.driver.udp
        return [(host, udp.port) for host in reachable(udp.locals)]

    @property
    def address(self) -> Address:
        """The first of `addresses`."""
        return self.addresses[0]

    @property
    def taken(self) -> int:
        """The port that was wanted, and that another program has; else 0."""
        return self._port if self._port not in (0, self.driver.udp.port) else 0

    @property
    def layers(self) -> list[Layer]:
        """By what means this peer finds others, and why not by the rest."""
        return self._finding.layers(self.profile.layers, self.driver.udp.group_error)

    async def start(self) -> None:
        """Open the sockets and look for others. LocalError if settings or interfaces are wrong."""
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
        driver.udp.open(self._port)
        self._aside = Aside(driver, self.faults)
        self.doing = Doing(driver, self.faults, self._acting)
        self.faults.restarts("datagram", driver.udp.reopen)
        self.record.open(self.limits.tail)
        now_ms = driver.now()
        self._set_clock(now_ms)
        await self._finding.start(driver, self.profile.layers)
        for peer, addresses in self.reached.load().items():
            for address in addresses:
                self.node.candidate(now_ms, peer, address, "last")
        self.node.start(now_ms, "group" in self.profile.layers)
        driver.settle()
        sampling = Sampling(self.node, driver, self.faults, self._on_event)
        for name, reader in readers.items():
            every_ms = self._sensed[name].every_ms
            self.node.add_sensor(name, reader.UNIT, every_ms)
            self._spawn(self.faults.awaited("sensor", sampling.run, name, reader, every_ms / 1000))
        self._spawn(self.faults.keep("house", self._keep_house))

    async def stop(self) -> None:
        """Say goodbye, close the sockets, note who was reached where. Open questions fail."""
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
        self.node.stop(driver.now())
        driver.close()
        self.record.close()
        await self._finding.stop()
        self._questions.end("this peer was stopped")
        for stream in list(self._streams):
            stream.close()
        self.reached.save(self.node.contacts)
        self.faults.end()

    async def __aenter__(self) -> "HubPeer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _break(self, reason: str) -> None:
        self.broken = reason  # who listens to events learns so by their end
        for stream in list(self._streams):
            stream.close()

    def _spawn(self, work: Coroutine[object, object, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(CLOCK_S)
            now_ms = self.now()
            self._set_clock(now_ms)
            self.record.look()
            self.reached.keep(now_ms, self.node.contacts)

    def _set_clock(self, now_ms: int) -> None:
        if self.profile.machine_clock:
            kept_right = machine_clock.is_synchronised() is not False
            self.node.clock.set(now_ms, time.time_ns() // 1_000_000, NTP if kept_right else PEERS)

    def local_get(self, path: list[str], query: list[str], accept: int | None) -> coap.Message:
        """What this peer answers to an unsigned GET, for another door (foreign_server)."""
        request = request_for(coap.GET, path, query)
        if accept is not None:
            request.add(coap.ACCEPT, accept)
        return self.node.serving.open_reply(self.now(), request)

    def now(self) -> int:
        """Milliseconds since the start, as the node counts them."""
        return self.driver.now()

    def events(self, size: int = SUBSCRIBED) -> Stream[object]:
        """The node's events from now on (mesh.core.events), but for answers to questions.

        Of a listener that is `size` events behind the oldest are dropped, and counted.
        """
        stream: Stream[object] = Stream(size)
        self._streams.add(stream)
        return stream

    async def wait_for_peer(self, peer_id: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Return when that peer has answered, signed, and is not lost. NoAnswer after a time."""
        with self.events() as events:
            try:
                async with asyncio.timeout(timeout):
                    contact = self.node.contacts.get
                    while (found := contact(peer_id)) is None or found.state != UP:
                        await anext(events)
            except TimeoutError as error:
                raise NoAnswer(
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
