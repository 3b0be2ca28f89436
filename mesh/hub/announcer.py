"""DNS-SD on one interface by zeroconf: a peer announces the addresses that are valid on that link,
and looks for others there (RFC 6762 s.6.2 and s.14).
"""

import asyncio
import contextlib
import functools
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple

from zeroconf import Error, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from mesh.core.errors import LocalError
from mesh.core.primitives import Guard
from mesh.hub.interfaces import Address, Local, hear_only, normal, rank, reachable, with_scope

GROUP = "224.0.0.251"
TYPE = "_othermesh._udp.local."
RESOLVE_MS = 3000
MOST_LABEL, MOST_NAME = 63, 255  # bytes (RFC 1035 s.2.3.4)
# names that are looked up at once on an interface; who is left out comes again by its next
# announcement
RESOLVING = 64
MOST_WAYS = 16  # interfaces


class Way(NamedTuple):
    """How datagrams leave by one interface: its number, the first of its IPv4 addresses or
    nothing, and whether by IPv6 as well.
    """

    interface: int
    host: str
    v6: bool


def ways(locals_: Iterable[Local]) -> dict[Way, list[Local]]:
    """The interfaces with their addresses; of more than MOST_WAYS those with IPv4, which boards
    need, and then the lowest numbers, which are those of real networks.
    """
    groups: dict[int | str, list[Local]] = {}
    for local in locals_:
        groups.setdefault(local.interface or local.host, []).append(local)
    found = {way: group for group in groups.values() if (way := _way(group)) is not None}
    first = sorted(found, key=lambda way: (not way.host, way))[:MOST_WAYS]
    return {way: found[way] for way in first}


def _way(group: list[Local]) -> Way | None:
    host = min((local.host for local in group if not local.is_v6), default="")
    # the kernel has no way for IPv6's multicast on loopback
    v6 = any(local.is_v6 and local.interface and not local.is_loopback for local in group)
    return Way(group[0].interface, host, v6) if host or v6 else None


def valid_on(here: Sequence[Local], everywhere: Sequence[Local]) -> list[str]:
    """The hosts to announce on the interface with the addresses `here`: these; on loopback, where
    all are this computer's, those that others reach too, if there are any.
    """
    if all(local.is_loopback for local in here):
        others = [one for one in everywhere if not (one.is_loopback or _is_scoped(one.host))]
        here = others or here
    return reachable(here)


def _is_scoped(host: str) -> bool:
    """Whether an address means nothing without its link."""
    ip = ipaddress.ip_address(host.partition("%")[0])
    return ip.version == 6 and ip.is_link_local  # noqa: PLR2004


class Announcer:
    """One interface, until close().

    found(way, name, TXT properties, addresses) is called for each that is announced there, best
    address first; gone(way, name) when it takes that back. LocalError: the interface has no
    multicast, or the port cannot be had.
    """

    def __init__(
        self,
        way: Way,
        found: Callable[[Way, str, dict[bytes, bytes | None], list[Address]], None],
        gone: Callable[[Way, str], None],
        guard: Guard,
    ) -> None:
        self._way = way
        self._found_one = found
        self._gone = gone
        self._guard = guard
        self._here: Sequence[Local] = ()
        self._resolving: dict[str, asyncio.Task[None]] = {}
        self._announcing: set[asyncio.Future[object]] = set()
        self._browser: AsyncServiceBrowser | None = None
        self._zeroconf = _open(way)

    async def start(self, info: AsyncServiceInfo, here: Sequence[Local]) -> None:
        """Announce this, and look for others. LocalError if the sockets do not start."""
        self._here = here
        zeroconf = self._zeroconf.zeroconf
        try:
            await zeroconf.async_wait_for_start()
        except (Error, OSError) as error:
            raise LocalError(f"zeroconf does not start: {error}") from error
        # an answer by unicast leaves by the socket that heard the question: of all links, else
        senders = [one.transport for one in zeroconf.engine.senders]
        for one in zeroconf.engine.readers:
            if one.transport not in senders:
                hear_only(one.sock, self._way.interface)
        # nobody is asked whether the name is taken: it is made of a key, and another interface
        # of ours may well be on this very link
        self._keep(await zeroconf.async_register_service(info, cooperating_responders=True))
        self._browser = AsyncServiceBrowser(zeroconf, TYPE, [self._on_change])

    async def update(self, info: AsyncServiceInfo, here: Sequence[Local]) -> None:
        """Announce other addresses from now on."""
        self._here = here
        self._keep(await self._zeroconf.async_update_service(info))

    async def close(self, *, goodbye: bool) -> None:
        """Close. `goodbye`: tell those on the link; not where the interface went or is opened
        anew, as another one of ours may be on the same link.
        """
        tasks: list[asyncio.Future[Any]] = [*self._resolving.values(), *self._announcing]
        for task in tasks:
            task.cancel()
        if self._browser is not None:
            await self._browser.async_cancel()
        if not goodbye:
            registry = self._zeroconf.zeroconf.registry
            registry.async_remove(registry.async_get_service_infos())
        await self._zeroconf.async_close()

    def _keep(self, announced: Awaitable[object]) -> None:
        task = asyncio.ensure_future(announced)
        self._announcing.add(task)
        task.add_done_callback(self._announcing.discard)

    def _on_change(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        """What zeroconf calls: whatever is told in there comes from strangers."""
        self._guard("dns-sd", self._changed, zeroconf, service_type, name, state_change)

    def _changed(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if state_change is ServiceStateChange.Removed:
            self._gone(self._way, name)
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
        if not info.port:
            return
        # the scope of a link-local address is this link, also where the answer came by IPv4
        link = self._way.interface
        told = info.parsed_addresses()
        hosts = [with_scope(host, link) if _is_scoped(host) else normal(host) for host in told]
        best = [(host, info.port) for host in rank(hosts, self._here)]
        self._found_one(self._way, info.name, info.properties, best)


def _open(way: Way) -> AsyncZeroconf:
    """A zeroconf of that interface alone. LocalError if it cannot be."""
    v4: list[str | int] = [way.host] if way.host else []
    both = [[*v4, way.interface], v4] if way.v6 else [v4]
    reason = ""
    for interfaces in filter(None, both):
        try:
            _check_multicast(way.host)
            return AsyncZeroconf(interfaces)
        except OSError as error:
            reason = error.strerror or str(error)
        except RuntimeError as error:  # the IPv6 address has just gone
            reason = str(error)
    raise LocalError(reason)


def _check_multicast(host: str) -> None:
    """Raise OSError if the interface with this IPv4 address has none. (zeroconf would leave a
    socket open then.)
    """
    if host:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            group = socket.inet_aton(GROUP) + socket.inet_aton(host)
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)


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
