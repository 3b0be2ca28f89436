"""Error messages for files that are not UTF-8 text, with line and column; and for what no setting
can be.
"""

from mesh.core.codec import utf8
from mesh.core.errors import LocalError, RemoteError

HELP = "save the file as UTF-8: in most editors that is a choice of `Save as`"


def utf16() -> LocalError:
    """The error for a file that is UTF-16 (Windows Notepad: "Unicode")."""
    return LocalError("the text is UTF-16, as Notepad calls Unicode", HELP)


def byte(data: bytes) -> LocalError:
    """The error for the first byte that is not UTF-8."""
    at = 0
    while at < len(data):
        first = data[at]
        size = 1 if first < 0x80 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
        try:
            utf8.text(data[at : at + size])
        except RemoteError:
            break
        at += size
    at = min(at, len(data) - 1)
    what = f"byte 0x{data[at]:02x} is not UTF-8 (Latin-1, Windows-1252?)"
    return _error(data[:at], what, HELP)


def control(text: str, at: int) -> LocalError:
    """The error for a control character."""
    what = f"a control character (0x{ord(text[at]):02x})"
    return _error(text[:at].encode(), what, "take it out")


def unsound(value: object, where: str, deep: int) -> LocalError:
    """The error for a character, a number, or a table or list that no setting can be."""
    help = None
    if isinstance(value, str):
        n = ord(value)
        what = f"a control character (0x{n:02x}) in a text"
        if n > 0x7F:
            what = f"half a character (\\u{n:04x}) in a text"
            help = "write the character itself, in UTF-8"
    elif isinstance(value, int):
        what = "a whole number beyond 2^53"
    elif isinstance(value, float):
        what = "a number that is none, or too large"
    else:
        what = f"more than {deep} tables or lists inside each other"
    return LocalError(f"{where}: {what}", help)


def _error(before: bytes, what: str, help: str) -> LocalError:
    line = before.count(b"\n") + 1
    column = len(str(before[before.rfind(b"\n") + 1 :], "utf-8")) + 1
    return LocalError(f"line {line}, column {column}: {what}", help)
