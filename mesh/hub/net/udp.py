"""UDP for one peer: a socket for each local address, so that an answer leaves where the request
came in, and one that receives from the CoAP group. Network errors and changes of interfaces never
stop it.
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterable, Sequence

from mesh.hub.net.connected import Near, share
from mesh.hub.net.interfaces import (
    Address,
    Local,
    local_addresses,
    nowhere,
    socket_address,
    usable,
)
from mesh.hub.net.routes import Endpoint, Routes

COAP = 0  # channels, as in core.node
GROUP = 1
GROUP_ADDRESS = ("224.0.1.187", 5683)  # All CoAP Nodes (RFC 7252 s.12.8)

BATCH = 32  # datagrams read before other tasks may run
TURN_S = 0.002  # time for reading one socket before the next
CROWD_SHARE = 9  # if more of strangers waits: known peers get so many times longer
CROWD_S = 0.05  # but at most that long at once
BUFFER = 1 << 20  # receive buffer: bytes queued while signatures are checked
MOST_SOCKETS = 64
REFRESH_S = 5.0  # how often interfaces and sockets are checked
DEAD = {errno.EBADF, errno.ENOTSOCK}


class Udp:
    """All sockets of one peer.

    deliver(channel, source, data) gets each datagram and gives the seconds for which that source
    has to wait; settle() is called after each batch; changed() when local addresses changed.
    `unsent` and `oversized` count what was lost.
    """

    def __init__(
        self,
        deliver: Callable[[int, Address, bytes], float],
        settle: Callable[[], None],
        changed: Callable[[], None],
        largest: int,
        interfaces: Sequence[str] | None = None,
    ) -> None:
        self._deliver = deliver
        self._settle = settle
        self._changed = changed
        self._largest = largest
        self._interfaces = interfaces
        self._loop = asyncio.get_running_loop()
        self._endpoints: dict[Local, Endpoint] = {}
        self._group: Endpoint | None = None
        self._joined: set[Local] = set()
        self._routes = Routes(self._endpoints)
        self._near = Near(self._endpoints, self._routes, self._watch, self._close)
        self._refresher: asyncio.TimerHandle | None = None
        self.port = 0
        self.group_error: str | None = "not opened"
        self.unsent = 0
        self.oversized = 0

    @property
    def locals(self) -> list[Local]:
        """The local addresses that have a socket."""
        return sorted(self._endpoints)

    def open(self, port: int) -> None:
        """Open all sockets, on `port` or, if that is taken, on a free one. LocalError if there is
        no address, or this user may not use the port.
        """
        wanted = usable(self._interfaces, port)[:MOST_SOCKETS]
        for attempt in (port, 0, 0, 0):
            if self._bind_all(wanted, attempt):
                break
        if not self._endpoints:
            raise nowhere(self._interfaces)
        self._join()
        self._refresher = self._loop.call_later(REFRESH_S, self._refresh_regularly)

    def keep_near(self, addresses: Iterable[Address]) -> None:
        """Set the addresses of known peers, which strangers must not delay."""
        self._near.keep(addresses)

    def close(self) -> None:
        """Close all sockets."""
        self._near.keep(())
        if self._refresher is not None:
            self._refresher.cancel()
        for local in list(self._endpoints):
            self._drop(local)
        self._close_group()

    def send(self, address: Address, data: bytes) -> None:
        """Send a datagram; to a multicast address from every interface. What cannot be sent is
        dropped and counted.
        """
        send, target = self._routes.find(address)
        try:
            send(data, target)
        except BlockingIOError:
            self.unsent += 1
        except OSError as error:
            self.unsent += 1
            self._routes.forget(address)
            if error.errno in DEAD:
                self._loop.call_soon(self.refresh)

    def refresh(self) -> None:
        """Open sockets for new addresses, close those for removed ones, and reopen dead ones."""
        wanted = set(local_addresses(self._interfaces)[:MOST_SOCKETS])
        before = set(self._endpoints)
        for local, endpoint in list(self._endpoints.items()):
            if local not in wanted or not endpoint.is_alive:
                self._drop(local)
        for local in sorted(wanted - set(self._endpoints)):
            # not ready yet, or the port is taken there: retried later
            with contextlib.suppress(OSError):
                self._bind(local, self.port)
        if self._group is not None and not self._group.is_alive:
            self._close_group()
        self._join()
        if set(self._endpoints) != before:
            self._changed()

    def reopen(self) -> None:
        """Close all sockets and open them again, after faults in what came by them."""
        for local in list(self._endpoints):
            self._drop(local)
        self._close_group()
        self.refresh()

    def _refresh_regularly(self) -> None:
        self._refresher = self._loop.call_later(REFRESH_S, self._refresh_regularly)
        self.refresh()

    def _bind_all(self, wanted: list[Local], port: int) -> bool:
        for local in list(self._endpoints):
            self._drop(local)
        self.port = port
        complete = True
        for local in wanted:
            try:
                self._bind(local, self.port)
            except OSError as error:
                complete &= error.errno != errno.EADDRINUSE
        return complete

    def _bind(self, local: Local, port: int) -> None:
        family = socket.AF_INET6 if local.is_v6 else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            if local.is_v6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, local.interface)
            else:
                sock.setsockopt(
                    socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(local.host)
                )
            sock.bind(socket_address((local.host, port)))
            share(sock)
        except OSError:
            sock.close()
            raise
        self.port = sock.getsockname()[1]
        self._endpoints[local] = self._watch(Endpoint(sock, local, COAP))

    def _watch(self, endpoint: Endpoint) -> Endpoint:
        endpoint.sock.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            with contextlib.suppress(OSError):
                endpoint.sock.setsockopt(socket.SOL_SOCKET, option, BUFFER)
        self._loop.add_reader(endpoint.fd, self._read, endpoint)
        return endpoint

    def _drop(self, local: Local) -> None:
        self._close(self._endpoints.pop(local))

    def _close(self, endpoint: Endpoint) -> None:
        self._loop.remove_reader(endpoint.fd)
        endpoint.sock.close()
        self._routes.clear()

    def _join(self) -> None:
        try:
            self._group = self._group or self._open_group()
        except OSError as error:
            self.group_error = f"{GROUP_ADDRESS[0]}:{GROUP_ADDRESS[1]}: {error.strerror}"
            return
        here = {local for local in self._endpoints if not local.is_v6}
        self._joined &= here  # the kernel leaves a group when the address is removed
        for local in here - self._joined:
            group = socket.inet_aton(GROUP_ADDRESS[0]) + socket.inet_aton(local.host)
            with contextlib.suppress(OSError):  # an interface without multicast
                self._group.sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
                self._joined.add(local)
        self.group_error = None if self._joined else "no interface here has multicast"

    def _open_group(self) -> Endpoint:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "SO_REUSEPORT"):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(GROUP_ADDRESS)
        except OSError:
            sock.close()
            raise
        return self._watch(Endpoint(sock, None, GROUP))

    def _close_group(self) -> None:
        if self._group is not None:
            self._close(self._group)
        self._group = None
        self._joined.clear()

    def _read(self, endpoint: Endpoint) -> None:
        recvfrom, channel, largest = endpoint.sock.recvfrom, endpoint.channel, self._largest
        now = self._loop.time
        began_s = now()
        end_s = began_s + TURN_S
        try:
            for _ in range(BATCH):
                try:
                    data, source = recvfrom(largest + 1)
                except BlockingIOError:
                    break
                # an ICMP error for an earlier datagram, or a removed interface
                except OSError as error:
                    if error.errno in DEAD:
                        self._loop.call_soon(self.refresh)
                        break
                    continue
                if len(data) > largest:
                    self.oversized += 1
                    continue
                address = self._routes.heard(endpoint, source)
                rest_s = self._deliver(channel, address, data)
                if self._rests(endpoint, rest_s) or now() > end_s:
                    break
            else:
                end_s = 0.0
            if now() > end_s:
                self._crowded(endpoint, now() - began_s)
        finally:
            self._settle()

    def _crowded(self, endpoint: Endpoint, took_s: float) -> None:
        """Handle a common socket with more waiting than fits in a turn: known peers go first for a
        while, and the kernel drops what its queue has no room for.
        """
        if self._near and endpoint not in self._near:
            self._rest(endpoint, min(CROWD_S, took_s * CROWD_SHARE))

    def _rests(self, endpoint: Endpoint, seconds: float) -> bool:
        """Pause reading a connected socket, whose only sender has to wait."""
        waits = bool(seconds) and endpoint in self._near
        if waits:
            self._rest(endpoint, seconds)
        return waits

    def _rest(self, endpoint: Endpoint, seconds: float) -> None:
        self._loop.remove_reader(endpoint.fd)
        self._loop.call_later(seconds, self._go_on, endpoint)

    def _go_on(self, endpoint: Endpoint) -> None:
        here = endpoint in self._endpoints.values() or endpoint in self._near
        if here or endpoint is self._group:
            self._loop.add_reader(endpoint.fd, self._read, endpoint)
