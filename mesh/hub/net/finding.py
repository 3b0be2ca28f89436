"""Discovery on a desktop: DNS-SD, one-shot queries as a fallback, and addresses given by hand."""

import asyncio
import ipaddress
import socket
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING

from mesh.core.discovery.dnssd import OneShot
from mesh.core.errors import LocalError
from mesh.core.kit import Kit
from mesh.core.node import COAP, Node
from mesh.core.policy.settings import Profile
from mesh.hub.driver import Driver
from mesh.hub.guard import Faults
from mesh.hub.net.browser import OFF, Discovery, Layer, layers
from mesh.hub.net.interfaces import Address, core_address
from mesh.hub.profiles import amended

if TYPE_CHECKING:
    from mesh.hub.net.announcer import Shared

FIRST_S = 2.0  # first pause until a host name is looked up again; it doubles
LONGEST_S = 60.0

Given = list[tuple[bytes | None, Address]]


def sorted_out(profile: Profile) -> tuple[Profile, Given]:
    """Separate the host names among the addresses given by hand: the profile without them, and
    these.
    """
    names = [row for row in profile.peers if not _is_ip(row[1][0])]
    if not names:
        return profile, []
    return amended(profile, peers=[row for row in profile.peers if row not in names]), names


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class Finding:
    """Tells a node its own addresses, and candidates. start() and changed() need its driver."""

    def __init__(
        self,
        node: Node,
        names: Given,
        kit: Kit,
        faults: Faults,
        zeroconf: "Shared | None" = None,
    ) -> None:
        self._node = node
        self._zeroconf = zeroconf  # a program's, for DNS-SD
        self._names = names
        self._kit = kit
        self._faults = faults
        self._identity = node.peer.id
        self._driver: Driver | None = None
        self._discovery: Discovery | None = None
        self._no_dns_sd = OFF  # why there is no DNS-SD
        self._tasks: set[asyncio.Task[object]] = set()

    def layers(self, wanted: Sequence[str], deaf: str | None) -> list[Layer]:
        """The ways in which peers are found, with the reasons why some do not work."""
        return layers(wanted, None if self._discovery else self._no_dns_sd, deaf)

    async def start(self, driver: Driver, wanted: Sequence[str]) -> None:
        """Start DNS-SD, or one-shot queries from the CoAP socket if that fails."""
        self._driver = driver
        self._locate(driver)
        if self._names:
            self._spawn(self._faults.keep("names", self._look_up))
        if "dns-sd" in wanted:
            discovery = Discovery(
                self._identity,
                driver.udp.port,
                self._candidate,
                self._withdrawn,
                self._node.limits,
                self._faults,
                zeroconf=self._zeroconf,
            )
            try:
                await discovery.start(driver.udp.locals)
                self._discovery = discovery
                return
            except LocalError as error:
                self._no_dns_sd = error.detail
        if "query" in wanted:
            places = self._node.contacts.places
            oneshot = OneShot(self._node.limits, self._kit.random, self._identity, places)
            self._node.add(oneshot, COAP)

    def changed(self) -> None:
        """Handle a change of local addresses."""
        if self._driver is not None:
            self._faults("move", self._moved, self._driver)

    def _moved(self, driver: Driver) -> None:
        self._locate(driver)
        self._node.moved(driver.now())  # contacts our peers from the new address at once
        driver.settle()
        if self._discovery is not None:
            update, here = self._discovery.update, driver.udp.locals
            self._spawn(self._faults.awaited("dns-sd", update, here))

    async def stop(self) -> None:
        """Say goodbye. No more candidates follow."""
        self._driver = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        discovery, self._discovery = self._discovery, None
        if discovery is not None:
            await discovery.stop()

    def _locate(self, driver: Driver) -> None:
        where = [(local.host, local.prefix) for local in driver.udp.locals]
        self._node.contacts.places.move(where, driver.udp.port)

    def _spawn(self, work: Coroutine[object, object, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_up(self) -> None:
        """Resolve host names given by hand, repeatedly, as their addresses may change."""
        pause_s = FIRST_S
        while True:
            for peer, (host, port) in self._names:
                found = [(peer, address) for address in await addresses_of(host, port)]
                self._tell(found, "given")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_S)

    def _candidate(self, peer: bytes, addresses: list[Address]) -> None:
        self._tell([(peer, address) for address in addresses], "mdns")

    def _tell(self, found: Given, how: str) -> None:
        if self._driver is not None:
            for peer, address in found:
                self._node.candidate(self._driver.now(), peer, address, how)
            self._driver.settle()

    def _withdrawn(self, peer: bytes) -> None:
        if self._driver is not None:
            self._node.withdrawn(self._driver.now(), peer)
            self._driver.settle()


async def addresses_of(host: str, port: int) -> list[Address]:
    """The addresses of a host name now; [] if it has none."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):  # no such name, no resolver, or an invalid name
        return []
    rows = [row[4] for row in found if row[0] in (socket.AF_INET, socket.AF_INET6)]
    return [core_address(row) for row in rows]  # type: ignore[arg-type]
