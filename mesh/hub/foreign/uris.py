"""CoAP URIs as people type them: validated and normalised (RFC 7252 s.6, RFC 8323 s.8)."""

import ipaddress
import re
import urllib.parse

from mesh.core.errors import LocalError

SCHEMES = ("coap", "coap+tcp", "coaps+tcp", "coap+ws", "coaps+ws")
LONGEST = 255  # most bytes of a path segment or query argument (RFC 7252 s.5.10)
MOST_PORT = 65535
HELP = "as in coap://host:5683/path?query"

_PARTS = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?", re.I | re.S)
_BRACKETS = re.compile(r"\[([^\[\]]*)\](?::(.*))?", re.S)
_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")


def scheme_of(uri: str) -> str:
    """The scheme, in lower case."""
    return uri.strip().partition("://")[0].lower()


def checked(text: str) -> str:
    """Normalise a URI: scheme in lower case, no dots in its path, a zone as systems write it.
    LocalError has what is wrong.
    """
    uri = text.strip()
    if any(ord(char) < 32 or char == "\x7f" for char in uri):  # noqa: PLR2004 - control characters
        raise _wrong(uri, "it has a control character in it")
    parts = _PARTS.fullmatch(uri)
    if parts is None or scheme_of(uri) not in SCHEMES:
        raise _no_scheme(uri, parts is not None)
    scheme, authority, path, query, fragment = parts.groups()
    if fragment is not None:
        raise _wrong(uri, "what stands behind # is not sent to a server: leave it out")
    return f"{scheme.lower()}://{_authority(uri, authority)}{_path(uri, path)}{_query(uri, query)}"


def _wrong(uri: str, why: str, help: str = HELP) -> LocalError:
    return LocalError(f"'{uri}' is no CoAP address: {why}", help)


def _no_scheme(uri: str, with_slashes: bool) -> LocalError:
    if scheme_of(uri) == "coaps" and with_slashes:
        return _wrong(uri, "CoAP over DTLS is not spoken here", "coaps+tcp:// is, over TLS")
    return LocalError(
        f"'{uri}' is no CoAP address", f"it begins with {', '.join(SCHEMES)} and ://"
    )


def _authority(uri: str, authority: str) -> str:
    if "@" in authority:
        raise _wrong(uri, "CoAP has no user names")
    if authority.startswith("["):
        found = _BRACKETS.fullmatch(authority)
        if found is None:
            raise _wrong(uri, "an IPv6 address stands in brackets, and then only :port")
        return f"[{_v6(uri, found[1])}]{_port(uri, found[2])}"
    host, colon, port = authority.partition(":")
    if ":" in port:
        raise _wrong(uri, "an IPv6 address stands in brackets", "as in coap://[fe80::1%eth0]/")
    host = _decoded(uri, host)
    if not host:
        raise _wrong(uri, "it names no host")
    try:
        host.encode("idna")
    except UnicodeError:
        host = "?"
    if any(char in host for char in " /?#%*[]\\"):
        raise _wrong(uri, "no host is called that")
    return host + _port(uri, port if colon else None)


def _v6(uri: str, text: str) -> str:
    """An IPv6 address; its zone after %25 as in RFC 6874, or after a bare %."""
    address, percent, zone = text.partition("%")
    zone = _decoded(uri, zone.removeprefix("25") or zone) if percent else ""
    if (percent and not zone) or any(char in zone for char in "[]/%"):
        raise _wrong(uri, "a zone is the name of an interface", "as in coap://[fe80::1%25eth0]/")
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        raise _wrong(uri, f"{address or 'nothing'} is no IPv6 address") from None
    return f"{address}%{zone}" if zone else address


def _port(uri: str, port: str | None) -> str:
    if not port:
        return ""
    if not (port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) <= MOST_PORT):  # noqa: PLR2004
        raise _wrong(uri, f"a port is a number from 1 to {MOST_PORT}")
    return f":{int(port)}"


def _path(uri: str, path: str) -> str:
    """The path without dots (RFC 3986 s.5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for at, segment in enumerate(segments):
        plain = _decoded(uri, segment)
        last = at == len(segments) - 1
        if plain == "..":
            kept = kept[:-1]
        elif plain != ".":
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "/" + "/".join(kept)


def _query(uri: str, query: str | None) -> str:
    if not query:
        return ""
    for argument in query.split("&"):
        _decoded(uri, argument)
    return "?" + query


def _decoded(uri: str, text: str) -> str:
    """Decode percent-encoding. LocalError if it is not UTF-8, or too long to be sent."""
    if _PERCENT.search(text):
        raise _wrong(uri, "behind % stand two hexadecimal digits", "a % itself is written %25")
    try:
        plain = urllib.parse.unquote(text, errors="strict")
        size = len(plain.encode())
    except UnicodeError:
        raise _wrong(uri, "it is not UTF-8 when decoded") from None
    if size > LONGEST:
        raise _wrong(uri, f"a part of it is longer than {LONGEST} bytes")
    return plain
