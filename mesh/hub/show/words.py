"""Sanitises text of others for its use: screen, log, picture, table, JSON.

It may have codes that move a terminal's cursor, set its title or reverse a line (C0, C1, OSC,
bidirectional overrides), and what a spreadsheet takes for a formula.
"""

import re

# characters that str.isprintable() rejects, except a space: controls, formats, separators
_STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"  # first characters of formulas, also in wide forms
_QUOTE = "'"
_MARKS = dict.fromkeys(map(ord, '"\u201c\u201d\u201e\u201f\uff02'), "'")
_DASHES = dict.fromkeys(map(ord, "-_./"), "x")
_ESCAPED = re.compile(r"\\(\\|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


def printable(text: object) -> str:
    """Text on one line, without what could move the cursor or reverse the line."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def printable_lines(text: str) -> str:
    """The same for several lines."""
    return "\n".join(map(printable, text.split("\n")))


def quoted(text: str) -> str:
    """Text of others within a sentence of ours. Its own quotation marks are others, so that it
    cannot seem to end early and go on in our words.
    """
    return '"' + printable(text.translate(_MARKS)) + '"'


def named(name: str) -> str:
    """A name as it is, or in quotation marks if it has more than letters, digits and - _ . /"""
    plain = name.translate(_DASHES)
    return name if plain.isalnum() and plain.isprintable() else quoted(name)


def json_text(text: str) -> str:
    """The same JSON with only printable characters and line breaks."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else _json_escape(c) for c in text)


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def cell(text: str) -> str:
    """A text as it stands in a table for other programs. What is not printable is written as in
    Python (x1b, u202e and U000e0001 behind a backslash), a backslash twice; what a spreadsheet
    would take for a formula has an apostrophe before it, and so has what begins with one.
    uncell() gives the text back.
    """
    if not text.isprintable() or "\\" in text:
        text = "".join(c if c.isprintable() and c != "\\" else _escape(c) for c in text)
    return _QUOTE + text if text[:1] and text[0] in _STARTS + _QUOTE else text


def _escape(char: str) -> str:
    number = ord(char)
    if char == "\\":
        return "\\\\"
    if number < 1 << 8:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 1 << 16 else f"\\U{number:08x}"


def uncell(text: str) -> str:
    """The text that was given to cell()."""
    if text[:1] == _QUOTE:
        text = text[1:]
    return _ESCAPED.sub(
        lambda found: "\\" if found[1] == "\\" else chr(int(found[1][1:], 16)), text
    )
