"""Words of others, made harmless for where they go: a screen, a log, a picture, a table, JSON.

What others wrote may hold codes that move a terminal's cursor, set its title or turn a line around
(C0, C1, OSC, bidirectional overrides), and what a spreadsheet takes for a formula.
"""

import re

# Everything that str.isprintable() says no to, but for a space: controls, formats, separators.
_STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"  # of formulas, also in their wide forms
_QUOTE = "'"
_ESCAPED = re.compile(r"\\(\\|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


def printable(text: object) -> str:
    """Text on one line without what could move the cursor or turn the line around."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def printable_lines(text: str) -> str:
    """The same of several lines."""
    return "\n".join(map(printable, text.split("\n")))


def json_text(text: str) -> str:
    """JSON that says the same, and holds nothing but printable characters and line breaks."""
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
    """The text that cell() was given."""
    if text[:1] == _QUOTE:
        text = text[1:]
    return _ESCAPED.sub(
        lambda found: "\\" if found[1] == "\\" else chr(int(found[1][1:], 16)), text
    )
