"""UTF-8 as RFC 3629 has it. MicroPython's own decoder lets surrogates and overlong forms pass."""

from mesh.core.errors import LocalError, RemoteError


def text(data: bytes) -> str:
    """The text in `data` (bytes or memoryview); RemoteError if it is not strict UTF-8."""
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
    """The UTF-8 of a text; LocalError if it has surrogates, which no peer would read."""
    try:
        data = value.encode()
        if len(data) != len(value):
            text(data)
    except (UnicodeError, RemoteError):
        raise LocalError("text with surrogates")
    return data
