"""Chooses the socket for a datagram: the one to which the other side wrote, else by the system's
route.
"""

import errno
import ipaddress
import socket
from collections.abc import Callable, Mapping

from mesh.hub.net.interfaces import Address, Local, SocketAddress, core_address, socket_address

Send = Callable[[bytes, SocketAddress], object]
Route = tuple[Send, SocketAddress]

MOST = 8192  # cached addresses; the cache is cleared when it is full


class Endpoint:
    """A bound socket. `local` is None for the one that only receives from the group."""

    def __init__(self, sock: socket.socket, local: Local | None, channel: int) -> None:
        self.sock = sock
        self.local = local
        self.channel = channel
        self.fd = sock.fileno()
        self.is_v6 = sock.family == socket.AF_INET6
        self.send: Send = sock.sendto

    @property
    def is_alive(self) -> bool:
        """Whether the kernel still knows this socket."""
        try:
            self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        except OSError:
            return False
        return True


class Routes:
    """A cache of the socket for each address. Call clear() after sockets changed."""

    def __init__(self, endpoints: Mapping[Local, Endpoint]) -> None:
        self._endpoints = endpoints
        self._known: dict[Address, Route] = {}
        self._sources: dict[SocketAddress, Address] = {}

    def heard(self, endpoint: Endpoint, source: SocketAddress) -> Address:
        """The core's address for the source of a datagram. Answers will leave by that socket."""
        address = self._source(source) if endpoint.is_v6 else source[:2]
        if endpoint.local is not None:
            route = self._known.get(address)
            if route is None or route[0] is not endpoint.send:
                self._keep(address, (endpoint.send, source))
        return address

    def find(self, address: Address) -> Route:
        """How to send to an address: (function, target); call function(data, target)."""
        return self._known.get(address) or self._choose(address)

    def forget(self, address: Address) -> None:
        """Drop an address from the cache."""
        self._known.pop(address, None)

    def clear(self) -> None:
        """Empty the cache."""
        self._known.clear()
        self._sources.clear()

    def _source(self, source: SocketAddress) -> Address:
        address = self._sources.get(source)
        if address is None:
            if len(self._sources) >= MOST:
                self._sources.clear()
            address = self._sources[source] = core_address(source)
        return address

    def _keep(self, address: Address, route: Route) -> Route:
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[address] = route
        return route

    def _choose(self, address: Address) -> Route:
        is_v6 = ":" in address[0]
        try:
            target = socket_address(address)
            multicast = ipaddress.ip_address(target[0]).is_multicast
        except ValueError:
            return _unreachable, address
        if multicast:
            return self._keep(address, (self._send_everywhere, target))
        ours = [e for e in self._endpoints.values() if e.is_v6 == is_v6]
        if len(ours) > 1:
            host = _source_for(target, is_v6)
            ours = [e for e in ours if e.local is not None and e.local.bare == host] or ours
        return self._keep(address, (ours[0].send, target)) if ours else (_unreachable, target)

    def _send_everywhere(self, data: bytes, target: SocketAddress) -> None:
        """Send to a group from every interface. OSError if none of them could."""
        error: OSError | None = OSError(errno.ENETUNREACH, "no interface for it")
        is_v6 = ":" in target[0]
        for endpoint in list(self._endpoints.values()):
            if endpoint.is_v6 == is_v6:
                try:
                    endpoint.send(data, target)
                    error = None
                except OSError:  # no multicast there, or the interface is down
                    continue
        if error is not None:
            raise error


def _source_for(target: SocketAddress, is_v6: bool) -> str:
    """The local address that the system's routing chooses for a target. Nothing is sent."""
    family = socket.AF_INET6 if is_v6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(target)
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def _unreachable(data: bytes, target: SocketAddress) -> None:
    raise OSError(errno.ENETUNREACH, "no interface for it")
