"""This computer's addresses, and conversion between the system's and the core's form of an address
(docs/protocol.md section 7).
"""

import contextlib
import ipaddress
import socket
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import psutil

from mesh.core.errors import LocalError

Address = tuple[str, int]
SocketAddress = tuple[str, int] | tuple[str, int, int, int]

FAMILIES = (socket.AF_INET, socket.AF_INET6)
IP_MULTICAST_ALL = 49  # Linux
COAP_PORT = 5683
SYSTEM_PORTS = 1024  # ports below need root on most systems


class Local(NamedTuple):
    """An address of this computer. `host` has its %scope if link-local; `interface`: the number of
    its interface.
    """

    host: str
    interface: int
    prefix: int  # prefix length of the network

    @property
    def is_v6(self) -> bool:
        """Whether this is an IPv6 address."""
        return ":" in self.host

    @property
    def bare(self) -> str:
        """The address without its scope."""
        return self.host.partition("%")[0]

    @property
    def is_loopback(self) -> bool:
        """Whether it is a loopback address."""
        return ipaddress.ip_address(self.bare).is_loopback


def local_addresses(wanted: Sequence[str] | None = None) -> list[Local]:
    """The addresses of this computer: all, or those of `wanted`. LocalError if one of these is no
    IP address.
    """
    found = [
        Local(normal(entry.address), scope_id(name), _prefix(entry))
        for name, entries in psutil.net_if_addrs().items()
        for entry in entries
        if entry.family in FAMILIES
    ]
    if wanted is None:
        return sorted(found)
    hosts = {_checked(host) for host in wanted}
    return sorted(local for local in found if local.host in hosts or local.bare in hosts)


def usable(interfaces: Sequence[str] | None, port: int) -> list[Local]:
    """The local addresses to use, all or those of `interfaces`. LocalError if there is none, or
    this user may not open the port. No socket stays open.
    """
    wanted = local_addresses(interfaces)
    if not wanted:
        raise nowhere(interfaces)
    if 0 < port < SYSTEM_PORTS:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except PermissionError as error:
                raise LocalError(
                    f"port {port} is for the system alone: this user may not open those below "
                    f"{SYSTEM_PORTS}",
                    f"choose a larger one, such as {COAP_PORT}, which CoAP has, or 0",
                ) from error
            except OSError:
                pass  # taken: another port is used then
    return wanted


def nowhere(interfaces: Sequence[str] | None) -> LocalError:
    """The error if no socket can be opened."""
    named = ", ".join(interfaces or ())
    there = ", ".join(sorted({local.host for local in local_addresses()}))
    return LocalError(
        f"no socket could be opened on {named or 'any interface'}",
        f"this computer has: {there}" if there else "it has no address: is it in a network?",
    )


def _prefix(entry: Any) -> int:  # noqa: ANN401 - psutil does not name this type
    if not entry.netmask:
        return 32 if entry.family == socket.AF_INET else 128
    return int(ipaddress.ip_address(entry.netmask)).bit_count()


def _checked(host: str) -> str:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError as error:
        raise LocalError(
            f"'{host}' is not the IP address of an interface", _addresses_of(host)
        ) from error
    return host


def _addresses_of(name: str) -> str:
    """What to write instead of an interface's name or a misspelt one."""
    every = psutil.net_if_addrs()
    own = [entry.address for entry in every.get(name, []) if entry.family in FAMILIES]
    if own:
        return f"{name} has {', '.join(own)}"
    listed = local_addresses()
    return f"this computer has: {', '.join(sorted({one.host for one in listed})) or 'none'}"


def reachable(locals_: Iterable[Local]) -> list[str]:
    """The hosts to announce: those that others can reach; loopback only if there is nothing
    else.
    """
    every = list(locals_)
    return [local.host for local in every if not local.is_loopback] or [
        local.host for local in every
    ]


def rank(hosts: Iterable[str], locals_: Iterable[Local]) -> list[str]:
    """Sort hosts by the order in which to try them: those in our networks first, IPv4 before
    IPv6.
    """
    networks = [ipaddress.ip_network(f"{one.bare}/{one.prefix}", strict=False) for one in locals_]

    def order(host: str) -> tuple[bool, bool]:
        ip = ipaddress.ip_address(host.partition("%")[0])
        return (not any(ip in network for network in networks), ":" in host)

    return sorted(hosts, key=order)


def with_scope(host: str, scope: int) -> str:
    """An IPv6 host whose scope is the name of an interface instead of its number."""
    if not scope:
        return host
    try:
        return f"{host}%{socket.if_indextoname(scope)}"
    except OSError:
        return f"{host}%{scope}"


def normal(host: str) -> str:
    """The canonical text of a host: scope by name, IPv6 in short form. ValueError if it is no IP
    address.
    """
    bare, _, scope = host.partition("%")
    text = str(ipaddress.ip_address(bare))
    return with_scope(text, scope_id(scope)) if scope else text


def scope_id(scope: str) -> int:
    """The number of an interface, by name or number; 0 if there is none."""
    if scope.isdigit():
        return int(scope)
    try:
        return socket.if_nametoindex(scope) if scope else 0
    except OSError:
        return 0


def socket_address(address: Address) -> SocketAddress:
    """Convert the core's address to a socket's."""
    host, port = address
    if ":" not in host:
        return address
    bare, _, scope = host.partition("%")
    return (bare, port, 0, scope_id(scope))


def core_address(source: SocketAddress) -> Address:
    """Convert a socket's address to the core's."""
    host, port, *more = source
    return (with_scope(host, more[-1] if more else 0), port)


def joined_only(sock: socket.socket) -> None:
    """Restrict a socket to IPv4 groups that it joined itself. By default Linux delivers those that
    any program joined on any interface.
    """
    if sys.platform.startswith("linux"):
        sock.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)


def hear_only(sock: socket.socket, interface: int) -> None:
    """Restrict a socket to one interface, for receiving and sending."""
    joined_only(sock)
    # for IPv6, Linux only checks that the group was joined anywhere. Before Linux 5.7 this needs
    # root; other systems check by themselves; and the interface may just have been removed
    if sys.platform.startswith("linux") and interface:
        with contextlib.suppress(OSError):
            name = socket.if_indextoname(interface).encode()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name + b"\0")
