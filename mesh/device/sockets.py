"""UDP sockets of a board, with one reader each. Network errors never leave this file."""

import asyncio
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

UNIX = sys.platform == "linux"  # the numbers of its socket options are not for boards
REUSEPORT, MULTICAST_IF, MULTICAST_TTL = 15, 32, 33
IPV4 = 4  # bytes of an address
FIRST_LOOK = 256  # bytes of a datagram that are peeked at
# on boards since MicroPython 1.26
PEEK: "int | None" = getattr(socket, "MSG_PEEK", None)


def packed(host: str) -> bytes:
    """Parse an IPv4 address into 4 bytes. ValueError if it is none."""
    data = bytes([int(part) for part in host.split(".")])
    if len(data) != IPV4:
        raise ValueError(host)
    return data


def socket_address(address: "tuple[str, int]") -> "Any":  # noqa: ANN401 - ports differ
    """Convert the core's address to a socket's: on unix a sockaddr_in, else the same."""
    if not UNIX:
        return address
    return b"\x02\0" + address[1].to_bytes(2, "big") + packed(address[0]) + bytes(8)


def core_address(source: "Any") -> "tuple[str, int]":  # noqa: ANN401 - ports differ
    """Convert a socket's address to the core's."""
    if not isinstance(source, bytes):
        return source[:2]
    return ".".join([str(b) for b in source[4:8]]), source[2] << 8 | source[3]


def readable(stream: object) -> "Any":  # noqa: ANN401 - to be awaited
    """Wait until a socket or other stream has something to read. For one task at a time."""
    yield asyncio.core._io_queue.queue_read(stream)  # type: ignore[attr-defined]


def _bound(address: "tuple[str, int]", own: str, shared: bool) -> "Any":  # noqa: ANN401
    """A socket at an address, whose multicasts leave by the interface with the address `own`."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if UNIX:
            sock.setsockopt(0, MULTICAST_IF, packed(own))
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if UNIX:
                sock.setsockopt(socket.SOL_SOCKET, REUSEPORT, 1)
                sock.setsockopt(0, MULTICAST_TTL, 255)  # RFC 6762 s.11
        sock.bind(socket_address(address))
    except OSError:
        sock.close()
        raise
    return sock


class Socket:
    """A non-blocking UDP socket on the interface with the address `own`. OSError if it fails.

    `most`: bytes of the largest datagram; `shared`: whether others may use the port too.
    """

    def __init__(
        self, address: "tuple[str, int]", own: str, most: int, shared: bool = False
    ) -> None:
        self._most = most
        self._lacks = 0  # in a row
        self._port = address[1]
        self._sock = _bound(address, own, shared)

    def move(self, own: str) -> None:
        """Use another own address, if the socket is bound to one. If that fails, it stays."""
        if UNIX:
            try:
                sock = _bound((own, self._port), own, False)
            except (OSError, ValueError):  # not ready yet, or not available
                return
            self._sock.close()  # wakes up its reader, which continues with the new one
            self._sock = sock

    def join(self, group: str, own: str) -> None:
        """Join a multicast group, again if it was joined, as some boards lose it."""
        if UNIX:
            try:
                self._sock.setsockopt(0, MULTICAST_IF, packed(own))
            except (OSError, ValueError):
                pass
        for option in ("IP_DROP_MEMBERSHIP", "IP_ADD_MEMBERSHIP"):
            try:
                self._sock.setsockopt(0, getattr(socket, option), packed(group) + packed(own))
            # not joined yet, no multicast, or leaving is not supported
            except (OSError, AttributeError):
                pass

    def send(self, address: "tuple[str, int]", data: bytes) -> None:
        """Send a datagram. It may be lost, as in UDP."""
        try:
            self._sock.sendto(data, socket_address(address))
        except (OSError, ValueError):  # no route, no buffer, IPv6
            pass

    def _take(self) -> "tuple[bytes, Any]":
        """Take the next datagram. If it can be peeked at, exactly the memory that it needs is
        allocated, as a fragmented heap may have no room for the largest.
        """
        sock, most = self._sock, self._most + 1
        if PEEK is None:
            return sock.recvfrom(most)
        size = FIRST_LOOK
        while True:
            data, source = sock.recvfrom(size, PEEK)
            if len(data) < size or size == most:
                break
            size = min(2 * size, most)
        sock.recvfrom(1)
        return data, source

    def receive(self) -> "Any":  # noqa: ANN401 - to be awaited
        """Wait for the next datagram that is not too large: (data, source). MemoryError if none is
        left for it; after the second time it is dropped, as it would block all others.
        """
        while True:
            try:
                if self._lacks > 1:
                    self._lacks = 0
                    self._sock.recvfrom(1)
                data, source = self._take()
                self._lacks = 0
                if len(data) <= self._most:
                    return data, core_address(source)
            except OSError:  # nothing there, or an ICMP error for a datagram of ours
                pass
            except MemoryError:
                self._lacks += 1
                raise
            yield from readable(self._sock)
