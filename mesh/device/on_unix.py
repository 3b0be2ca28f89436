"""What only virtual boards need: socket options and addresses of Linux, the machine's own address,
and a console that may end.

The unix port's sockets take and give addresses as the kernel has them (struct sockaddr_in).
"""

import asyncio
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Address = tuple[str, int]

PORTS = ("unix",)
REUSEPORT, MULTICAST_IF, MULTICAST_TTL = 15, 32, 33
HOPS = 255  # RFC 6762 s.11
FAMILY = b"\x02\0"


def to_socket(address: "Address", packed: "Callable[[str], bytes]") -> bytes:
    """Convert the core's address to a sockaddr_in or sockaddr_in6. packed() parses one of IPv4.
    ValueError if it is none.
    """
    if ":" in address[0]:
        from mesh.device.unix_ipv6 import to_socket6  # noqa: PLC0415 - heap where it is used

        return to_socket6(address)
    return FAMILY + address[1].to_bytes(2, "big") + packed(address[0]) + bytes(8)


def from_socket(source: bytes) -> "Address":
    """Convert a sockaddr_in or sockaddr_in6 to the core's address."""
    if source[:2] != FAMILY:
        from mesh.device.unix_ipv6 import from_socket6  # noqa: PLC0415 - heap where it is used

        return from_socket6(source)
    return ".".join([str(b) for b in source[4:8]]), source[2] << 8 | source[3]


def prepare(sock: "Any", own: bytes, shared: bool) -> None:  # noqa: ANN401 - a socket
    """Have multicasts leave by the interface with the address `own`; `shared`: others may use the
    port too. OSError.
    """
    sock.setsockopt(0, MULTICAST_IF, own)
    if shared:
        sock.setsockopt(socket.SOL_SOCKET, REUSEPORT, 1)
        sock.setsockopt(0, MULTICAST_TTL, HOPS)


def send_by(sock: "Any", own: str, packed: "Callable[[str], bytes]") -> None:  # noqa: ANN401
    """Have multicasts leave by another interface, if it is ready."""
    try:
        prepare(sock, packed(own), False)
    except (OSError, ValueError):
        pass


def machine_address() -> str:
    """The IPv4 address of this machine's first interface except loopback."""
    last = ""
    try:
        with open("/proc/net/fib_trie") as file:
            for line in file:
                words = line.split()
                if words[0] == "|--":
                    last = words[1]
                elif words[:3] == ["/32", "host", "LOCAL"] and last[:4] != "127.":
                    return last
    except OSError:
        pass
    return "127.0.0.1"


def _typed() -> "Any":  # noqa: ANN401 - to be awaited
    """Wait until something was typed."""
    yield asyncio.core._io_queue.queue_read(sys.stdin)  # type: ignore[attr-defined]


async def listen() -> None:
    """Stop at a Ctrl-C on standard input, or at its end if something came before.

    As a signal, Ctrl-C may interrupt a collection of the unix port and leave the heap locked.
    """
    heard = ""
    while True:
        await _typed()
        char = sys.stdin.read(1)
        if char == "\x03" or (heard and not char):
            raise KeyboardInterrupt
        if not char:
            return
        heard = char
