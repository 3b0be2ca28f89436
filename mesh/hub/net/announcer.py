"""DNS-SD on one interface by zeroconf: announces the addresses valid there, and browses for peers
(RFC 6762 s.6.2 and s.14). Or on all interfaces, by a zeroconf of the program.
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
from mesh.core.kit import Guard
from mesh.hub.net.interfaces import Address, Local, hear_only, normal, rank, reachable, with_scope

GROUP = "224.0.0.251"
TYPE = "_othermesh._udp.local."
RESOLVE_MS = 3000
MOST_LABEL, MOST_NAME = 63, 255  # bytes (RFC 1035 s.2.3.4)
# names that are resolved at once on an interface; others follow with their next announcement
RESOLVING = 64
MOST_WAYS = 16  # most interfaces

Shared = Zeroconf | AsyncZeroconf  # of the program, which opens and closes it


class Way(NamedTuple):
    """An interface for multicast: its number, its first IPv4 address or "", and whether by IPv6
    too.
    """

    interface: int
    host: str
    v6: bool


def ways(locals_: Iterable[Local]) -> dict[Way, list[Local]]:
    """Interfaces with their addresses. Of more than MOST_WAYS, those with IPv4, as boards need,
    and the lowest numbers, as real networks have.
    """
    groups: dict[int | str, list[Local]] = {}
    for local in locals_:
        groups.setdefault(local.interface or local.host, []).append(local)
    found = {way: group for group in groups.values() if (way := _way(group)) is not None}
    first = sorted(found, key=lambda way: (not way.host, way))[:MOST_WAYS]
    return {way: found[way] for way in first}


def _way(group: list[Local]) -> Way | None:
    host = min((local.host for local in group if not local.is_v6), default="")
    # no IPv6 multicast on loopback
    v6 = any(local.is_v6 and local.interface and not local.is_loopback for local in group)
    return Way(group[0].interface, host, v6) if host or v6 else None


def valid_on(here: Sequence[Local], everywhere: Sequence[Local]) -> list[str]:
    """The hosts to announce on an interface with the addresses `here`: these. On loopback, which
    only this computer uses, also those that others reach.
    """
    if all(local.is_loopback for local in here):
        others = [one for one in everywhere if not (one.is_loopback or _is_scoped(one.host))]
        here = others or here
    return reachable(here)


def _is_scoped(host: str) -> bool:
    """Whether an address is only valid together with its link."""
    ip = ipaddress.ip_address(host.partition("%")[0])
    return ip.version == 6 and ip.is_link_local  # noqa: PLR2004


SHARED = Way(0, "", v6=False)  # all interfaces of the program's zeroconf


class Announcer:
    """DNS-SD on one interface until close(), or by `shared` on all of a program's zeroconf.

    found(way, name, TXT properties, addresses) is called for each announcement, best address
    first; gone(way, name) when one is withdrawn. LocalError if the interface has no multicast, or
    the port is taken.
    """

    def __init__(
        self,
        way: Way,
        found: Callable[[Way, str, dict[bytes, bytes | None], list[Address]], None],
        gone: Callable[[Way, str], None],
        guard: Guard,
        shared: Shared | None = None,
    ) -> None:
        self._way = way
        self._is_shared = shared is not None
        self._info: AsyncServiceInfo | None = None  # our announcement
        self._found_one = found
        self._gone = gone
        self._guard = guard
        self._here: Sequence[Local] = ()
        self._resolving: dict[str, asyncio.Task[None]] = {}
        self._announcing: set[asyncio.Future[object]] = set()
        self._browser: AsyncServiceBrowser | None = None
        self._zeroconf = _open(way) if shared is None else joined(shared)

    async def start(self, info: AsyncServiceInfo, here: Sequence[Local]) -> None:
        """Announce this peer, and browse for others. LocalError if the sockets do not start."""
        self._here = here
        zeroconf = self._zeroconf.zeroconf
        try:
            await zeroconf.async_wait_for_start()
        except (Error, OSError) as error:
            raise LocalError(f"zeroconf does not start: {error}") from error
        if not self._is_shared:
            # a unicast answer leaves by the socket that received the question
            senders = [one.transport for one in zeroconf.engine.senders]
            for one in zeroconf.engine.readers:
                if one.transport not in senders:
                    hear_only(one.sock, self._way.interface)
        self._info = info
        # no probing: the name derives from a key, and another interface of ours may be on this
        # link
        self._keep(await zeroconf.async_register_service(info, cooperating_responders=True))
        self._browser = AsyncServiceBrowser(zeroconf, TYPE, [self._on_change])

    async def update(self, info: AsyncServiceInfo, here: Sequence[Local]) -> None:
        """Announce other addresses."""
        self._here = here
        self._info = info
        self._keep(await self._zeroconf.async_update_service(info))

    async def close(self, *, goodbye: bool) -> None:
        """Close. `goodbye`: announce that; not if the interface is gone or opened anew, as another
        one of ours may be on the same link.
        """
        tasks: list[asyncio.Future[Any]] = [*self._resolving.values(), *self._announcing]
        for task in tasks:
            task.cancel()
        if self._browser is not None:
            await self._browser.async_cancel()
        if self._is_shared:
            if self._info is not None and self._zeroconf.zeroconf.started:
                await (await self._zeroconf.async_unregister_service(self._info))
            return
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
        """Called by zeroconf. The arguments come from strangers."""
        self._guard("dns-sd", self._changed, zeroconf, service_type, name, state_change)

    def _changed(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if state_change is ServiceStateChange.Removed:
            self._gone(self._way, name)
            return
        try:
            info = AsyncServiceInfo(service_type, name)
        except Error:  # an invalid name, or one of another type
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
        with contextlib.suppress(Error):  # its name cannot be sent in a query
            if await info.async_request(zeroconf, RESOLVE_MS):
                self._found(info)

    def _resolved(self, name: str, task: asyncio.Task[None]) -> None:
        self._resolving.pop(name, None)
        if not task.cancelled():
            self._guard("dns-sd", task.result)

    def _found(self, info: AsyncServiceInfo) -> None:
        if not info.port:
            return
        # the scope of a link-local address is this link, even if the answer came by IPv4
        link = self._way.interface
        told = info.parsed_scoped_addresses() if self._is_shared else info.parsed_addresses()
        hosts = [
            with_scope(host, link) if _is_scoped(host) and "%" not in host else normal(host)
            for host in told
        ]
        best = [(host, info.port) for host in rank(hosts, self._here)]
        self._found_one(self._way, info.name, info.properties, best)


def _open(way: Way) -> AsyncZeroconf:
    """A zeroconf for one interface. LocalError if it fails."""
    v4: list[str | int] = [way.host] if way.host else []
    both = [[*v4, way.interface], v4] if way.v6 else [v4]
    reason = ""
    for interfaces in filter(None, both):
        try:
            _check_multicast(way.host)
            return AsyncZeroconf(interfaces)
        except OSError as error:
            reason = error.strerror or str(error)
        except RuntimeError as error:  # the IPv6 address has just been removed
            reason = str(error)
    raise LocalError(reason)


def joined(shared: Shared) -> AsyncZeroconf:
    """Wrap a program's zeroconf for the running loop. LocalError if it runs in another loop."""
    ours = shared if isinstance(shared, AsyncZeroconf) else AsyncZeroconf(zc=shared)
    if ours.zeroconf.loop not in (None, asyncio.get_running_loop()):
        raise LocalError(
            "this zeroconf runs in another event loop than the peer",
            "make it where the peer runs: AsyncZeroconf() in a coroutine",
        )
    return ours


def _check_multicast(host: str) -> None:
    """OSError if the interface with this IPv4 address has no multicast. (zeroconf would then leave
    a socket open.)
    """
    if host:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            group = socket.inet_aton(GROUP) + socket.inet_aton(host)
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)


def _can_be_sent(name: str) -> bool:
    """Whether zeroconf can encode a name (RFC 1035 s.2.3.4): replaced bytes that are not UTF-8
    make it longer.
    """
    labels = name.encode(errors="replace").split(b".")
    longest, whole = max(map(len, labels)), sum(map(len, labels)) + len(labels)
    return longest <= MOST_LABEL and whole <= MOST_NAME


def _forget(zeroconf: Zeroconf, name: str) -> None:
    """Remove a name that cannot be sent from zeroconf's cache. Otherwise each of its queries for
    our services fails, as it lists known answers (RFC 6762 s.7.1).
    """
    known = zeroconf.cache.async_entries_with_name(TYPE)
    told = [record for record in known if getattr(record, "alias", "") == name]
    zeroconf.cache.async_remove_records(told)
