"""DNS-SD on every interface of a desktop, beside the system's own responder on port 5353
(docs/protocol.md section 5).
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence
from typing import NamedTuple

from zeroconf.asyncio import AsyncServiceInfo

from mesh.core import peer_id
from mesh.core.errors import LocalError, RemoteError
from mesh.core.kit import Guard
from mesh.core.limits import Limits
from mesh.hub.net.announcer import SHARED, TYPE, Announcer, Shared, Way, valid_on, ways
from mesh.hub.net.interfaces import Address, Local

PORT = 5353
OFF = "switched off in the settings"


class Layer(NamedTuple):
    """A way of finding peers. `reason`: why it does not work, or only half."""

    name: str
    active: bool
    reason: str


def layers(wanted: Sequence[str], no_dns_sd: str | None, deaf: str | None) -> list[Layer]:
    """All ways of finding peers: those of the settings, with the reasons against two of them."""
    query = "query" in wanted and no_dns_sd is not None
    group = "group" in wanted
    heard = f"asks, but does not hear others ask: {deaf}" if deaf else ""
    return [
        Layer("dns-sd", no_dns_sd is None, no_dns_sd or ""),
        Layer("query", query, "" if query else OFF if no_dns_sd else "dns-sd does more"),
        Layer("group", group, heard if group else OFF),
        Layer("peers", True, ""),
    ]


class Discovery:
    """Announces one peer and browses for others.

    candidate(peer id, addresses) is called for each peer announced on an interface, best address
    first; withdrawn(peer id) when it is withdrawn on all. Nothing of that is verified. `zeroconf`:
    a program's instance to use instead of our own; it is not closed.
    """

    def __init__(  # noqa: PLR0913 - whom it tells of what
        self,
        peer: bytes,
        port: int,
        candidate: Callable[[bytes, list[Address]], None],
        withdrawn: Callable[[bytes], None],
        limits: Limits,
        guard: Guard | None = None,
        *,
        zeroconf: Shared | None = None,
    ) -> None:
        self._shared = zeroconf
        self._guard = guard or Guard()
        self._peer = peer
        self._port = port
        self._candidate = candidate
        self._withdrawn = withdrawn
        self._limits = limits
        self._announcers: dict[Way, Announcer] = {}
        self._ids: dict[tuple[Way, str], bytes] = {}
        self._changing = asyncio.Lock()

    async def start(self, locals_: Sequence[Local]) -> None:
        """Announce this peer at these addresses, each on its own interface. LocalError if port
        5353 is taken, or no interface works.
        """
        if self._shared is None:
            _check_port()
        problem = await self._use(locals_)
        if not self._announcers:
            raise LocalError(f"port {PORT}: {problem or 'no interface here has multicast'}")

    async def update(self, locals_: Sequence[Local]) -> None:
        """Announce other addresses, after interfaces changed."""
        await self._use(locals_)

    async def stop(self) -> None:
        """Say goodbye and close."""
        announcers = list(self._announcers.values())
        self._announcers.clear()
        await asyncio.gather(*(one.close(goodbye=True) for one in announcers))

    async def _use(self, locals_: Sequence[Local]) -> str:
        """Have an announcer on each interface, with what is valid there. Gives why one could not
        be opened, or None.
        """
        problem = ""
        async with self._changing:
            wanted = ways(locals_) if self._shared is None else {SHARED: list(locals_)}
            for way in [way for way in self._announcers if way not in wanted]:
                await self._close(way)
            for way, here in wanted.items():
                info = self._info(valid_on(here, locals_))
                if way in self._announcers:
                    await self._announcers[way].update(info, here)
                    continue
                try:
                    await self._open(way, info, here)
                except LocalError as error:
                    problem = error.detail
        return problem

    async def _open(self, way: Way, info: AsyncServiceInfo, here: Sequence[Local]) -> None:
        announcer = Announcer(way, self._found, self._gone, self._guard, self._shared)
        self._announcers[way] = announcer
        try:
            await announcer.start(info, here)
        except LocalError:
            await self._close(way)
            raise

    async def _close(self, way: Way) -> None:
        for key in [key for key in self._ids if key[0] == way]:
            del self._ids[key]
        await self._announcers[way].close(goodbye=False)
        del self._announcers[way]

    def _info(self, hosts: list[str]) -> AsyncServiceInfo:
        text = peer_id.to_text(self._peer)
        short = text[: peer_id.INSTANCE]
        return AsyncServiceInfo(
            TYPE,
            f"{short}.{TYPE}",
            port=self._port,
            properties={"v": "1", "id": text},
            server=f"om-{short}.local.",
            parsed_addresses=[host.partition("%")[0] for host in hosts],
        )

    def _found(
        self, way: Way, name: str, properties: dict[bytes, bytes | None], addresses: list[Address]
    ) -> None:
        peer = _peer_of(properties)
        if peer is None or peer == self._peer:
            return
        if (way, name) not in self._ids and len(self._ids) >= self._limits.candidates:
            self._ids.pop(next(iter(self._ids)))
        self._ids[way, name] = peer
        self._candidate(peer, addresses[: self._limits.peer_addresses])

    def _gone(self, way: Way, name: str) -> None:
        peer = self._ids.pop((way, name), None)
        if peer is not None and peer not in self._ids.values():
            self._withdrawn(peer)


def _peer_of(properties: dict[bytes, bytes | None]) -> bytes | None:
    if properties.get(b"v") != b"1":
        return None
    try:
        return peer_id.from_text((properties.get(b"id") or b"").decode("ascii"))
    except (RemoteError, UnicodeError):
        return None


def _check_port() -> None:
    """LocalError if another program has port 5353 for itself. (zeroconf would log it, too.)"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            probe.bind(("", PORT))
        except OSError as error:
            reason = (
                "another program keeps it for itself"
                if error.errno == errno.EADDRINUSE
                else error.strerror
            )
            raise LocalError(f"port {PORT}: {reason}") from error
