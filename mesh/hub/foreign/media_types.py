"""CoAP Content-Formats by number, from IANA's registry as aiocoap has it."""

from aiocoap.numbers.contentformat import ContentFormat  # type: ignore[import-untyped]

IDENTITY = ("identity", None)  # encodings that mean none


def name_of(content_format: int | None) -> str:
    """The media type of a Content-Format, with its encoding if it has one."""
    if content_format is None:
        return "no format told"
    known = ContentFormat(content_format)
    if not known.is_known():
        return f"format {content_format}, not known here"
    packed = known.encoding not in ("identity", None)
    media: str = known.media_type
    return f"{media}, {known.encoding}" if packed else media


def number_of(media: str) -> int | None:
    """The Content-Format of a media type, or None."""
    try:
        return int(ContentFormat.by_media_type(media))
    except KeyError:
        return None


def media_of(content_format: int | None) -> str | None:
    """The media type without parameters; None if unknown or compressed."""
    if content_format is None:
        return None
    known = ContentFormat(content_format)
    if not known.is_known() or known.encoding not in IDENTITY:
        return None
    media: str = known.media_type
    return media.partition(";")[0]


def is_packed(content_format: int | None) -> bool:
    """Whether it has an encoding, such as deflate."""
    known = ContentFormat(content_format or 0)
    return known.is_known() and known.encoding not in IDENTITY
