"""Connected sockets, one for each known peer, so that nobody else can fill its queue.

The kernel passes a datagram to the socket that is connected to its source, if there is one
(udp(7)). So a flood from elsewhere fills the common queue only.
"""

import contextlib
import socket
import sys
from collections.abc import Callable, Iterable, Mapping

from mesh.hub.net.interfaces import Address, Local, SocketAddress, socket_address
from mesh.hub.net.routes import Endpoint, Routes

MOST = 256
# other kernels choose differently. On Linux only sockets of one user can share a port.
IS_HERE = sys.platform == "linux"
COAP = 0


class Near:
    """The connected sockets of one peer. watch() and close() are those of its other sockets."""

    def __init__(
        self,
        endpoints: Mapping[Local, Endpoint],
        routes: Routes,
        watch: Callable[[Endpoint], Endpoint],
        close: Callable[[Endpoint], None],
    ) -> None:
        self._endpoints = endpoints
        self._routes = routes
        self._watch = watch
        self._close = close
        self._open: dict[Address, Endpoint] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, endpoint: Endpoint) -> bool:
        return endpoint in self._open.values()

    def keep(self, addresses: Iterable[Address]) -> None:
        """Have sockets for these addresses, at most MOST, and for no others."""
        wanted = list(addresses)[:MOST] if IS_HERE else []
        for address, endpoint in list(self._open.items()):
            if address not in wanted or endpoint.local not in self._endpoints:
                del self._open[address]
                self._close(endpoint)
        for address in wanted:
            if address not in self._open:
                with contextlib.suppress(OSError):  # then the common socket serves it
                    self._connect(address)

    def _connect(self, address: Address) -> None:
        send, target = self._routes.find(address)
        for local, endpoint in list(self._endpoints.items()):
            if endpoint.send == send:
                self._open[address] = self._watch(_connected(local, endpoint, target))
                return


def share(sock: socket.socket) -> None:
    """Let other sockets of ours use the port of a bound one. For other users it stays taken."""
    if IS_HERE:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def _connected(local: Local, endpoint: Endpoint, target: SocketAddress) -> Endpoint:
    sock = socket.socket(endpoint.sock.family, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(socket_address((local.host, endpoint.sock.getsockname()[1])))
        sock.connect(target)
    except OSError:
        sock.close()
        raise
    return Endpoint(sock, local, COAP)
