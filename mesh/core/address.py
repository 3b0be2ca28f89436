"""Addresses as text: host:port, IPv6 in brackets (RFC 3986 s.3.2.2)."""

from mesh.core.errors import RemoteError


def address_text(address: "tuple[str, int]") -> str:
    """An address as text: host:port, IPv6 in brackets."""
    host, port = address
    return ("[%s]:%d" if ":" in host else "%s:%d") % (host, port)


def read_address(text: object) -> "tuple[str, int]":
    """Parse what address_text() writes. RemoteError otherwise."""
    if isinstance(text, str) and len(text) <= 80:
        host, _, port = text.rpartition(":")
        if host[:1] == "[" and host[-1:] == "]":
            host = host[1:-1]
        elif ":" in host:
            host = ""
        number = int(port) if port and len(port) < 6 and not port.strip("0123456789") else 0
        if host and 0 < number < 65536:
            return host, number
    raise RemoteError("not an address")
