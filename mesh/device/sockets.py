"""UDP sockets of a board, with one reader each. Network errors never leave this file."""

import asyncio
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

UNIX = sys.platform == "linux"  # the numbers of its socket options are not for boards
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


def readable(stream: object) -> "Any":  # noqa: ANN401 - to be awaited
    """Wait until a socket or other stream has something to read. For one task at a time."""
    yield asyncio.core._io_queue.queue_read(stream)  # type: ignore[attr-defined]


def _bound(address: "tuple[str, int]", own: str, shared: bool) -> "Any":  # noqa: ANN401
    """A socket at an address, whose multicasts leave by the interface with the address `own`."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if UNIX:
            from mesh.device.on_unix import prepare, to_socket  # noqa: PLC0415 - only there

            prepare(sock, packed(own), shared)
            address = to_socket(address, packed)  # type: ignore[assignment] # bytes on unix
        sock.bind(address)
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
            from mesh.device.on_unix import send_by  # noqa: PLC0415 - only there

            send_by(self._sock, own, packed)
        for option in ("IP_DROP_MEMBERSHIP", "IP_ADD_MEMBERSHIP"):
            try:
                self._sock.setsockopt(0, getattr(socket, option), packed(group) + packed(own))
            # not joined yet, no multicast, or leaving is not supported
            except (OSError, AttributeError):
                pass

    def send(self, address: "tuple[str, int]", data: bytes) -> None:
        """Send a datagram. It may be lost, as in UDP."""
        try:
            if UNIX:
                from mesh.device.on_unix import to_socket  # noqa: PLC0415 - only there

                address = to_socket(address, packed)  # type: ignore[assignment] # bytes on unix
            self._sock.sendto(data, address)
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
                    if UNIX:
                        from mesh.device.on_unix import from_socket  # noqa: PLC0415 - only there

                        source = from_socket(source)
                    return data, source
            except OSError:  # nothing there, or an ICMP error for a datagram of ours
                pass
            except MemoryError:
                self._lacks += 1
                raise
            yield from readable(self._sock)
