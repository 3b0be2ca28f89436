"""IPv6 of Linux for virtual boards: socket options, addresses, and struct sockaddr_in6."""

from mesh.core.discovery.dns import host_bytes, host_text
from mesh.core.errors import LocalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Address = tuple[str, int]

PORTS = ("unix",)
IPV6, MULTICAST_HOPS, V6ONLY = 41, 18, 26
HOPS = 255  # RFC 6762 s.11
FAMILY = b"\x0a\0"
LOOPBACK = "00000000000000000000000000000001"
LINK_LOCAL = "20"  # a scope, as the kernel writes it


def to_socket6(address: "Address") -> bytes:
    """Convert the core's address to a sockaddr_in6. ValueError if it is none."""
    host, port = address
    link = host.partition("%")[2]
    scope = int(link) if link else 0
    try:
        data = host_bytes(host)
    except LocalError:
        raise ValueError(host)
    return FAMILY + port.to_bytes(2, "big") + bytes(4) + data + scope.to_bytes(4, "little")


def from_socket6(source: bytes) -> "Address":
    """Convert a sockaddr_in6 to the core's address; the number of a link is behind a %."""
    scope = int.from_bytes(source[24:28], "little")
    text = host_text(source[8:24]) + (f"%{scope}" if scope else "")
    return text, source[2] << 8 | source[3]


def bind6(sock: "Any", port: int) -> None:  # noqa: ANN401 - a socket
    """Bind an IPv6 socket to all addresses, for IPv6 alone. OSError."""
    sock.setsockopt(IPV6, V6ONLY, 1)
    sock.setsockopt(IPV6, MULTICAST_HOPS, HOPS)
    sock.bind(to_socket6(("::", port)))


def addresses6(own: str) -> list[str]:
    """The machine's IPv6 addresses, link-local ones with the number of their link: that of
    loopback if `own`, the IPv4 address in use, is on it, else all others.
    """
    found = []
    try:
        with open("/proc/net/if_inet6") as file:
            for line in file:
                data, link, _, scope = line.split()[:4]
                if (data == LOOPBACK) == own.startswith("127."):
                    text = host_text(bytes.fromhex(data))
                    found.append(f"{text}%{int(link, 16)}" if scope == LINK_LOCAL else text)
    except OSError:  # the kernel has no IPv6
        pass
    return found
