"""Readable form of malformed text: odd characters escaped, other bytes in hex."""

LAYOUT = "\n\r\t\xa0\u202f\u3000"  # white space that is usual in texts
FEW = 8  # one in so many characters may be odd
SURROGATES = range(0xD800, 0xE000)
BYTES = 0xDC80  # Python's surrogateescape: U+DC80 stands for the byte 0x80


def shown(data: bytes) -> str | None:
    """Bytes as text, with odd characters as \\x1b or \\u200b; None if there are too many of
    them.
    """
    text = data.decode("utf-8", "surrogateescape")
    escaped = [char if _plain(char) else _escape(char) for char in text]
    odd = sum(not _plain(char) for char in text)
    if odd > max(1, len(text) // FEW) or 2 * odd > len(text):
        return None
    return "".join(escaped)


def printable(text: str) -> str:
    """Text that can be encoded: surrogates, which JSON and CBOR may have, are escaped."""
    return "".join(_escape(char) if ord(char) in SURROGATES else char for char in text)


def marked(data: bytes) -> str:
    """Bytes in the diagnostic notation of CBOR: h'0102'."""
    return f"h'{data.hex()}'"


def readable(data: bytes) -> str:
    """Text if it is text, else bytes as h'..'."""
    text = shown(data)
    return marked(data) if text is None else text


def _plain(char: str) -> bool:
    return char.isprintable() or char in LAYOUT


def _escape(char: str) -> str:
    code = ord(char)
    if BYTES <= code < BYTES + 128:
        code -= 0xDC00
    if code < 256:  # noqa: PLR2004 - one byte
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 65_536 else f"\\U{code:08x}"  # noqa: PLR2004
