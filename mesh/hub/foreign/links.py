"""Lenient parser of the CoRE Link Format (RFC 6690)."""

from typing import Any, NamedTuple

SPACES = " \t\r\n"
ONCE = ("rel", "rt", "if", "sz", "anchor", "title", "title*", "type", "media", "ct", "obs")


class Links(NamedTuple):
    """Links as {"href", attribute: text; true without a value; a list if repeated}; and the number
    of malformed parts.
    """

    found: list[dict[str, Any]]
    odd: int


def read(text: str) -> Links:
    """All links in a text. It never raises: malformed parts are skipped up to the next comma."""
    reader = _Reader(text)
    found = []
    while reader.more():
        link = reader.link()
        if link is not None:
            found.append(link)
    return Links(found, reader.odd)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.odd = 0

    def more(self) -> bool:
        """Whether another link follows after commas and spaces."""
        self._skip(SPACES + ",")
        return self._at < len(self._text)

    def link(self) -> dict[str, Any] | None:
        end = self._text.find(">", self._at)
        if self._text[self._at] != "<" or end < 0:
            self._until(",")
            self.odd += 1
            return None
        link: dict[str, Any] = {"href": self._text[self._at + 1 : end]}
        self._at = end + 1
        self._skip(SPACES)
        while self._take(";"):
            self._attribute(link)
            self._skip(SPACES)
        self.odd += bool(self._until(",").strip())
        return link

    def _attribute(self, link: dict[str, Any]) -> None:
        name = self._until(";,=").strip()
        value: str | bool = True
        if self._take("="):
            self._skip(SPACES)
            value = self._quoted() if self._take('"') else self._until(";,").strip()
        if not name:
            return
        key = name if name != "href" else "href*"
        if key not in link:
            link[key] = value
        elif name not in ONCE:  # only the first of these counts (RFC 6690 s.2)
            link[key] = [*(link[key] if isinstance(link[key], list) else [link[key]]), value]

    def _quoted(self) -> str:
        """The text up to the closing quote, or the end. A backslash escapes the next character."""
        parts = []
        while self._at < len(self._text) and (char := self._text[self._at]) != '"':
            self._at += 1
            if char == "\\" and self._at < len(self._text):
                char = self._text[self._at]
                self._at += 1
            parts.append(char)
        self._at += 1
        return "".join(parts)

    def _until(self, ends: str) -> str:
        begin = self._at
        while self._at < len(self._text) and self._text[self._at] not in ends:
            self._at += 1
        return self._text[begin : self._at]

    def _skip(self, chars: str) -> None:
        while self._at < len(self._text) and self._text[self._at] in chars:
            self._at += 1

    def _take(self, char: str) -> bool:
        if self._text[self._at : self._at + 1] == char:
            self._at += 1
            return True
        return False
