"""settings.json: read strictly, so that a slip of the pen is found and not guessed at."""

import json

from mesh.core.errors import LocalError
from mesh.core.settings import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from mesh.core.settings import Profile

DEEP = 8  # tables and lists inside each other
SPACE = " \t\r\n"


class Reader:
    """JSON (RFC 8259). MicroPython's own lets commas and values be missing, and says not where."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> object:
        """Give the one value in the text; LocalError with line and column."""
        value = self._value(DEEP)
        if self._next():
            self._fail("the end")
        return value

    def _fail(self, wanted: str) -> "NoReturn":
        lines = self._text[: self._at].split("\n")
        found = self._text[self._at : self._at + 12].split("\n")[0] or "the end"
        where = f"line {len(lines)}, column {len(lines[-1]) + 1}"
        raise LocalError(f"{where}: {wanted} should be where {found!r} is")

    def _next(self) -> str:
        while (char := self._text[self._at : self._at + 1]) and char in SPACE:
            self._at += 1
        return char

    def _take(self, wanted: str) -> str:
        char = self._next()
        if not char or char not in wanted:
            self._fail(" or ".join(wanted))
        self._at += 1
        return char

    def _value(self, deep: int) -> object:
        char = self._next()
        if deep and char == "[":
            return self._list(deep - 1)
        if deep and char == "{":
            return self._table(deep - 1)
        return self._word()

    def _list(self, deep: int) -> "list[object]":
        items: list[object] = []
        self._take("[")
        while self._next() != "]" or items:
            items.append(self._value(deep))
            if self._take(",]") == "]":
                return items
        self._at += 1
        return items

    def _table(self, deep: int) -> "dict[str, object]":
        table: dict[str, object] = {}
        self._take("{")
        while self._next() != "}" or table:
            if self._next() != '"':
                self._fail('a name in "quotes"')
            start = self._at
            key = str(self._word())
            if key in table:
                self._at = start
                self._fail("a name that was not there before")
            self._take(":")
            table[key] = self._value(deep)
            if self._take(",}") == "}":
                return table
        self._at += 1
        return table

    def _word(self) -> object:
        """A text, a number, true, false or null: json reads it, once it is known where it ends."""
        text = self._text
        end = self._at + 1
        if text[self._at : end] == '"':
            while end < len(text) and text[end] not in '"\n':
                end += 2 if text[end] == "\\" else 1
            end += 1
        else:
            while end < len(text) and text[end] not in ",:]}" + SPACE:
                end += 1
        try:
            word = json.loads(text[self._at : end])
        except ValueError:
            self._fail("a value")
        self._at = end
        return word


def load(path: str) -> "Profile":
    """Read the settings in a file, defaults if there is none. LocalError: what is wrong where."""
    try:
        with open(path) as file:
            text = file.read()
    except OSError:
        text = "{}"
    try:
        return parse(Reader(text).read())
    except LocalError as error:
        raise LocalError(f"{path}: {error.detail}", error.help)
