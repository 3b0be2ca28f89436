"""Text that people's files bring: decoded strictly, and what no peer could read refused."""

from mesh.core import utf8
from mesh.core.errors import LocalError, RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEEP = 16  # tables and lists inside each other
MOST_NUMBER = 1 << 53  # beyond that JSON readers disagree
MOST_FLOAT = 1e30  # a board's floats go up to 3.4e38
MARK = b"\xef\xbb\xbf"  # of UTF-8, as some editors write it
UTF16 = (b"\xff\xfe", b"\xfe\xff")


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, with a mark at its beginning or without.

    LocalError: line, column and the byte that is wrong.
    """
    if data[:3] == MARK:
        data = data[3:]
    try:
        text = utf8.text(data)
    except RemoteError:
        from mesh.core import misfit  # noqa: PLC0415 - heap only where something is wrong

        raise misfit.utf16() if data[:2] in UTF16 else misfit.byte(data)
    for at, char in enumerate(text):
        if (char < " " and char not in "\t\n\r") or char == "\x7f":
            from mesh.core import misfit  # noqa: PLC0415 - as above

            raise misfit.control(text, at)
    return text


def joined(text: str) -> str:
    """A text in which an escaped character beyond U+FFFF, two surrogates in JSON (RFC 8259 s.7),
    is one: MicroPython's reader leaves it at two.
    """
    made: list[str] = []
    high = 0
    for char in text:
        n = ord(char)
        if high and 0xDC00 <= n < 0xE000:
            made[-1] = chr(0x10000 + (high - 0xD800 << 10) + n - 0xDC00)
            high = 0
            continue
        high = n if 0xD800 <= n < 0xDC00 else 0
        made.append(char)
    return "".join(made)


def sound(value: "Any", path: str = "", deep: int = DEEP) -> "Any":  # noqa: ANN401
    """Give decoded settings that any peer can hold and send. LocalError begins with their path.

    Refused are half of a surrogate pair and control characters in texts and names; numbers that
    are none, infinite or beyond 2^53; tables too deep inside each other.
    """
    where = path or "settings"
    if isinstance(value, str):
        _sound_text(value, where)
    elif isinstance(value, (int, float)):
        _sound_number(value, where)
    elif isinstance(value, (dict, list)):
        if not deep:
            raise LocalError(f"{where}: more than {DEEP} tables or lists inside each other")
        if isinstance(value, dict):
            for key in value:
                _sound_text(key, where)
                sound(value[key], f"{path}.{key}" if path else key, deep - 1)
        else:
            for i, item in enumerate(value):
                sound(item, f"{path}[{i}]", deep - 1)
    return value


def _sound_number(value: "float", where: str) -> None:
    if isinstance(value, int) and not -MOST_NUMBER <= value <= MOST_NUMBER:
        raise LocalError(f"{where}: a whole number beyond 2^53")
    if not -MOST_FLOAT <= value <= MOST_FLOAT:  # also of what is no number
        raise LocalError(f"{where}: a number that is none, or too large")


def _sound_text(value: str, where: str) -> None:
    for char in value:
        if char < " " or char == "\x7f":
            raise LocalError(f"{where}: a control character (0x{ord(char):02x}) in a text")
        if 0xD800 <= ord(char) < 0xE000:
            what = f"half a character (\\u{ord(char):04x}) in a text"
            raise LocalError(f"{where}: {what}", "write the character itself, in UTF-8")
