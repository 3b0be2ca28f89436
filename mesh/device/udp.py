"""UDP sockets of a board, one reader each. An error of the network never leaves this file."""

import asyncio
import gc
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

UNIX = sys.platform == "linux"  # the numbers of its socket options are sent to no board
REUSEPORT, MULTICAST_IF, MULTICAST_TTL = 15, 32, 33
IPV4 = 4  # bytes of an address
FIRST_LOOK = 256  # bytes of a datagram
# boards have it from MicroPython 1.26 on
PEEK: "int | None" = getattr(socket, "MSG_PEEK", None)


def packed(host: str) -> bytes:
    """The 4 bytes of an IPv4 address; ValueError if it is none."""
    data = bytes([int(part) for part in host.split(".")])
    if len(data) != IPV4:
        raise ValueError(host)
    return data


def socket_address(address: "tuple[str, int]") -> "Any":  # noqa: ANN401 - ports differ
    """What a socket wants: on unix a sockaddr_in, else the same."""
    if not UNIX:
        return address
    return b"\x02\0" + address[1].to_bytes(2, "big") + packed(address[0]) + bytes(8)


def core_address(source: "Any") -> "tuple[str, int]":  # noqa: ANN401 - ports differ
    """What a socket gave, as the core writes it."""
    if not isinstance(source, bytes):
        return source[:2]
    return ".".join([str(b) for b in source[4:8]]), source[2] << 8 | source[3]


def readable(stream: object) -> "Any":  # noqa: ANN401 - to be awaited
    """Wait until a socket or another stream has something to read. One task at a time may."""
    yield asyncio.core._io_queue.queue_read(stream)  # type: ignore[attr-defined]


def _bound(address: "tuple[str, int]", own: str, shared: bool) -> "Any":  # noqa: ANN401
    """A socket at an address, that multicasts by the interface with the address `own`."""
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
    """A non-blocking UDP socket on the interface with the address `own`; OSError if it cannot be.

    `most`: bytes of the largest datagram that it takes; `shared`: others may have that port too.
    """

    def __init__(
        self, address: "tuple[str, int]", own: str, most: int, shared: bool = False
    ) -> None:
        self._most = most
        self._port = address[1]
        self._sock = _bound(address, own, shared)

    def move(self, own: str) -> None:
        """Be at another address of ours, where a socket is bound to one; else, or if that fails,
        stay.
        """
        if UNIX:
            try:
                sock = _bound((own, self._port), own, False)
            except (OSError, ValueError):  # not ready yet, or none
                return
            self._sock.close()  # who waits for it is woken, and goes on with the new one
            self._sock = sock

    def join(self, group: str, own: str) -> None:
        """Receive what is sent to a group; once more if that was so, as some boards forget."""
        if UNIX:
            try:
                self._sock.setsockopt(0, MULTICAST_IF, packed(own))
            except (OSError, ValueError):
                pass
        for option in ("IP_DROP_MEMBERSHIP", "IP_ADD_MEMBERSHIP"):
            try:
                self._sock.setsockopt(0, getattr(socket, option), packed(group) + packed(own))
            except (OSError, AttributeError):  # no member yet, no multicast, or no way to leave
                pass

    def send(self, address: "tuple[str, int]", data: bytes) -> None:
        """Send a datagram, or lose it, as UDP may."""
        try:
            self._sock.sendto(data, socket_address(address))
        except (OSError, ValueError):  # no route, no buffer, IPv6
            pass

    def _take(self) -> "tuple[bytes, Any]":
        """Take the next datagram. Where it can be looked at first, it gets the heap that it needs
        and no more: there may be no room in one piece for the largest.
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
        """Wait for the next datagram that is not too large: (data, source). One for which there is
        no memory, tried twice, is lost: it would keep all others from coming in.
        """
        failed = 0
        while True:
            try:
                if failed > 1:
                    failed = 0
                    self._sock.recvfrom(1)
                data, source = self._take()
                failed = 0
                if len(data) <= self._most:
                    return data, core_address(source)
            except OSError:  # nothing there, or what ICMP said of a datagram of ours
                pass
            except MemoryError:
                failed += 1
                gc.collect()
            yield from readable(self._sock)
