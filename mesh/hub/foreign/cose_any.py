"""Lenient decoder of COSE messages of others (RFC 9052). It gives the content and verifies
nothing.
"""

from typing import Any, NamedTuple

from mesh.core.errors import RemoteError
from mesh.hub.foreign import diagnostic
from mesh.hub.foreign.diagnostic import Map, Tag

# by Content-Format (s.10.3) and by CBOR tag (s.2): name, and number of parts
KINDS = {
    16: ("COSE_Encrypt0", 3), 17: ("COSE_Mac0", 4), 18: ("COSE_Sign1", 4),
    96: ("COSE_Encrypt", 4), 97: ("COSE_Mac", 5), 98: ("COSE_Sign", 4),
}  # fmt: skip
ALGORITHM, CONTENT_TYPE, KID = 1, 3, 4  # header labels (s.3.1)
ALGORITHMS = {
    -19: "Ed25519", -9: "ESP256", -8: "EdDSA", -7: "ES256", -35: "ES384", -36: "ES512",
    -37: "PS256", -257: "RS256", 1: "A128GCM", 3: "A256GCM", 4: "HMAC 256/64", 5: "HMAC 256/256",
    6: "HMAC 384/384", 7: "HMAC 512/512", 10: "AES-CCM-16-64-128", 24: "ChaCha20/Poly1305",
}  # fmt: skip
MOST_KEY = 32  # bytes of a key id that are shown


class Wrapped(NamedTuple):
    """The content: its Content-Format or media type if given, and its bytes, None if missing or
    unreadable; and a sentence on how it is protected.
    """

    content_format: Any
    payload: bytes | None
    note: str


def is_ours(payload: bytes) -> bool:
    """Whether it claims to be signed by a peer: Ed25519, and a kid of the size of a peer id."""
    try:
        item = diagnostic.items(payload)[0]
    except RemoteError:
        return False
    if not isinstance(item, list) or len(item) != 4 or not isinstance(item[0], bytes):  # noqa: PLR2004
        return False
    header = _headers(item[:2])
    kid = header.get(KID)
    return header.get(ALGORITHM) == -19 and isinstance(kid, bytes) and len(kid) == MOST_KEY  # noqa: PLR2004


def unwrap(payload: bytes, kind: int | None) -> Wrapped:
    """The content of a COSE object, of a kind in KINDS or by its tag. RemoteError."""
    item = diagnostic.items(payload)[0]
    return opened(item, kind)


def opened(item: Any, kind: int | None) -> Wrapped:  # noqa: ANN401 - any item
    """As unwrap(), of a decoded item."""
    while isinstance(item, Tag) and item.number == diagnostic.SELF_DESCRIBED:
        item = item.value
    if isinstance(item, Tag) and item.number in KINDS:
        kind, item = item.number, item.value
    if kind not in KINDS or not isinstance(item, list) or len(item) != KINDS[kind][1]:
        raise RemoteError("no COSE")
    header = _headers(item[:2])
    content = item[2] if isinstance(item[2], bytes) else None
    by = header.get(ALGORITHM)
    named = f" ({ALGORITHMS.get(by, by) if isinstance(by, int) else by})" if by is not None else ""
    kid = header.get(KID)
    key = f", key {diagnostic.notation(kid[:MOST_KEY])}" if isinstance(kid, bytes) else ""
    name = KINDS[kind][0]
    if "Encrypt" in name:
        size = f"{len(content):,} bytes" if content is not None else "content elsewhere"
        return Wrapped(None, None, f"{name}{named}{key}: encrypted, {size}, not to be read here")
    how = "signed" if "Sign" in name else "authenticated"
    note = f"{name}{named}{key}: {how} in a way not known here, so nothing says that it is true"
    if content is None:
        note += "; its content is not in it"
    return Wrapped(header.get(CONTENT_TYPE), content, note)


def _headers(parts: list[Any]) -> dict[Any, Any]:
    """Both header maps as one. The protected one takes precedence."""
    protected, unprotected = parts
    found: list[tuple[Any, Any]] = []
    if isinstance(protected, bytes) and protected:
        try:
            inside = diagnostic.items(protected)[0]
        except RemoteError:
            inside = None
        if isinstance(inside, Map):
            found = inside.pairs
    more = unprotected.pairs if isinstance(unprotected, Map) else []
    return {key: value for key, value in (*more, *found) if isinstance(key, int | str)}
