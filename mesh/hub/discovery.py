"""DNS-SD by zeroconf, which shares port 5353 with the system's own responder (docs/protocol.md
section 5).
"""

import asyncio
import contextlib
import errno
import functools
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from zeroconf import Error, InterfaceChoice, IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from mesh.core import ids
from mesh.core.errors import LocalError, RemoteError
from mesh.core.limits import Limits
from mesh.core.primitives import Guard
from mesh.hub.interfaces import Address, Local, normal, rank, reachable

TYPE = "_othermesh._udp.local."
PORT = 5353
RESOLVE_MS = 3000
MOST_LABEL, MOST_NAME = 63, 255  # bytes (RFC 1035 s.2.3.4)
# names that are looked up at once; who is left out comes again by its next announcement
RESOLVING = 64


OFF = "switched off in the settings"


class Layer(NamedTuple):
    """One way of finding peers. Where it is not active, or only half, `reason` says why."""

    name: str
    active: bool
    reason: str


def layers(wanted: Sequence[str], no_dns_sd: str | None, deaf: str | None) -> list[Layer]:
    """All ways of finding peers: those of the settings, and the reasons against two of them."""
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
    """Announces one peer and looks for others.

    candidate(peer id, addresses) is called for each that is announced, best address first;
    withdrawn(peer id) when it takes that back. Nothing of it is proven.
    """

    def __init__(
        self,
        peer: bytes,
        port: int,
        candidate: Callable[[bytes, list[Address]], None],
        withdrawn: Callable[[bytes], None],
        limits: Limits,
        guard: Guard | None = None,
    ) -> None:
        self._guard = guard or Guard()
        self._peer = peer
        self._port = port
        self._candidate = candidate
        self._withdrawn = withdrawn
        self._limits = limits
        self._locals: list[Local] = []
        self._ids: dict[str, bytes] = {}
        self._resolving: dict[str, asyncio.Task[None]] = {}
        self._announcing: set[asyncio.Future[object]] = set()
        self._zeroconf: AsyncZeroconf | None = None
        self._browser: AsyncServiceBrowser | None = None

    async def start(self, locals_: list[Local], interfaces: Sequence[str] | None) -> None:
        """Announce this peer at these addresses, on all interfaces or those given. LocalError:
        5353 cannot be had.
        """
        self._locals = locals_
        _check_port()
        try:
            self._zeroconf = _open(interfaces, locals_)
        except OSError as error:
            raise LocalError(f"port {PORT}: {error.strerror}") from error
        announced = await self._zeroconf.async_register_service(
            self._info(), cooperating_responders=True
        )
        self._keep(announced)
        self._browser = AsyncServiceBrowser(self._zeroconf.zeroconf, TYPE, [self._on_change])

    async def update(self, locals_: list[Local]) -> None:
        """Announce other addresses, after interfaces came or went."""
        self._locals = locals_
        if self._zeroconf is not None:
            await self._zeroconf.async_update_interfaces()
            self._keep(await self._zeroconf.async_update_service(self._info()))

    async def stop(self) -> None:
        """Say goodbye and close."""
        tasks: list[asyncio.Future[Any]] = [*self._resolving.values(), *self._announcing]
        for task in tasks:
            task.cancel()
        if self._browser is not None:
            await self._browser.async_cancel()
        if self._zeroconf is not None:
            zeroconf, self._zeroconf = self._zeroconf, None
            await zeroconf.async_close()

    def _keep(self, announced: Awaitable[object]) -> None:
        task = asyncio.ensure_future(announced)
        self._announcing.add(task)
        task.add_done_callback(self._announcing.discard)

    def _info(self) -> AsyncServiceInfo:
        text = ids.to_text(self._peer)
        short = text[: ids.INSTANCE]
        return AsyncServiceInfo(
            TYPE,
            f"{short}.{TYPE}",
            port=self._port,
            properties={"v": "1", "id": text},
            server=f"om-{short}.local.",
            parsed_addresses=[host.partition("%")[0] for host in reachable(self._locals)],
        )

    def _on_change(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        """What zeroconf calls: whatever is told in there comes from strangers."""
        self._guard("dns-sd", self._changed, zeroconf, service_type, name, state_change)

    def _changed(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if state_change is ServiceStateChange.Removed:
            if (peer := self._ids.pop(name, None)) is not None:
                self._withdrawn(peer)
            return
        try:
            info = AsyncServiceInfo(service_type, name)
        except Error:  # a name that is none, or none of this type
            _forget(zeroconf, name)
            return
        if not _can_be_sent(name):
            _forget(zeroconf, name)
            return
        if info.load_from_cache(zeroconf):
            self._found(info)
        elif name not in self._resolving and len(self._resolving) < RESOLVING:
            task = asyncio.ensure_future(self._resolve(zeroconf, info))
            self._resolving[name] = task
            task.add_done_callback(functools.partial(self._resolved, name))

    async def _resolve(self, zeroconf: Zeroconf, info: AsyncServiceInfo) -> None:
        with contextlib.suppress(Error):  # what was told of it cannot even be asked for
            if await info.async_request(zeroconf, RESOLVE_MS):
                self._found(info)

    def _resolved(self, name: str, task: asyncio.Task[None]) -> None:
        self._resolving.pop(name, None)
        if not task.cancelled():
            self._guard("dns-sd", task.result)

    def _found(self, info: AsyncServiceInfo) -> None:
        peer = _peer_of(info)
        if peer is None or peer == self._peer or not info.port:
            return
        hosts = []
        for host in info.parsed_scoped_addresses():
            try:
                hosts.append(normal(host))
            except ValueError:
                continue  # an address whose interface went meanwhile
        if info.name not in self._ids and len(self._ids) >= self._limits.candidates:
            self._ids.pop(next(iter(self._ids)))
        self._ids[info.name] = peer
        best = rank(hosts, self._locals)[: self._limits.peer_addresses]
        self._candidate(peer, [(host, info.port) for host in best])


def _can_be_sent(name: str) -> bool:
    """Whether zeroconf can write a name (RFC 1035 s.2.3.4): what was no UTF-8 became longer."""
    labels = name.encode(errors="replace").split(b".")
    longest, whole = max(map(len, labels)), sum(map(len, labels)) + len(labels)
    return longest <= MOST_LABEL and whole <= MOST_NAME


def _forget(zeroconf: Zeroconf, name: str) -> None:
    """Take a name that cannot be sent out of what zeroconf knows: else it fails whenever it asks
    for our services, as it tells which it knows already (RFC 6762 s.7.1).
    """
    known = zeroconf.cache.async_entries_with_name(TYPE)
    told = [record for record in known if getattr(record, "alias", "") == name]
    zeroconf.cache.async_remove_records(told)


def _peer_of(info: AsyncServiceInfo) -> bytes | None:
    properties = info.properties
    if properties.get(b"v") != b"1":
        return None
    try:
        return ids.from_text((properties.get(b"id") or b"").decode("ascii"))
    except (RemoteError, UnicodeError):
        return None


def _check_port() -> None:
    """Raise LocalError if another program has port 5353 for itself. (zeroconf itself would log
    that, too.)
    """
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


def _open(interfaces: Sequence[str] | None, locals_: list[Local]) -> AsyncZeroconf:
    if interfaces is not None:
        return AsyncZeroconf(list(interfaces))
    if any(local.is_v6 for local in locals_):
        try:
            return AsyncZeroconf(InterfaceChoice.All, ip_version=IPVersion.All)
        except OSError:  # IPv6 is there, but not for multicast
            pass
    return AsyncZeroconf(InterfaceChoice.All, ip_version=IPVersion.V4Only)
