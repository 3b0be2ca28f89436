"""Chooses the lenient decoder of a payload by its Content-Format; peers' payloads are decoded
strictly (mesh.core).

Nothing in an answer raises: what is malformed is shown as it came, with a note.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mesh.core.errors import RemoteError
from mesh.hub.foreign import (
    cose_any,
    diagnostic,
    links,
    media_types,
    plain_json,
    problems,
    senml_any,
)
from mesh.hub.foreign.media_types import name_of
from mesh.hub.foreign.odd_text import marked, readable, shown

DEPTH = 4  # nesting of formats

# raised by a decoder if the payload does not match its format
Unread = (RemoteError, ValueError, RecursionError)


class Read(NamedTuple):
    """A decoded payload. `notation`: all of it in diagnostic notation, if JSON cannot hold it;
    `notes`: what was left out or is malformed.
    """

    content: Any
    notes: tuple[str, ...] = ()
    notation: str | None = None


def looked_at(
    content_format: int | None, payload: bytes, now_s: float, depth: int = DEPTH
) -> Read:
    """A payload as plain data for JSON. `now_s`: the time to which relative times refer."""
    reader = _reader(content_format)
    try:
        read = reader(payload, now_s, depth)
    except Unread as error:
        why = error.detail if isinstance(error, RemoteError) else "malformed"
        read = Read(readable(payload), (f"it is not {name_of(content_format)}: {why}",))
    return read._replace(content=plain_json.jsonable(read.content))


Reader = Callable[[bytes, float, int], Read]


def _reader(content_format: int | None) -> Reader:
    if content_format in READERS:
        return READERS[content_format]
    if content_format in cose_any.KINDS:
        return lambda payload, now_s, depth: _cose(payload, content_format, now_s, depth)
    media = media_types.media_of(content_format)
    if media is None:
        return _octets if media_types.is_packed(content_format) else _text
    for ending, reader in _BY_ENDING.items():
        if media.endswith(ending):
            return reader
    return _text if media.startswith("text/") or media in _TEXTS else _octets


def _text(payload: bytes, _now_s: float, _depth: int) -> Read:
    text = shown(payload)
    if text is None:
        return Read(marked(payload), ("it is no text",))
    return Read(text)


def _octets(payload: bytes, _now_s: float, _depth: int) -> Read:
    return Read(marked(payload))


def _json(payload: bytes, _now_s: float, _depth: int) -> Read:
    text = payload.decode("utf-8", "backslashreplace")
    return Read(plain_json.read(text))


def _cbor(payload: bytes, now_s: float, depth: int) -> Read:
    items = diagnostic.items(payload)
    if depth and (wrapped := _wrapped(items)) is not None:
        return _inside(wrapped, payload, now_s, depth)
    return _shown(items, len(items) > 1)


def _wrapped(items: list[Any]) -> cose_any.Wrapped | None:
    """A COSE object that has a COSE tag."""
    if len(items) != 1 or not isinstance(items[0], diagnostic.Tag):
        return None
    try:
        return cose_any.opened(items[0], None)
    except RemoteError:
        return None


def _sequence(payload: bytes, _now_s: float, _depth: int) -> Read:
    return _shown(diagnostic.items(payload) if payload else [], True)


def _shown(items: list[Any], many: bool) -> Read:
    content = [diagnostic.plain(item) for item in items]
    notation = "\n".join(diagnostic.notation(item, 2) for item in items)
    return Read(content if many else content[0], (), notation)


def _cose(payload: bytes, kind: int | None, now_s: float, depth: int) -> Read:
    return _inside(cose_any.unwrap(payload, kind), payload, now_s, depth)


def _inside(wrapped: cose_any.Wrapped, payload: bytes, now_s: float, depth: int) -> Read:
    """Decode the content of a COSE object by its format."""
    if wrapped.payload is None or not depth:
        return Read(diagnostic.look(payload), (wrapped.note,))
    inner = wrapped.content_format
    if isinstance(inner, str):
        inner = media_types.number_of(inner)
    if type(inner) is int and 0 <= inner < 65_536:  # noqa: PLR2004 - a Content-Format
        read = looked_at(inner, wrapped.payload, now_s, depth - 1)
        inside = f"inside: {name_of(inner)}"
    else:
        read = _guessed(wrapped.payload)
        inside = "what is inside says no format that is known here"
    return read._replace(notes=(wrapped.note, inside, *read.notes))


def _guessed(payload: bytes) -> Read:
    """Decode a payload without format: CBOR if it is a map or an array of maps, else text or
    bytes.
    """
    if payload[:1] and payload[0] >> 5 in (4, 5):
        try:
            return _shown(diagnostic.items(payload), False)
        except RemoteError:
            pass
    return Read(readable(payload))


def _links(payload: bytes, _now_s: float, _depth: int) -> Read:
    found = links.read(payload.decode("utf-8", "backslashreplace"))
    if not found.found and payload.strip():
        raise RemoteError("there is no link in it")
    notes = (f"{found.odd} parts are no links, and left out",) if found.odd else ()
    return Read(found.found, notes)


def _senml_json(payload: bytes, now_s: float, _depth: int) -> Read:
    text = payload.decode("utf-8", "backslashreplace")
    try:
        pack, whole = plain_json.read(text), True
    except ValueError:
        pack, whole = plain_json.elements(text), False
    return _senml([_fields(record) for record in _records(pack)], whole, now_s)


def _senml_cbor(payload: bytes, now_s: float, _depth: int) -> Read:
    pack, whole = diagnostic.streamed(payload)
    records = [
        senml_any.labelled((key, _bare(value)) for key, value in record.pairs)
        if isinstance(record, diagnostic.Map)
        else record
        for record in pack
    ]
    return _senml(records, whole, now_s)


def _senml(records: list[Any], whole: bool, now_s: float) -> Read:
    resolved = senml_any.resolve(records, now_s)
    if records and not resolved.rows:
        raise RemoteError(resolved.notes[0] if resolved.notes else "it has no values")
    going_on = () if whole else ("it breaks off, as streams do: more may follow",)
    return Read(resolved.rows, (*resolved.notes, *going_on))


def _records(pack: Any) -> list[Any]:  # noqa: ANN401 - whatever JSON holds
    """The records of a pack: an array; in early drafts "e" of a map with the base fields."""
    if isinstance(pack, list):
        return pack
    if isinstance(pack, Mapping) and isinstance(entries := pack.get("e"), list):
        return [{key: value for key, value in pack.items() if key != "e"}, *entries]
    if isinstance(pack, Mapping) and senml_any.KNOWN & set(pack):
        return [pack]
    raise RemoteError("no SenML pack")


def _fields(record: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """A record with each label once."""
    if isinstance(record, Mapping):
        twice = record.get("map") if set(record) == {"map"} else None
        return senml_any.labelled(twice if isinstance(twice, list) else record.items())
    return record


def _bare(value: Any) -> Any:  # noqa: ANN401 - an item
    """A number as it is; bytes as they are, other values for JSON."""
    return value if isinstance(value, bytes | int | float | str) else diagnostic.plain(value)


def _problem(payload: bytes, _now_s: float, _depth: int) -> Read:
    (item,) = diagnostic.items(payload)
    return Read(problems.words(item), (), diagnostic.notation(item, 2))


def _multipart(payload: bytes, now_s: float, depth: int) -> Read:
    """Parts with their own formats (RFC 8710)."""
    (item,) = diagnostic.items(payload)
    if not isinstance(item, list) or len(item) % 2 or not depth:
        raise RemoteError("not pairs of formats and parts")
    parts = []
    notes: list[str] = []
    for content_format, part in zip(item[::2], item[1::2], strict=True):
        if type(content_format) is not int or not 0 <= content_format < 65_536:  # noqa: PLR2004
            raise RemoteError("a part without a format")
        body = part if isinstance(part, bytes) else b""
        read = looked_at(content_format, body, now_s, depth - 1)
        notes += read.notes
        parts.append({"format": name_of(content_format), "content": read.content})
    return Read(parts, tuple(notes))


def _xml(payload: bytes, now_s: float, depth: int) -> Read:
    read = _text(payload, now_s, depth)
    return read._replace(notes=(*read.notes, "XML is shown as it came"))


READERS: dict[int | None, Reader] = {
    None: _text,
    0: _text,
    40: _links,
    42: _octets,
    62: _multipart,
    63: _sequence,
    110: _senml_json,
    111: _senml_json,
    112: _senml_cbor,
    113: _senml_cbor,
    11_543: _senml_json,  # LwM2M 1.0, an early draft of SenML
    257: _problem,
}
_BY_ENDING: dict[str, Reader] = {
    "json": _json, "cbor": _cbor, "cbor-seq": _sequence, "xml": _xml, "cwt": _cbor,
    "cose-key": _cbor, "cose-key-set": _cbor,
}  # fmt: skip
_TEXTS = frozenset(("application/javascript", "application/sdp"))
