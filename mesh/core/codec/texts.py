"""Strict decoding of people's text files: refuses what peers could not send or read."""

from mesh.core.codec import utf8
from mesh.core.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

DEEP = 16  # nesting of tables and lists
MOST_NUMBER = 1 << 53  # beyond that JSON readers disagree
MOST_FLOAT = 1e30  # a board's floats go up to 3.4e38
MARK = b"\xef\xbb\xbf"  # byte order mark of UTF-8, which some editors write
UTF16 = (b"\xff\xfe", b"\xfe\xff")


def decode(data: bytes) -> str:
    """Decode a text file: UTF-8, with or without a byte order mark.

    LocalError gives line, column and the wrong byte.
    """
    if data[:3] == MARK:
        data = data[3:]
    try:
        text = utf8.text(data)
    except RemoteError:
        from mesh.core.codec.misfit import byte, utf16  # noqa: PLC0415 - heap only where it is used

        raise utf16() if data[:2] in UTF16 else byte(data)
    for at, char in enumerate(text):
        if (char < " " and char not in "\t\n\r") or char == "\x7f":
            from mesh.core.codec.misfit import control  # noqa: PLC0415 - as above

            raise control(text, at)
    return text


def joined(text: str) -> str:
    """Join surrogate pairs, by which JSON escapes characters beyond U+FFFF (RFC 8259 s.7).
    MicroPython's JSON reader leaves them apart.
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
    """Check decoded settings for what not every peer can hold or send. Gives them back.

    LocalError, with the path, for lone surrogates and control characters in texts and names;
    numbers that are infinite, NaN or beyond 2^53; and too deep nesting.
    """
    where = path or "settings"
    if isinstance(value, str):
        _sound_text(value, where)
    elif isinstance(value, (int, float)):
        _sound_number(value, where)
    elif isinstance(value, (dict, list)):
        if not deep:
            _fail(value, where)
        if isinstance(value, dict):
            for key in value:
                _sound_text(key, where)
                sound(value[key], f"{path}.{key}" if path else key, deep - 1)
        else:
            for i, item in enumerate(value):
                sound(item, f"{path}[{i}]", deep - 1)
    return value


def _sound_number(value: "float", where: str) -> None:
    most = MOST_NUMBER if isinstance(value, int) else MOST_FLOAT
    if not -most <= value <= most:  # also true for NaN
        _fail(value, where)


def _sound_text(value: str, where: str) -> None:
    for char in value:
        if char < " " or char == "\x7f" or 0xD800 <= ord(char) < 0xE000:
            _fail(char, where)


def _fail(value: "Any", where: str) -> "NoReturn":  # noqa: ANN401
    from mesh.core.codec.misfit import unsound  # noqa: PLC0415 - heap only where it is used

    raise unsound(value, where, DEEP)
