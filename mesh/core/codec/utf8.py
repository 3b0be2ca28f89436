"""Strict UTF-8 decoder (RFC 3629): MicroPython's own lets surrogates and overlong forms pass."""

from mesh.core.errors import LocalError, RemoteError


def text(data: bytes) -> str:
    """Decode strict UTF-8 (bytes or memoryview). RemoteError otherwise."""
    try:
        result = str(data, "utf-8")
    except UnicodeError:
        raise RemoteError("not UTF-8")
    surplus = len(data)
    if len(result) != surplus:
        for char in result:
            n = ord(char)
            if 0xD7FF < n < 0xE000 or n > 0x10FFFF:
                raise RemoteError("not UTF-8")
            surplus -= 1 if n < 0x80 else 2 if n < 0x800 else 3 if n < 0x10000 else 4
        if surplus:
            raise RemoteError("UTF-8 not in its shortest form")
    return result


def octets(value: str) -> bytes:
    """Encode a text as UTF-8. LocalError if it has surrogates, which no peer could read."""
    try:
        data = value.encode()
        if len(data) != len(value):
            text(data)
    except (UnicodeError, RemoteError):
        raise LocalError("text with surrogates")
    return data
